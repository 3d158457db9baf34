import { Component, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const REMINDER_PERIOD = 120; // seconds

/** The sentence that reminds the agent of the customer on hold every two minutes. */
export class HoldReminder extends Component {
    static template = "crm_telephony.HoldReminder";
    static props = { since: String };

    setup() {
        this.store = useSoftphoneStore();
        this.state = useState({ now: Date.now() });
        const timer = browser.setInterval(() => (this.state.now = Date.now()), 1000);
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get seconds() {
        const start = deserializeDateTime(this.props.since).toMillis();
        return (this.state.now + this.store.clockOffset - start) / 1000;
    }

    get text() {
        return formatSeconds(this.seconds);
    }

    /** @returns {string} changes only every two minutes, so that it is read aloud as often */
    get reminder() {
        const minutes = (Math.floor(this.seconds / REMINDER_PERIOD) * REMINDER_PERIOD) / 60;
        return minutes > 0
            ? _t("The customer has been on hold for %(minutes)s minutes.", { minutes })
            : "";
    }
}

/** The time of the customer on hold, with the reminder. */
export class HoldTime extends HoldReminder {
    static template = "crm_telephony.HoldTime";
    static props = {
        ...HoldReminder.props,
        /** Without room for the sentence: color, icon and tooltip replace it */
        isShort: { type: Boolean, optional: true },
    };
}
