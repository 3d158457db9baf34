import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Elapsed } from "@crm_telephony/features/live_calls/elapsed";
import { averageText, countText, goalSigns, percentText } from "./board_labels";

/** One row per queue: its waiting callers, and its figures of today. */
export class BoardQueues extends Component {
    static template = "crm_telephony.BoardQueues";
    static components = { Elapsed };
    static props = { rows: Array, clock: Object, isManager: Boolean, onOpen: Function };

    setup() {
        Object.assign(this, { averageText, countText, goalSigns, percentText });
        this.counts = [
            { name: "answered", label: _t("Answered") },
            { name: "missed", label: _t("Missed") },
            { name: "abandoned", label: _t("Abandoned") },
            { name: "voicemail", label: _t("Voicemails"), className: "o_telephony_near" },
        ];
    }

    targetText(row) {
        return row.target_seconds
            ? _t("Within %(seconds)s seconds", { seconds: row.target_seconds })
            : "";
    }

    levelText(row) {
        return _t("%(count)s of %(all)s callers were answered within the target.", {
            count: row.in_target_count,
            all: row.level_count,
        });
    }
}
