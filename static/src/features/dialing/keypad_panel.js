import { Component, onPatched, onWillUnmount, useRef, useState } from "@odoo/owl";
import { useAutofocus } from "@web/core/utils/hooks";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { useContactSearch } from "@crm_telephony/features/contacts/contact_search";
import { GetStarted } from "@crm_telephony/features/get_started/get_started";
import { DialKeys } from "./dial_keys";
import { SenderLine } from "./sender_line";

const DIGIT = /\p{Nd}/u;
const LETTER = /\p{L}/u;

/** The dial pad: keys, typing, pasting, and search by name. */
export class KeypadPanel extends Component {
    static template = "crm_telephony.KeypadPanel";
    static components = { DialKeys, GetStarted, SenderLine };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.state = useState({ isSetupOpen: false });
        this.input = useAutofocus({ refName: "input" });
        this.callButton = useRef("call");
        this.search = useContactSearch((term) => this.softphone.agent.searchContacts(term));
        onPatched(() => {
            if (this.mustFocusCall) {
                this.mustFocusCall = false;
                this.callButton.el?.focus();
            }
        });
        onWillUnmount(() => this.softphone.dialer.expectCall(false));
    }

    get draft() {
        return this.store.draft;
    }

    /** Whether the keypad makes room for what an administrator has to do first. */
    get isSetupShown() {
        return this.isSetupOffered && (this.isBlocked || this.state.isSetupOpen);
    }

    get isSetupOffered() {
        return this.store.isReady && !this.store.isStarted;
    }

    get isBlocked() {
        return this.store.isReady && !this.store.canCall;
    }

    get activeDescendant() {
        const { active } = this.search.state;
        return active >= 0 ? `o_telephony_result_${active}` : undefined;
    }

    onInput(ev) {
        this._type(ev.target.value);
    }

    /** Return whether the field can be a number: a name alone cannot be called. */
    get hasNumber() {
        return DIGIT.test(this.draft.number);
    }

    /** Return whether the search for the typed name has found no contact. */
    get isUnknownName() {
        const { isDone, results } = this.search.state;
        return isDone && !results.length && !this.hasNumber;
    }

    /** Return whether the contacts take the place of the keys: a name is not typed with them. */
    get hidesKeys() {
        return Boolean(this.search.state.results.length) && !this.hasNumber;
    }

    /** @param {string} number content of the field; a contact chosen before is dropped */
    _type(number) {
        this.store.clearError(); // it was about what stood in the field before
        this.store.fillDraft({ number, name: "", target: null });
        this.search.update(number);
        this.softphone.dialer.expectCall(Boolean(number));
    }

    /** @param {string} key inserted at the cursor */
    onKey(key) {
        const input = this.input.el;
        const start = input.selectionStart ?? input.value.length;
        const end = input.selectionEnd ?? start;
        this._type(input.value.slice(0, start) + key + input.value.slice(end));
        this.search.clear(); // the keys keep their place
        input.value = this.draft.number;
        input.setSelectionRange(start + key.length, start + key.length);
    }

    onErase() {
        this._type(this.draft.number.slice(0, -1));
        this.input.el.focus();
    }

    onKeydown(ev) {
        const { state } = this.search;
        if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
            if (state.results.length) {
                ev.preventDefault();
                this.search.move(ev.key === "ArrowDown" ? 1 : -1);
            }
        } else if (ev.key === "Escape" && state.results.length) {
            ev.preventDefault();
            ev.stopPropagation();
            this.search.clear();
        } else if (ev.key === "Enter") {
            ev.preventDefault();
            this._onEnter();
        }
    }

    _onEnter() {
        const isName = LETTER.test(this.draft.number);
        const contact = this.search.active || (isName && this.search.state.results[0]);
        if (contact) {
            this.choose(contact);
        } else if (this.hasNumber) {
            this.call();
        }
    }

    /** @param {Object} contact result of the search */
    choose(contact) {
        this.search.clear();
        this.store.clearError();
        this.store.fillDraft({
            number: contact.number_display || contact.number,
            name: contact.name,
            target: { resModel: "res.partner", resId: contact.partner_id },
        });
        this.mustFocusCall = true; // the button may be disabled until it is rendered again
    }

    call() {
        this.search.clear();
        this.softphone.dialer.dial({ ...this.draft });
    }
}
