/** The player of a recording as a field: compact in lists and cards, with both channels in a form. */
import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Player } from "./player";

export class RecordingPlayer extends Component {
    static template = "crm_telephony.RecordingPlayer";
    static components = { Player };
    static props = { ...standardFieldProps, isCompact: { type: Boolean, optional: true } };

    get data() {
        return this.props.record.data;
    }

    get url() {
        return this.data[this.props.name];
    }

    get duration() {
        return this.data.duration || 0;
    }

    get peaks() {
        return this.data.peaks || [];
    }

    get isCompact() {
        return Boolean(this.props.isCompact);
    }

    get missingText() {
        return (
            {
                deleted: _t("Deleted"),
                failed: _t("Not available"),
            }[this.data.state] || _t("Not available yet")
        );
    }
}

export const recordingPlayer = {
    component: RecordingPlayer,
    displayName: _t("Recording Player"),
    supportedTypes: ["char"],
    fieldDependencies: [
        { name: "duration", type: "integer" },
        { name: "peaks", type: "json" },
        { name: "state", type: "selection" },
    ],
    extractProps: ({ viewType }) => ({ isCompact: viewType !== "form" }),
};

registry.category("fields").add("telephony_player", recordingPlayer);
