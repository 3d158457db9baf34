import { Component, onMounted, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** Saves what was said about a call, and makes the next one that is due. */
export class CallNext extends Component {
    static template = "crm_telephony.CallNext";
    static props = { call: Object };

    setup() {
        Object.assign(this, useSoftphone());
        this.due = useState(this.softphone.due);
        this.state = useState({ isBusy: false });
        onMounted(() => this.due.open());
    }

    get reason() {
        return this.due.reasonNotNext(this.props.call);
    }

    get title() {
        const next = this.due.next(this.props.call);
        return next ? _t("Save, and call %(name)s", { name: next.name }) : this.reason;
    }

    async go() {
        this.state.isBusy = true;
        await this.due.logAndCallNext(this.props.call);
        this.state.isBusy = false;
    }
}
