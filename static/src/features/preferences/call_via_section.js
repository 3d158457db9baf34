import { Component, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { Flag } from "@crm_telephony/features/caller_ids/callback_hint";

/** Browser or custom phone, the number of the phone, and the default caller ID. */
export class CallViaSection extends Component {
    static template = "crm_telephony.CallViaSection";
    static components = { Flag };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.numberInput = useRef("number");
        this.state = useState({ via: "", number: "", error: "", isSaving: false, isSaved: false });
        // The values may also be changed on another page, or by an administrator.
        useEffect(
            () => this.readAgent(),
            () => [this.agent.call_via, this.agent.phone_number]
        );
        this.readAgent();
        // Focus the empty number field as soon as the custom phone is chosen.
        useEffect(
            (input) => this.isUnsaved && input?.focus(),
            () => [this.numberInput.el]
        );
    }

    get agent() {
        return this.store.agent;
    }

    /** Return whether the number field is shown: it is needed as soon as the phone is chosen. */
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

    /** @returns {Promise<boolean>} whether the server accepted the values */
    async save(values) {
        Object.assign(this.state, { isSaving: true, isSaved: false });
        const error = await this.softphone.preferences.save(values);
        Object.assign(this.state, { isSaving: false, isSaved: !error, error });
        return !error;
    }

    async onVia(via) {
        Object.assign(this.state, { via, isSaved: false, error: "" });
        if (via === "phone" && !this.agent.phone_number) {
            return; // saved together with the number; until then nothing changes
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

    /** Return the choices of what customers see; several caller IDs are one of them. */
    get senders() {
        const { agent, callerIds, numbers } = this.store;
        const name = callerIds.length > 1 ? _t("A caller ID, picked for each call") : "";
        const callerId = callerIds.length && {
            value: "caller_id",
            name: name || callerIds[0].name,
            number_display: name ? "" : callerIds[0].number_display,
            isSelected: !agent.shows_number,
        };
        const ours = numbers.map((number) => ({
            ...number,
            value: String(number.id),
            isSelected:
                number.id === agent.default_number_id && (agent.shows_number || !callerIds.length),
        }));
        return callerId ? [callerId, ...ours] : ours;
    }

    onSender({ target: { value } }) {
        return this.save(
            value === "caller_id"
                ? { shows_number: false }
                : { default_number_id: Number(value), shows_number: true }
        );
    }

    onNumberKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.target.blur(); // the change is saved on leaving the field
            ev.target.focus();
        } else if (ev.key === "Escape" && this.isUnsaved) {
            ev.preventDefault();
            ev.stopPropagation();
            this.readAgent();
        }
    }
}
