import { Component, onMounted, useState } from "@odoo/owl";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CreateLinked } from "@crm_telephony/features/contacts/create_linked";
import { CreateRecord } from "@crm_telephony/features/contacts/create_record";

const ICONS = { "crm.lead": "fa-star-o", "res.partner": "fa-user-o" };

/** The record of an ended call, such as its contact or lead, and the controls to change it. */
export class RecordLink extends Component {
    static template = "crm_telephony.RecordLink";
    static components = { AutoComplete, CreateLinked, CreateRecord };
    static props = { call: Object };

    setup() {
        this.store = useSoftphoneStore();
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ found: [], isChanging: false, error: "" });
        onMounted(() => this.load());
    }

    get record() {
        return this.props.call.record;
    }

    get isChoosing() {
        return !this.record || this.state.isChanging;
    }

    /** Return other records with the customer's number to which the call could be linked. */
    get candidates() {
        return this.state.found.filter((found) => !this.isLinked(found));
    }

    get searchPlaceholder() {
        return _t("Search contacts and leads…");
    }

    get sources() {
        return [{ placeholder: _t("Searching…"), options: (term) => this.search(term) }];
    }

    icon({ model, icon }) {
        return icon || ICONS[model] || "fa-file-o";
    }

    iconText({ model, detail }) {
        return { "crm.lead": _t("Lead"), "res.partner": _t("Contact") }[model] || detail || "";
    }

    isLinked({ model, id }) {
        return this.record && this.record.model === model && this.record.id === id;
    }

    async load() {
        const found = await attempt(this.state, () => this._ask("find_records"));
        this.state.found = found || [];
    }

    async search(term) {
        if (term.length < 2) {
            return [];
        }
        const found = await this._ask("find_records", term);
        return found.map((record) => ({
            label: record.detail ? `${record.name} · ${record.detail}` : record.name,
            cssClass: "o_telephony_link_found",
            onSelect: () => this.link(record),
        }));
    }

    /** @param {{ model: string, id: number }} record */
    link({ model, id }) {
        return attempt(this.state, async () => {
            this.store.applyCall(await this._ask("link_record", model, id));
            this.state.isChanging = false;
        });
    }

    toggle() {
        this.state.isChanging = !this.state.isChanging;
    }

    open() {
        openCallRecord(this.action, this.props.call);
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, [this.props.call.uuid, ...args]);
    }
}
