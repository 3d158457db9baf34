import { Component, onMounted } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { customerName } from "@crm_telephony/core/call_labels";
import { Caller } from "@crm_telephony/core/caller";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const { DateTime } = luxon;
const UNANSWERED = ["missed", "abandoned", "voicemail", "declined"];

/** The latest calls, newest first; one click calls the customer again. */
export class RecentPanel extends Component {
    static template = "crm_telephony.RecentPanel";
    static components = { Caller };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        onMounted(() => this.softphone.missed.markSeen());
    }

    isMissed(call) {
        return call.direction === "incoming" && UNANSWERED.includes(call.outcome);
    }

    directionIcon(call) {
        if (this.isMissed(call)) {
            return "fa-times text-danger";
        }
        return call.direction === "incoming"
            ? "fa-long-arrow-down text-success"
            : "fa-long-arrow-up text-muted";
    }

    directionText(call) {
        if (this.isMissed(call)) {
            return call.end_message;
        }
        return call.direction === "incoming" ? _t("Incoming call.") : _t("Outgoing call.");
    }

    when(call) {
        const date = deserializeDateTime(call.created_at);
        return date.hasSame(DateTime.now(), "day")
            ? date.toLocaleString(DateTime.TIME_SIMPLE)
            : date.toLocaleString({ month: "short", day: "numeric" });
    }

    isMine(call) {
        return call.user && call.user.id === user.userId;
    }

    /** Open the end window of an earlier call, whose note and result can still be changed. */
    open(call) {
        this.store.showEnded(call);
    }

    openLabel(call) {
        return _t("Note and follow-up for the call with %(name)s", { name: customerName(call) });
    }

    callAgainLabel(call) {
        return _t("Call %(name)s", { name: customerName(call) });
    }

    callAgain(call) {
        this.softphone.dialer.dial({
            number: call.customer.number,
            name: call.customer.name || "",
            target: call.record ? { resModel: call.record.model, resId: call.record.id } : null,
        });
    }
}
