import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { Panel } from "@crm_telephony/core/constants";
import { tabRegistry } from "@crm_telephony/core/tab_registry";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const MAX_COUNT = 99; // a tab has no room for more digits

/** The row of tabs. During and after a call, the first tab is that call. */
export class WindowTabs extends Component {
    static template = "crm_telephony.WindowTabs";
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.companyCalls = useState(this.softphone.companyCalls);
        this.dueCalls = useState(this.softphone.dueCalls);
    }

    get tabs() {
        const { store, companyCalls } = this;
        const hasCallTab = store.currentCall || store.monitoring || store.endedCall;
        const first = hasCallTab ? [this.callTab] : this.ownTabs;
        return [
            ...first,
            {
                panel: Panel.LIVE,
                className: "o_telephony_tab_live",
                icon: "fa-volume-control-phone",
                label: _t("Live"),
                title: _t("Calls in conversation"),
                count: companyCalls.talking.length,
                color: "text-bg-primary",
            },
            {
                panel: Panel.QUEUE,
                className: "o_telephony_tab_queue",
                icon: "fa-hourglass-half",
                label: _t("Queue"),
                title: _t("Calls in queue"),
                count: companyCalls.waiting.length,
                color: "text-bg-warning",
            },
        ].map((tab) => ({
            ...tab,
            isActive: this.isActive(tab),
            countText: tab.count > MAX_COUNT ? `${MAX_COUNT}+` : `${tab.count}`,
        }));
    }

    get callTab() {
        const { currentCall, monitoring } = this.store;
        const isListening = monitoring && !currentCall;
        const otherLabel = currentCall ? _t("My call") : _t("Last call");
        return {
            panel: Panel.KEYPAD,
            className: "o_telephony_tab_call",
            icon: isListening ? "fa-headphones" : "fa-phone",
            label: isListening ? _t("Listening") : otherLabel,
        };
    }

    get ownTabs() {
        return [
            {
                panel: Panel.KEYPAD,
                className: "o_telephony_tab_keypad",
                icon: "fa-th",
                label: _t("Keypad"),
            },
            {
                panel: Panel.RECENT,
                className: "o_telephony_tab_recent",
                icon: "fa-history",
                label: _t("Recent"),
                count: this.store.missedCount,
                color: "text-bg-danger",
            },
            {
                panel: Panel.CONTACTS,
                className: "o_telephony_tab_contacts",
                icon: "fa-address-book-o",
                label: _t("Contacts"),
            },
            {
                panel: Panel.ACTIVITIES,
                className: "o_telephony_tab_activities",
                icon: "fa-check-square-o",
                label: _t("Activities"),
                title: _t("Calls to make"),
                count: this.dueCalls.dueCount,
                color: "text-bg-warning",
            },
            ...tabRegistry.getEntries().map(([panel, { icon, label }]) => ({
                panel,
                className: `o_telephony_tab_${panel}`,
                icon,
                label: label(),
            })),
        ];
    }

    isActive({ panel, className }) {
        return className === "o_telephony_tab_call"
            ? !this.softphone.windowState.isBesideCall
            : this.store.panel === panel;
    }
}
