import { Component, markup } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { withExtension } from "@crm_telephony/backend/extension";
import { conversationLength } from "@crm_telephony/core/call_labels";
import { Caller } from "@crm_telephony/core/caller";
import { useFirstFocus } from "@crm_telephony/core/use_first_focus";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { FollowUp } from "@crm_telephony/features/follow_up/follow_up";
import { CallNote } from "@crm_telephony/features/notes/call_note";
import { CallNext } from "./call_next";
import { Classification } from "./classification";
import { Disposition } from "./disposition";
import { RecordLink } from "./record_link";
import { SoundQuestion } from "./sound_question";
import { WrapUp } from "./wrap_up";

/** The end window of a call: outcome, note, disposition and next steps. */
export class EndedPanel extends Component {
    static template = "crm_telephony.EndedPanel";
    static components = {
        CallNext,
        Caller,
        CallNote,
        Classification,
        Disposition,
        FollowUp,
        RecordLink,
        SoundQuestion,
        WrapUp,
    };
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        useFirstFocus();
    }

    get outcome() {
        return this.props.call.end_message;
    }

    get length() {
        const length = conversationLength(this.props.call);
        return (
            length && _t("Talk time: %(time)s", { time: markup`<bdi dir="ltr">${length}</bdi>` })
        );
    }

    /** Return whether the disposition is shown: only the agent of the call chooses it. */
    get isMine() {
        return this.props.call.user && this.props.call.user.id === user.userId;
    }

    callAgain() {
        const { customer, extension, record } = this.props.call;
        this.softphone.dialer.dial({
            number: withExtension(customer.number, extension),
            name: customer.name || "",
            target: record ? { resModel: record.model, resId: record.id } : null,
        });
    }

    get wrapUp() {
        return this.store.isWrapUpShown ? this.store.wrapUp : false;
    }

    get isWrapUpOver() {
        return !this.wrapUp && this.store.wrapUpOver === this.props.call.uuid;
    }

    dismiss() {
        return this.softphone.windowState.dismissEnded();
    }
}
