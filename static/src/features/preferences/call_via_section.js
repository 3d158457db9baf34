import { Component, useEffect, useRef, useState } from "@odoo/owl";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { Flag } from "@crm_telephony/features/caller_ids/callback_hint";

/** Browser or custom phone, its number, and the number calls go out with. */
export class CallViaSection extends Component {
    static template = "crm_telephony.CallViaSection";
    static components = { Flag };
    static props = {};

    setup() {
        Object.assign(this, useSoftphone());
        this.numberInput = useRef("number");
        this.state = useState({ via: "", number: "", error: "", isSaving: false, isSaved: false });
        // Also when it was changed elsewhere, on another page or by an administrator.
        useEffect(
            () => this.readAgent(),
            () => [this.agent.call_via, this.agent.phone_number]
        );
        this.readAgent();
        // Whoever chooses the telephone is asked for its number at once.
        useEffect(
            (input) => this.isUnsaved && input?.focus(),
            () => [this.numberInput.el]
        );
    }

    get agent() {
        return this.store.agent;
    }

    /** The number is asked for as soon as it is needed, and kept as soon as it is right. */
    get isNumberShown() {
        return this.state.via === "phone";
    }

    get isUnsaved() {
        return this.state.via !== this.agent.call_via;
    }

    readAgent() {
        const { call_via, phone_number, phone_number_display } = this.agent;
        const number = phone_number_display || phone_number || "";
        Object.assign(this.state, { via: call_via, number, error: "" });
    }

    /** @returns {Promise<boolean>} whether the server took it */
    async save(values) {
        Object.assign(this.state, { isSaving: true, isSaved: false });
        const error = await this.softphone.preferences.save(values);
        Object.assign(this.state, { isSaving: false, isSaved: !error, error });
        return !error;
    }

    async onVia(via) {
        Object.assign(this.state, { via, isSaved: false, error: "" });
        if (via === "phone" && !this.agent.phone_number) {
            return; // saved together with the number; until then calls go on as before
        }
        await this.save({ call_via: via });
    }

    async onNumberChange() {
        const number = this.state.number.trim();
        const isKept = number && number === this.agent.phone_number_display && !this.isUnsaved;
        if (isKept) {
            this.state.error = "";
        } else if (await this.save({ call_via: "phone", phone_number: number || false })) {
            this.readAgent();
        }
    }

    onPressToAccept(ev) {
        return this.save({ press_to_accept: ev.target.checked });
    }

    onCallWaiting(ev) {
        return this.save({ call_waiting: ev.target.checked });
    }

    onDefaultNumber(ev) {
        return this.save({ default_number_id: Number(ev.target.value) });
    }

    onNumberKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.target.blur(); // a change is saved on leaving the field
            ev.target.focus();
        } else if (ev.key === "Escape" && this.isUnsaved) {
            ev.preventDefault();
            ev.stopPropagation();
            this.readAgent();
        }
    }
}
