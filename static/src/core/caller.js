import { Component } from "@odoo/owl";
import { customerDetail, customerName } from "./call_labels";

/** Who is at the other end: picture, name, company, number with its flag. */
export class Caller extends Component {
    static template = "crm_telephony.Caller";
    static props = {
        call: Object,
        isLarge: { type: Boolean, optional: true },
    };

    get name() {
        return customerName(this.props.call);
    }

    get detail() {
        return customerDetail(this.props.call, !this.props.isLarge);
    }

    get flagUrl() {
        const code = this.props.call.customer.country_code;
        return code ? `/base/static/img/country_flags/${code.toLowerCase()}.png` : "";
    }

    /** A contact may have no picture and a country no flag: better nothing than a broken image. */
    onImageError(ev) {
        ev.target.classList.add("d-none");
    }
}
