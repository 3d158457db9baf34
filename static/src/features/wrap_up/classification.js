import { Component, useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** The purpose and the tags of an ended call, folded. Saved as soon as they are chosen. */
export class Classification extends Component {
    static template = "crm_telephony.Classification";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.orm = useService("orm");
        this.state = useState({
            isOpen: false,
            choices: null,
            isSaving: false,
            isSaved: false,
            error: "",
        });
    }

    get isEmpty() {
        const { choices } = this.state;
        return choices && !choices.purposes.length && !choices.tags.length;
    }

    async toggle() {
        const { state } = this;
        state.isOpen = !state.isOpen;
        if (state.isOpen && !state.choices) {
            state.choices = await attempt(state, () =>
                this.orm.silent.call("telephony.call", "get_classification", [this.props.call.uuid])
            );
        }
    }

    isChosen(tag) {
        return this.state.choices.tag_ids.includes(tag.id);
    }

    onPurpose(ev) {
        return this._save({ purpose_id: Number(ev.target.value) || false });
    }

    toggleTag(tag) {
        const { tag_ids } = this.state.choices;
        return this._save({
            tag_ids: this.isChosen(tag)
                ? tag_ids.filter((id) => id !== tag.id)
                : [...tag_ids, tag.id],
        });
    }

    /** @param {{ purpose_id?: number|false, tag_ids?: number[] }} values */
    async _save(values) {
        const { state } = this;
        const { choices } = state;
        // Shown at once: the next click on a tag adds to this one.
        state.choices = { ...choices, ...values };
        Object.assign(state, { isSaving: true, isSaved: false });
        await attempt(state, () => this.softphone.wrapUp.send(this.props.call.uuid, values));
        Object.assign(state, { isSaving: false, isSaved: !state.error });
        if (state.error) {
            state.choices = choices;
        }
    }
}
