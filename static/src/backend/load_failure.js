import { Component, useState } from "@odoo/owl";

/** Takes the place of the softphone in the systray while it cannot be loaded. */
export class LoadFailure extends Component {
    static template = "crm_telephony.LoadFailure";
    static props = { loader: Object };

    setup() {
        this.loader = useState(this.props.loader);
    }
}
