import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { customerDetails, customerName } from "./call_labels";

/** The other party: picture, name, company, and number with its flag. */
export class Caller extends Component {
    static template = "crm_telephony.Caller";
    static props = {
        call: Object,
        isLarge: { type: Boolean, optional: true },
        /** Opens the record of the party: the name is a button then */
        onOpen: { type: Function, optional: true },
    };

    get name() {
        return customerName(this.props.call);
    }

    get details() {
        return customerDetails(this.props.call, !this.props.isLarge);
    }

    get openTitle() {
        return _t("Open %(name)s", { name: this.name });
    }

    get flagUrl() {
        const code = this.props.call.customer.country_code;
        return code ? `/base/static/img/country_flags/${code.toLowerCase()}.png` : "";
    }

    /** Hide a missing picture or flag: an empty space is better than a broken image. */
    onImageError(ev) {
        ev.target.classList.add("d-none");
    }
}
