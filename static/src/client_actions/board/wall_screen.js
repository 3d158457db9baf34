/**
 * Shows an element in full screen and keeps the screen awake.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";

export class WallScreen extends Reactive {
    isOn = false;

    constructor() {
        super();
        this._lock = null;
        // The browser has its own ways to leave full screen.
        this._onChange = () => {
            if (!document.fullscreenElement) {
                this.leave();
            }
        };
    }

    /** @param {HTMLElement} element Note: must be called in a click */
    async enter(element) {
        this.isOn = true;
        document.addEventListener("fullscreenchange", this._onChange);
        try {
            await element.requestFullscreen();
        } catch {
            // Full screen is not allowed here: the element still covers the window.
        }
        try {
            const lock = await browser.navigator.wakeLock.request("screen");
            if (this.isOn) {
                this._lock = lock;
            } else {
                lock.release();
            }
        } catch {
            // The screen may go dark; nothing else depends on the wake lock.
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
