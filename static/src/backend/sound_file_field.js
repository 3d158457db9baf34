/** The file of a sound: recorded or uploaded. Its files are loaded when a sound is opened. */

import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { loadClientAction } from "./lazy_component";
import { LazyWidget } from "./lazy_widget";

export class SoundFileField extends LazyWidget {
    static props = { ...standardFieldProps, fileNameField: { type: String, optional: true } };

    load() {
        return loadClientAction("crm_telephony.sound_file");
    }

    get values() {
        return this.props;
    }
}

registry.category("fields").add("telephony_sound_file", {
    component: SoundFileField,
    supportedTypes: ["binary"],
    extractProps: ({ attrs }) => ({ fileNameField: attrs.filename }),
});
