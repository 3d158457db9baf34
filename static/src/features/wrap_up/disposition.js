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
        this.state = useState({ choices: null, isSaving: false, isSaved: false, error: "" });
        onMounted(() => this.load());
    }

    get isRequired() {
        return this.store.isWrapUpShown && this.store.wrapUp.is_disposition_missing;
    }

    get chosenId() {
        return this.props.call.disposition?.id || 0;
    }

    /**
     * Return the choices; while they are loaded, the present one, so that the row has its place
     * from the first moment. It has none in companies that are known to have no dispositions.
     */
    get choices() {
        const { disposition } = this.props.call;
        return this.state.choices || (disposition ? [disposition] : []);
    }

    get isShown() {
        const { choices } = this.state;
        return choices ? choices.length > 0 : this.store.hasDispositions(this.props.call);
    }

    async load() {
        const choices = await attempt(this.state, () => this._ask("get_dispositions"));
        if (choices) {
            this.store.noteDispositions(this.props.call, choices.length > 0);
        }
        this.state.choices = choices || [];
    }

    async onChange(ev) {
        const { state } = this;
        const values = { disposition_id: Number(ev.target.value) || false };
        Object.assign(state, { isSaving: true, isSaved: false });
        await attempt(state, () => this.softphone.wrapUp.send(this.props.call.uuid, values));
        Object.assign(state, { isSaving: false, isSaved: !state.error });
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, [this.props.call.uuid, ...args]);
    }
}
