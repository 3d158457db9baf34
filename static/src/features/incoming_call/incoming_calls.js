import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { customerName } from "@crm_telephony/core/call_labels";
import { CallTimer } from "@crm_telephony/core/call_timer";
import { Caller } from "@crm_telephony/core/caller";
import { withShortcut } from "@crm_telephony/core/shortcuts";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { CallerCard } from "@crm_telephony/features/caller_card/caller_card";
import { CreateRecord } from "@crm_telephony/features/contacts/create_record";
import { offerReason } from "@crm_telephony/features/transfer/transfer_labels";

/** One card per ringing call, over every page. */
export class IncomingCalls extends Component {
    static template = "crm_telephony.IncomingCalls";
    static components = { Caller, CallerCard, CallTimer, CreateRecord };
    static props = {};

    setup() {
        Object.assign(this, useSoftphone());
    }

    /** Return whether the card is quiet: the agent is already in a conversation. */
    get isQuiet() {
        return this.store.hasCall;
    }

    get mayAccept() {
        const { store } = this;
        return !store.accepting && (!store.isBusy || store.canHoldForAnother);
    }

    title(call) {
        if (call.is_queue_callback) {
            return _t("%(name)s requested a callback", { name: customerName(call) });
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
            ? _t("Also ringing on %(number)s. Answer there or here.", { number })
            : "";
    }

    numberText(call) {
        return call.our_number ? call.our_number.name || call.our_number.number_display : "";
    }

    /** Return the first ringing call, to which the shortcuts apply. */
    acceptTitle(isFirst) {
        if (this.store.isBusy && !this.store.canHoldForAnother) {
            return _t("You are already in a call.");
        }
        const label = this.isQuiet ? _t("Hold and answer") : _t("Accept");
        return isFirst ? withShortcut(label, "accept") : undefined;
    }

    declineTitle(isFirst) {
        return isFirst ? withShortcut(_t("Decline"), "decline") : undefined;
    }

    isAccepting(offer) {
        return this.store.accepting === offer.call.uuid;
    }
}
