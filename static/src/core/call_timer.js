import { Component, onWillUnmount, useState, xml } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { useSoftphoneStore } from "./use_softphone";

/** The time since a moment of the server, counting up. */
export class CallTimer extends Component {
    static template = xml`<span class="o_telephony_timer" role="timer" t-esc="text"/>`;
    static props = { since: String };

    setup() {
        this.store = useSoftphoneStore();
        this.state = useState({ now: Date.now() });
        const timer = browser.setInterval(() => (this.state.now = Date.now()), 1000);
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get text() {
        const start = deserializeDateTime(this.props.since).toMillis();
        return formatSeconds((this.state.now + this.store.clockOffset - start) / 1000);
    }
}
