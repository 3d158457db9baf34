import { Component, xml } from "@odoo/owl";

/** The hint shown wherever a caller ID is chosen or added. */
export class CallbackHint extends Component {
    static template = "crm_telephony.CallbackHint";
    static props = {};
}

/** The flag of a number's country; empty if the country is unknown. */
export class Flag extends Component {
    static template = xml`<img t-if="props.code" class="o_telephony_flag me-2" t-att-src="url" t-att-alt="props.code" t-on-error="onError"/>`;
    static props = { code: { type: [String, Boolean], optional: true } };

    get url() {
        return `/base/static/img/country_flags/${this.props.code.toLowerCase()}.png`;
    }

    /** Hide a missing flag: an empty space is better than a broken image. */
    onError(ev) {
        ev.target.classList.add("d-none");
    }
}
