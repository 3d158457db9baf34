import { Component, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { useLiveClock } from "@crm_telephony/core/live_clock";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const SOON = 10; // s

/** The wrap-up after a call: a bar, the remaining seconds, and a button to extend it. */
export class WrapUp extends Component {
    static template = "crm_telephony.WrapUp";
    static props = { wrapUp: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.clock = useState(useLiveClock(this.store));
        this.state = useState({ isSending: false });
    }

    /** @returns {number} remaining seconds, at least 0 */
    get left() {
        const end = deserializeDateTime(this.props.wrapUp.until).toMillis();
        return Math.max(0, Math.ceil((end - this.clock.now) / 1000));
    }

    get total() {
        const { started_at, until } = this.props.wrapUp;
        const start = deserializeDateTime(started_at);
        return Math.max(1, deserializeDateTime(until).diff(start, "seconds").seconds);
    }

    get percent() {
        return Math.min(100, Math.round((this.left * 100) / this.total));
    }

    get leftText() {
        return formatSeconds(this.left);
    }

    get barClass() {
        return this.left <= SOON ? "bg-warning" : "bg-info";
    }

    get isDispositionMissing() {
        return this.props.wrapUp.is_disposition_missing;
    }

    get sentence() {
        if (!this.isDispositionMissing) {
            return _t("You won't receive calls until you're done.");
        }
        return this.left
            ? _t("Choose a result before you finish.")
            : _t("Time's up, but the result is missing. Choose one to receive calls again.");
    }

    /** Return the text for screen readers, which changes at important moments only. */
    get announcement() {
        return this.left && this.left <= SOON
            ? _t("The wrap-up ends in a few seconds.")
            : this.sentence;
    }

    async extend() {
        this.state.isSending = true;
        await this.softphone.wrapUp.extend();
        this.state.isSending = false;
    }
}
