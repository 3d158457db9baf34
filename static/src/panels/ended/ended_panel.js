import { Component } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { Caller } from "../../softphone/caller";
import { conversationLength, outcomeText } from "../../softphone/call_texts";
import { openCallRecord } from "../../softphone/open_record";
import { useSoftphone } from "../../softphone/use_softphone";
import { CallNote } from "../in_call/call_note";

/** What remains when a call is over: how it ended, its note, and what to do next. */
export class EndedPanel extends Component {
    static template = "crm_telephony.EndedPanel";
    static components = { Caller, CallNote };
    static props = { call: Object };

    setup() {
        Object.assign(this, useSoftphone());
        this.action = useService("action");
    }

    get outcome() {
        return outcomeText(this.props.call);
    }

    get length() {
        return conversationLength(this.props.call);
    }

    get hasRecord() {
        return Boolean(this.props.call.record || this.props.call.customer.partner_id);
    }

    openRecord() {
        openCallRecord(this.action, this.props.call);
    }

    callAgain() {
        const { customer, record } = this.props.call;
        this.softphone.calls.dial({
            number: customer.number,
            name: customer.name || "",
            target: record ? { resModel: record.model, resId: record.id } : null,
        });
    }

    dismiss() {
        this.store.endedCall = null;
        this.store.error = "";
    }
}
