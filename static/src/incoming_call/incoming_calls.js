import { Component } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { CreateRecord } from "../create_record/create_record";
import { Caller } from "../softphone/caller";
import { customerName, outcomeText } from "../softphone/call_texts";
import { openCallRecord } from "../softphone/open_record";
import { withShortcut } from "../softphone/shortcuts";
import { useSoftphone } from "../softphone/use_softphone";
import { offerReason } from "../transfer/transfer_texts";

const MAX_OPPORTUNITIES = 3;

/** One card per ringing call, over every page. */
export class IncomingCalls extends Component {
    static template = "crm_telephony.IncomingCalls";
    static components = { Caller, CreateRecord };
    static props = {};

    setup() {
        Object.assign(this, useSoftphone());
        this.action = useService("action");
    }

    title(call) {
        if (call.is_callback) {
            return _t("%(name)s wants to be called back", { name: customerName(call) });
        }
        return _t("Incoming call from %(name)s", { name: customerName(call) });
    }

    reason(offer) {
        return offerReason(offer);
    }

    get ownPhoneText() {
        const { agent, usesBrowser } = this.store;
        const number = agent?.phone_number_display || agent?.phone_number;
        return !usesBrowser && number
            ? _t("It also rings at %(number)s. Answer there, or accept it here.", { number })
            : "";
    }

    numberText(call) {
        return call.our_number ? call.our_number.name || call.our_number.number_display : "";
    }

    lastCallText(offer) {
        const last = offer.call.card?.last_call;
        if (!last) {
            return "";
        }
        const date = deserializeDateTime(last.date).toLocaleString({
            month: "short",
            day: "numeric",
            hour: "numeric",
            minute: "2-digit",
        });
        const outcome = outcomeText({ outcome: last.outcome });
        return last.user_name
            ? _t("Last call: %(date)s, with %(name)s. %(outcome)s", {
                  date,
                  name: last.user_name,
                  outcome,
              })
            : _t("Last call: %(date)s. %(outcome)s", { date, outcome });
    }

    opportunities(offer) {
        return (offer.call.card?.opportunities || []).slice(0, MAX_OPPORTUNITIES);
    }

    openOpportunity({ id, name }) {
        openCallRecord(this.action, { record: { model: "crm.lead", id, name } });
    }

    /** The shortcuts are those of the first call that rings. */
    acceptTitle(isFirst) {
        if (this.store.isBusy) {
            return _t("You are already in a call.");
        }
        return isFirst ? withShortcut(_t("Accept"), "accept") : undefined;
    }

    declineTitle(isFirst) {
        return isFirst ? withShortcut(_t("Decline"), "decline") : undefined;
    }

    isAccepting(offer) {
        return this.store.accepting === offer.call.uuid;
    }
}
