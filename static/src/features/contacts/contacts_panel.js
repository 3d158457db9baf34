import { Component, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { Caller } from "@crm_telephony/core/caller";
import { moveInList } from "@crm_telephony/core/list_keys";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { useContactSearch } from "./contact_search";

const FOUND = 30;

/** Contacts by name or number; without a search, those of the latest calls. */
export class ContactsPanel extends Component {
    static template = "crm_telephony.ContactsPanel";
    static components = { Caller };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.action = useService("action");
        this.input = useAutofocus({ refName: "input" });
        this.list = useRef("list");
        this.search = useContactSearch((term) => this.softphone.agent.searchContacts(term, FOUND));
    }

    get isSearching() {
        return Boolean(this.search.state.term);
    }

    /** Return the rows in the form of calls, so that contacts look the same in all lists. */
    get rows() {
        const customers = this.isSearching ? this.search.state.results : this.lastCustomers;
        return customers.map((customer, index) => ({
            key: `${index}-${customer.partner_id}`,
            customer: { company_name: "", ...customer },
        }));
    }

    get lastCustomers() {
        const seen = new Set();
        return this.store.recent
            .map(({ customer }) => customer)
            .filter(({ partner_id, number }) => {
                const isNew = partner_id && number && !seen.has(partner_id);
                seen.add(partner_id);
                return isNew;
            });
    }

    get foundText() {
        return _t("Contacts found: %(count)s", { count: this.rows.length });
    }

    callLabel({ customer }) {
        const { name, number, number_display, number_label } = customer;
        return number_label
            ? _t("Call %(name)s, %(number)s", { name, number: number_display || number })
            : _t("Call %(name)s", { name });
    }

    openLabel({ customer }) {
        return _t("Open %(name)s", { name: customer.name });
    }

    call({ customer }) {
        this.softphone.dialer.dial({
            number: customer.number,
            name: customer.name,
            target: { resModel: "res.partner", resId: customer.partner_id },
        });
    }

    open({ customer }) {
        openCallRecord(this.action, { customer });
    }

    onInput(ev) {
        this.search.update(ev.target.value);
    }

    /** Down: move into the list. Enter: call the first, or only, contact. */
    onInputKeydown(ev) {
        if (ev.key === "ArrowDown" && this.rows.length) {
            ev.preventDefault();
            this.list.el.querySelector(".o_telephony_contact_call").focus();
        } else if (ev.key === "Enter" && this.isSearching && this.rows.length) {
            ev.preventDefault();
            this.call(this.rows[0]);
        } else if (ev.key === "Escape" && this.input.el.value) {
            ev.preventDefault();
            ev.stopPropagation();
            this.input.el.value = "";
            this.search.clear();
        }
    }

    onListKeydown(ev) {
        const first = this.list.el.querySelector(".o_telephony_contact");
        if (ev.key === "ArrowUp" && ev.target.closest(".o_telephony_contact") === first) {
            ev.preventDefault();
            this.input.el.focus();
        } else {
            moveInList(ev, this.list.el, ".o_telephony_contact");
        }
    }
}
