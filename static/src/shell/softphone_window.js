import {
    Component,
    onMounted,
    onPatched,
    onWillPatch,
    onWillUnmount,
    useEffect,
    useRef,
} from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { usePopover } from "@web/core/popover/popover_hook";
import { useBus, useService } from "@web/core/utils/hooks";
import {
    customerName,
    rowName,
    soundWarning,
    unreachableText,
} from "@crm_telephony/core/call_labels";
import { CallTimer } from "@crm_telephony/core/call_timer";
import { Panel } from "@crm_telephony/core/constants";
import { withShortcut } from "@crm_telephony/core/shortcuts";
import { tabRegistry } from "@crm_telephony/core/tab_registry";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { ActivitiesPanel } from "@crm_telephony/features/activities/activities_panel";
import { ContactsPanel } from "@crm_telephony/features/contacts/contacts_panel";
import { KeypadPanel } from "@crm_telephony/features/dialing/keypad_panel";
import { HeldCall } from "@crm_telephony/features/held_call/held_call";
import { HoldTime } from "@crm_telephony/features/held_call/hold_time";
import { InCallPanel } from "@crm_telephony/features/in_call/in_call_panel";
import { ConversationPanel, QueuePanel } from "@crm_telephony/features/live_calls/live_panels";
import { supervisorTexts } from "@crm_telephony/features/monitoring/monitor_labels";
import { MonitorPanel } from "@crm_telephony/features/monitoring/monitor_panel";
import { PreferencesPanel } from "@crm_telephony/features/preferences/preferences_panel";
import { RecentPanel } from "@crm_telephony/features/recent/recent_panel";
import { Readiness } from "@crm_telephony/features/set_up/readiness";
import { SetUpPanel } from "@crm_telephony/features/set_up/set_up_panel";
import { EndedPanel } from "@crm_telephony/features/wrap_up/ended_panel";
import { WrapUpBar } from "@crm_telephony/features/wrap_up/wrap_up_bar";
import { ShortcutList } from "./shortcut_list";
import { useWindowFrame } from "./window_frame";
import { readScreen, WindowPlace } from "./window_place";
import { WindowTabs } from "./window_tabs";

const GAP = 16; // px

/** The window at the bottom of the page, or the bar of the minimized window. */
export class SoftphoneWindow extends Component {
    static template = "crm_telephony.SoftphoneWindow";
    static components = {
        ActivitiesPanel,
        CallTimer,
        ContactsPanel,
        ConversationPanel,
        EndedPanel,
        HoldTime,
        HeldCall,
        InCallPanel,
        KeypadPanel,
        MonitorPanel,
        PreferencesPanel,
        QueuePanel,
        Readiness,
        RecentPanel,
        SetUpPanel,
        WindowTabs,
        WrapUpBar,
    };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.ui = useService("ui");
        this.mailStore = useService("mail.store");
        this.Panel = Panel;
        this.shortcutList = usePopover(ShortcutList, { position: "top-end" });
        this.frame = useWindowFrame(this.softphone.windowPlace, () => this.dock);
        this.root = useRef("root");
        this.keepFocus();
        this.makeRoom();
        useBus(this.ui.bus, "resize", () => this.render());
        onMounted(() => {
            this.softphone.companyCalls.open();
            this.softphone.dueCalls.open();
        });
        // A call that begins or ends is more important than the preferences and the lists.
        useEffect(
            (...happenings) => happenings.some(Boolean) && this.softphone.windowState.showCall(),
            () =>
                [this.call, this.store.monitoring, this.store.endedCall].map((one) => Boolean(one))
        );
    }

    get call() {
        return this.store.currentCall;
    }

    /** Return whether the wrap-up continues behind other content. */
    get isWrapUpHidden() {
        const isInFront = this.store.isWrapUpShown && !this.softphone.windowState.isBesideCall;
        return Boolean(this.store.wrapUp) && !this.store.isBusy && !isInFront;
    }

    get title() {
        if (this.call) {
            return customerName(this.call);
        }
        if (this.store.heldCall) {
            return customerName(this.store.heldCall);
        }
        return this.store.monitoring ? rowName(this.store.monitoring) : "";
    }

    /** Return the names of the supervisors, which the minimized window shows as well. */
    get supervisorsText() {
        return supervisorTexts(this.call).join(" ");
    }

    get isMuted() {
        return Boolean(this.call) && this.store.isMutedIn(this.call);
    }

    get muteTitle() {
        return withShortcut(this.isMuted ? _t("Unmute") : _t("Mute"), "mute");
    }

    get hangUpTitle() {
        return withShortcut(_t("Hang up"), "hang_up");
    }

    get resumeTitle() {
        return withShortcut(_t("Resume the call on hold"), "resume_held");
    }

    toggleShortcuts(ev) {
        if (this.shortcutList.isOpen) {
            this.shortcutList.close();
        } else {
            this.shortcutList.open(ev.currentTarget, {});
        }
    }

    get warning() {
        return soundWarning(this.store.session);
    }

    get statusTitle() {
        return this.store.isOnline ? _t("Go offline") : _t("Go online");
    }

    get unreachableText() {
        return unreachableText(this.store);
    }

    get arePreferencesShown() {
        return this.store.panel === Panel.PREFERENCES;
    }

    /** Return the component of a tab that another addon registered, if it is shown. */
    get registeredPanel() {
        return tabRegistry.get(this.store.panel, null)?.Component;
    }

    get heading() {
        return this.arePreferencesShown ? _t("Preferences") : _t("Phone");
    }

    get preferencesTitle() {
        return this.arePreferencesShown ? _t("Close the preferences") : _t("Preferences");
    }

    /**
     * Return the distance from the end of the screen at which the window stands beside the chat
     * windows, so that none is hidden; undefined without chat windows.
     */
    get dock() {
        const hub = this.mailStore.chatHub;
        if (!hub.showConversations) {
            return undefined;
        }
        const windows = hub.compact ? 0 : hub.canShowOpened.length;
        const bubbles = hub.BUBBLE_START + hub.BUBBLE + hub.BUBBLE_OUTER * 2;
        const offset = bubbles + windows * (hub.WINDOW + hub.WINDOW_INBETWEEN * 2);
        const { width } = this.softphone.windowPlace.getBox(readScreen());
        return offset + width + GAP <= browser.innerWidth ? offset : undefined;
    }

    get style() {
        if (this.frame.isFixed) {
            return "";
        }
        const entries = Object.entries(this.frame.box);
        return entries.map(([name, size]) => `--o-telephony-${name}: ${size}px`).join("; ");
    }

    /** Return the focus to the icon of the phone when the window goes with what has the focus. */
    keepFocus() {
        const hasFocus = () => Boolean(this.root.el?.contains(document.activeElement));
        const returnFocus = () => document.querySelector(".o_telephony_systray")?.focus();
        let hadFocus = false;
        onWillPatch(() => (hadFocus = hasFocus()));
        onPatched(() => hadFocus && !this.root.el && returnFocus());
        onWillUnmount(() => hasFocus() && returnFocus());
    }

    /** Keep notifications and the cards of callers beside the window, so that none is hidden. */
    makeRoom() {
        const { style } = document.documentElement;
        useEffect(
            (offset) => {
                style.setProperty("--o-telephony-beside", `${offset}px`);
                return () => style.removeProperty("--o-telephony-beside");
            },
            () => {
                const isAside = this.store.isMinimized || this.frame.isFixed;
                return [isAside ? 0 : WindowPlace.getCornerOffset(this.frame.box, readScreen())];
            }
        );
    }

    onKeydown(ev) {
        if (ev.key === "Escape" && this.shortcutList.isOpen) {
            ev.stopPropagation();
            this.shortcutList.close();
            return;
        }
        // The key first closes an open menu or list.
        const isMenuOpen = ev.target.closest("[aria-expanded=true]");
        if (ev.key === "Escape" && !ev.defaultPrevented && !isMenuOpen) {
            ev.stopPropagation();
            this.softphone.windowState.close();
        }
    }
}
