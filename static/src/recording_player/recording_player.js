/** Plays a recording in a list or a form. The sound comes from the access-checked route only. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

export class RecordingPlayer extends Component {
    static template = "crm_telephony.RecordingPlayer";
    static props = { ...standardFieldProps };

    get url() {
        return this.props.record.data[this.props.name];
    }

    get label() {
        return _t("Play the recording");
    }

    /** A click on the player must not open the row it stands in. */
    onClick(ev) {
        ev.stopPropagation();
    }
}

export const recordingPlayer = {
    component: RecordingPlayer,
    displayName: _t("Recording Player"),
    supportedTypes: ["char"],
};

registry.category("fields").add("telephony_player", recordingPlayer);
