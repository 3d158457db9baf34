/**
 * The state of the window: open, minimized or closed, stored for this tab.
 */

import { browser } from "@web/core/browser/browser";
import { Panel } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";
import { tabRegistry } from "@crm_telephony/core/tab_registry";

const KEY = "telephony.window";
const PANELS = Object.values(Panel);
/** The panels that may replace a call in the window */
const BESIDE_CALL = [Panel.PREFERENCES, Panel.LIVE, Panel.QUEUE];
/** The panels that the window does not open with */
const ASIDE = [Panel.PREFERENCES, Panel.SET_UP];

export class WindowState {
    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/features/recent/missed_calls").MissedCalls} missed
     * @param {import("@crm_telephony/features/wrap_up/wrap_up_control").WrapUpControl} wrapUp
     * @param {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} notes
     */
    constructor(store, missed, wrapUp, notes) {
        Object.assign(this, { store, missed, wrapUp, notes });
    }

    restore() {
        try {
            const { isOpen, isMinimized, panel } = JSON.parse(
                browser.sessionStorage.getItem(KEY) || "{}"
            );
            this.store.setWindow({
                isOpen: Boolean(isOpen),
                isMinimized: Boolean(isMinimized),
                panel: PANELS.includes(panel) || tabRegistry.contains(panel) ? panel : Panel.KEYPAD,
            });
        } catch {
            browser.sessionStorage.removeItem(KEY); // written by another version
        }
    }

    _set(values) {
        this.store.setWindow(values);
        const { isOpen, isMinimized, panel } = this.store;
        browser.sessionStorage.setItem(KEY, JSON.stringify({ isOpen, isMinimized, panel }));
    }

    open() {
        this._set({ isOpen: true, isMinimized: false });
    }

    minimize() {
        this._set({ isMinimized: true });
    }

    /** Close the window. A running call, or an incomplete summary, keeps it on the screen. */
    async close() {
        if (this.store.isBusy || this.store.heldCall) {
            return this.minimize();
        }
        while (this.store.endedCall) {
            if (!(await this.dismissEnded())) {
                return;
            }
        }
        // The window opens with what it is for.
        const panel = ASIDE.includes(this.store.panel) ? Panel.KEYPAD : this.store.panel;
        this._set({ isOpen: false, isMinimized: false, panel });
    }

    /**
     * Leave the end window and end its wrap-up.
     *
     * @returns {Promise<boolean>} false if required data is missing, or the note cannot be saved
     */
    async dismissEnded() {
        const uuid = this.store.endedCall?.uuid;
        if (this.notes.isTooLong(uuid)) {
            this.notes.flush(uuid); // explains it
            return false;
        }
        if (this.store.isWrapUpShown && !(await this.wrapUp.finish())) {
            return false;
        }
        this.store.showNextEnded();
        this.store.clearError();
        // An earlier conversation may still lack its disposition.
        this.wrapUp.restore();
        return true;
    }

    toggle() {
        if (this.store.isOpen && !this.store.isMinimized) {
            this.close();
        } else {
            this.open();
        }
    }

    /** Toggle the preferences. During a call, closing them shows the call. */
    togglePreferences() {
        const isShown = this.store.panel === Panel.PREFERENCES;
        this.show(isShown ? Panel.KEYPAD : Panel.PREFERENCES);
    }

    /** Return whether another panel replaces the call. */
    get isBesideCall() {
        return BESIDE_CALL.includes(this.store.panel);
    }

    /** Show the call, which is more important than the panel in its place. */
    showCall() {
        if (this.isBesideCall) {
            this.show(Panel.KEYPAD);
        }
    }

    /** @param {string} panel one of `Panel` */
    show(panel) {
        this._set({ panel });
        if (panel === Panel.RECENT) {
            this.missed.markSeen();
        }
    }
}

addPart(
    "windowState",
    ["telephony.store", "telephony.missed", "telephony.wrapUp", "telephony.notes"],
    ({ store, missed, wrapUp, notes }) => new WindowState(store, missed, wrapUp, notes)
);
