import { Component, onMounted, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

/** The disposition of a call. Saved as soon as it is chosen. */
export class Disposition extends Component {
    static template = "crm_telephony.Disposition";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.orm = useService("orm");
        this.state = useState({ choices: [], isSaving: false, isSaved: false, error: "" });
        onMounted(() => this.load());
    }

    get isRequired() {
        return this.store.isWrapUpShown && this.store.wrapUp.is_disposition_missing;
    }

    get chosenId() {
        return this.props.call.disposition?.id || 0;
    }

    async load() {
        const choices = await attempt(this.state, () => this._ask("get_dispositions"));
        this.state.choices = choices || [];
    }

    async onChange(ev) {
        const { state } = this;
        const select = ev.target;
        const values = { disposition_id: Number(select.value) || false };
        Object.assign(state, { isSaving: true, isSaved: false });
        await attempt(state, () => this.softphone.wrapUp.send(this.props.call.uuid, values));
        Object.assign(state, { isSaving: false, isSaved: !state.error });
        if (state.error) {
            select.value = String(this.chosenId);
        }
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, [this.props.call.uuid, ...args]);
    }
}
