import { Component } from "@odoo/owl";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { IncomingCall } from "./incoming_call";

/** One card per ringing call, over every page. */
export class IncomingCalls extends Component {
    static template = "crm_telephony.IncomingCalls";
    static components = { IncomingCall };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
    }

    get isErrorCovered() {
        return this.env.isSmall && this.store.error && this.store.offers.length;
    }
}
