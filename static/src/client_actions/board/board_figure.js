import { Component, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { worstLevel } from "./board_labels";

/** A figure, as a button that opens its calls. */
export class BoardFigure extends Component {
    static template = "crm_telephony.BoardFigure";
    static props = {
        name: String,
        label: String,
        value: String,
        icon: String,
        /** `warning`, `danger` or empty */
        tone: { type: String, optional: true },
        detail: { type: String, optional: true },
        onOpen: Function,
    };
}

/** The longest wait of all queues, counting up, colored by the limits of the queues. */
export class LongestWait extends Component {
    static template = "crm_telephony.LongestWait";
    static components = { BoardFigure };
    static props = { clock: Object, rows: Array, since: [String, Boolean], onOpen: Function };

    setup() {
        this.clock = useState(this.props.clock);
    }

    get text() {
        const { since } = this.props;
        return since ? formatSeconds((this.clock.now - deserializeDateTime(since)) / 1000) : "–";
    }

    get level() {
        return worstLevel(this.props.rows, this.clock.now);
    }

    get tone() {
        return { long: "warning", too_long: "danger" }[this.level.id] || "";
    }
}
