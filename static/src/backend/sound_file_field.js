/** The file of a sound: recorded or uploaded. Its files are loaded when a sound is opened. */

import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { loadClientAction } from "./lazy_component";

export class SoundFileField extends Component {
    static template = "crm_telephony.SoundFileField";
    static props = { ...standardFieldProps, fileNameField: { type: String, optional: true } };

    setup() {
        this.state = useState({ isLoaded: false });
        onWillStart(() => this.load());
    }

    async load() {
        try {
            this.Component = await loadClientAction("crm_telephony.sound_file");
            this.state.isLoaded = true;
        } catch (error) {
            console.warn("Telephony: the recorder could not be loaded", error);
        }
    }
}

registry.category("fields").add("telephony_sound_file", {
    component: SoundFileField,
    supportedTypes: ["binary"],
    extractProps: ({ attrs }) => ({ fileNameField: attrs.filename }),
});
