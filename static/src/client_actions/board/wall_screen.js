/**
 * An element that covers the whole screen, which then does not go dark.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";

export class WallScreen extends Reactive {
    isOn = false;

    constructor() {
        super();
        this._lock = null;
        // The browser has its own ways out of the full screen.
        this._onChange = () => {
            if (!document.fullscreenElement) {
                this.leave();
            }
        };
    }

    /** @param {HTMLElement} element to be called in a click */
    async enter(element) {
        this.isOn = true;
        document.addEventListener("fullscreenchange", this._onChange);
        try {
            await element.requestFullscreen();
        } catch {
            // Not allowed here: it covers the window all the same.
        }
        try {
            const lock = await browser.navigator.wakeLock.request("screen");
            if (this.isOn) {
                this._lock = lock;
            } else {
                lock.release();
            }
        } catch {
            // The screen may go dark; nothing else depends on it.
        }
    }

    leave() {
        if (!this.isOn) {
            return;
        }
        this.isOn = false;
        document.removeEventListener("fullscreenchange", this._onChange);
        this._lock?.release();
        this._lock = null;
        if (document.fullscreenElement) {
            document.exitFullscreen().catch(() => {});
        }
    }
}
