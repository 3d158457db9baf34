/**
 * Settings of this computer. Sound devices differ between computers, so these settings stay in the
 * browser, where all tabs share them.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { addPart } from "./softphone_part";

const KEY = "telephony.settings";
const DEFAULTS = Object.freeze({
    /** Ids of devices; empty for the default device of the computer */
    microphone: "",
    speaker: "",
    ring: "",
    /** 0 to 1 */
    ringVolume: 0.8,
    wantsNotifications: true,
});

export class BrowserSettings extends Reactive {
    constructor() {
        super();
        this.listeners = [];
        Object.assign(this, DEFAULTS, this._read());
        browser.addEventListener("storage", (ev) => {
            if (ev.key === KEY) {
                Object.assign(this, DEFAULTS, this._read());
                this._notify();
            }
        });
    }

    /** @param {() => void} listener called after every change, in whichever tab it was made */
    onChange(listener) {
        this.listeners.push(listener);
    }

    /** @param {Object} values of the settings above */
    save(values) {
        Object.assign(this, values);
        const names = Object.keys(DEFAULTS);
        const kept = Object.fromEntries(names.map((name) => [name, this[name]]));
        browser.localStorage.setItem(KEY, JSON.stringify(kept));
        this._notify();
    }

    _notify() {
        for (const listener of this.listeners) {
            listener();
        }
    }

    /** Keep only values of the expected type: an older version may have written something else. */
    _read() {
        try {
            const kept = JSON.parse(browser.localStorage.getItem(KEY) || "{}");
            return Object.fromEntries(
                Object.entries(DEFAULTS)
                    .filter(([name, value]) => typeof kept[name] === typeof value)
                    .map(([name]) => [name, kept[name]])
            );
        } catch {
            return {};
        }
    }
}

addPart("settings", [], () => new BrowserSettings());
