import { Component, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { waitingLevel } from "./live_labels";

/**
 * The time since a moment of the server, counting up. For a caller in a queue it also shows whether
 * the wait is long: by color, icon and word.
 */
export class Elapsed extends Component {
    static template = "crm_telephony.Elapsed";
    static props = {
        clock: Object,
        since: String,
        queue: { type: [Object, { value: false }], optional: true },
    };

    setup() {
        this.clock = useState(this.props.clock);
    }

    get seconds() {
        if (this._since !== this.props.since) {
            this._since = this.props.since;
            this._start = deserializeDateTime(this.props.since).toMillis();
        }
        return (this.clock.now - this._start) / 1000;
    }

    get text() {
        return formatSeconds(this.seconds);
    }

    get level() {
        return waitingLevel(this.props.queue, this.seconds);
    }
}
