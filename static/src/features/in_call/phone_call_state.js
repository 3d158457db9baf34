import { Component } from "@odoo/owl";
import { customerStateText, phoneStateText } from "@crm_telephony/core/call_labels";
import { useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const ICONS = {
    new: "fa-circle-o text-muted",
    initiated: "fa-circle-o-notch text-muted",
    ringing: "fa-bell-o text-warning",
    in_progress: "fa-check-circle text-success",
    ended: "fa-times-circle text-danger",
};

/** The agent's and the customer's phone, in a call made through a custom phone. */
export class PhoneCallState extends Component {
    static template = "crm_telephony.PhoneCallState";
    static props = { call: Object };

    setup() {
        this.store = useSoftphoneStore();
    }

    get phoneText() {
        return phoneStateText(this.props.call, this.store.agent?.press_to_accept);
    }

    /** Return whether the agent still has to press a key: an answered phone is not confirmed. */
    get phoneIcon() {
        const { agent_connected, agent_state } = this.props.call;
        return ICONS[agent_state === "in_progress" && !agent_connected ? "ringing" : agent_state];
    }

    get phoneNumber() {
        const { agent } = this.store;
        return agent?.phone_number_display || agent?.phone_number || "";
    }

    get customerText() {
        return customerStateText(this.props.call);
    }

    get customerIcon() {
        return ICONS[this.props.call.customer_state];
    }
}
