import { Component } from "@odoo/owl";
import { DIAL_KEYS } from "@crm_telephony/core/constants";

/** The twelve keys of a dial pad, before and during a call. */
export class DialKeys extends Component {
    static template = "crm_telephony.DialKeys";
    static props = { onKey: Function, hasPlus: { type: Boolean, optional: true } };

    setup() {
        this.keys = DIAL_KEYS;
    }

    /** A long press, or the menu key, on 0 types the plus of international numbers. */
    onContextMenu(ev, key) {
        if (this.props.hasPlus && key === "0") {
            ev.preventDefault();
            this.props.onKey("+");
        }
    }
}
