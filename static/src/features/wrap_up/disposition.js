import { Component, onMounted, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { humanError } from "@crm_telephony/core/human_error";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** What the person thinks of a call. Saved as soon as it is chosen. */
export class Disposition extends Component {
    static template = "crm_telephony.Disposition";
    static props = { call: Object };

    setup() {
        Object.assign(this, useSoftphone());
        this.orm = useService("orm");
        this.state = useState({ choices: [], isSaving: false, isSaved: false, error: "" });
        onMounted(() => this.load());
    }

    get isRequired() {
        return this.store.isWrapUpShown && this.store.wrapUp.lacks_disposition;
    }

    get chosenId() {
        return this.props.call.disposition?.id || 0;
    }

    async load() {
        try {
            this.state.choices = await this._ask("get_dispositions");
        } catch (error) {
            this.state.error = humanError(error);
        }
    }

    async onChange(ev) {
        const { state } = this;
        const select = ev.target;
        Object.assign(state, { isSaving: true, isSaved: false, error: "" });
        try {
            const values = { disposition_id: Number(select.value) || false };
            await this.softphone.wrapUp.send(this.props.call.uuid, values);
            state.isSaved = true;
        } catch (error) {
            state.error = humanError(error);
            select.value = String(this.chosenId);
        }
        state.isSaving = false;
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, [this.props.call.uuid, ...args]);
    }
}
