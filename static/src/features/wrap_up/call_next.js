import { Component, onMounted, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** Saves the note and result of a call, and places the next due call, if there is one. */
export class CallNext extends Component {
    static template = "crm_telephony.CallNext";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.dueCalls = useState(this.softphone.dueCalls);
        this.state = useState({ isBusy: false });
        onMounted(() => this.dueCalls.open());
    }

    get next() {
        return this.dueCalls.next(this.props.call);
    }

    get title() {
        return _t("Save and call %(name)s", { name: this.next.name });
    }

    async go() {
        this.state.isBusy = true;
        await this.dueCalls.logAndCallNext(this.props.call);
        this.state.isBusy = false;
    }
}
