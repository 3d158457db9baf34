import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { customerName } from "@crm_telephony/core/call_labels";
import { CallTimer } from "@crm_telephony/core/call_timer";
import { Caller } from "@crm_telephony/core/caller";
import { withShortcut } from "@crm_telephony/core/shortcuts";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CallerCard } from "@crm_telephony/features/caller_card/caller_card";
import { CreateRecord } from "@crm_telephony/features/contacts/create_record";
import { offerReason } from "@crm_telephony/features/transfer/transfer_labels";

/** The card of one ringing call. */
export class IncomingCall extends Component {
    static template = "crm_telephony.IncomingCall";
    static components = { Caller, CallerCard, CallTimer, CreateRecord };
    static props = {
        /** `OfferData` */
        offer: Object,
        /** Whether it is the first ringing call, to which the shortcuts apply */
        isFirst: Boolean,
    };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        /** Whether the agent has chosen the small card, or the whole one; until then it depends */
        this.state = useState({ isSmall: undefined });
    }

    get call() {
        return this.props.offer.call;
    }

    /** Return whether the card is quiet: the agent is already in a conversation. */
    get isQuiet() {
        return this.store.hasCall;
    }

    /** Return whether the ring of this call is silenced; the caller goes on waiting. */
    get isSilenced() {
        return this.store.isSilenced(this.props.offer);
    }

    /** Return whether only the name and the buttons are shown. */
    get isSmall() {
        return this.state.isSmall ?? this.isSilenced;
    }

    get resizeTitle() {
        return this.isSmall ? _t("Show the details") : _t("Hide the details");
    }

    get silenceTitle() {
        const label = _t("Silence the ring. The caller keeps waiting.");
        return this.props.isFirst ? withShortcut(label, "silence") : label;
    }

    toggleSilence() {
        this.state.isSmall = undefined;
        this.softphone.silence.toggle(this.props.offer);
    }

    toggleSize() {
        this.state.isSmall = !this.isSmall;
    }

    get isAccepting() {
        return this.store.accepting === this.call.uuid;
    }

    get mayAccept() {
        const { store } = this;
        return !store.accepting && (!store.isBusy || store.canHoldForAnother);
    }

    get title() {
        const name = customerName(this.call);
        return this.call.is_queue_callback
            ? _t("%(name)s requested a callback", { name })
            : _t("Incoming call from %(name)s", { name });
    }

    get reason() {
        return offerReason(this.props.offer);
    }

    get ownPhoneText() {
        const { agent, usesBrowser } = this.store;
        const number = agent?.phone_number_display || agent?.phone_number;
        if (usesBrowser || !number) {
            return "";
        }
        const { transfer } = this.props.offer;
        return ["warm", "conference"].includes(transfer?.kind)
            ? _t("Also ringing on %(number)s. Answer there or here.", { number })
            : _t("Also ringing on %(number)s. You talk on that phone.", { number });
    }

    get numberText() {
        const { our_number: number } = this.call;
        return number ? number.name || number.number_display : "";
    }

    get acceptTitle() {
        if (this.store.isBusy && !this.store.canHoldForAnother) {
            return _t("You are already in a call.");
        }
        const label = this.isQuiet ? _t("Hold and answer") : _t("Accept");
        return this.props.isFirst ? withShortcut(label, "accept") : undefined;
    }

    get declineTitle() {
        return this.props.isFirst ? withShortcut(_t("Decline"), "decline") : undefined;
    }

    accept() {
        return this.softphone.calls.accept(this.call.uuid);
    }

    decline() {
        return this.softphone.calls.decline(this.call.uuid);
    }
}
