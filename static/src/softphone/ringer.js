/**
 * The ring: a sound in one tab only, and a desktop notification when nobody is looking.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { customerDetail, customerName } from "./call_texts";

const RING_URL = "/crm_telephony/static/src/audio/ring.wav";

export class Ringer {
    /**
     * @param {import("./softphone_store").SoftphoneStore} store
     * @param {{ isOnMainTab: () => Promise<boolean>, bus: EventTarget }} multiTab
     */
    constructor(store, multiTab) {
        this.store = store;
        this.multiTab = multiTab;
        this.audio = null;
        this.notifications = new Map();
        // When the ringing tab is closed, the next main tab must go on ringing.
        multiTab.bus.addEventListener("become_main_tab", () => this.update());
        multiTab.bus.addEventListener("no_longer_main_tab", () => this.update());
    }

    get isWanted() {
        return this.store.offers.length > 0 && !this.store.hasCall && !this.store.accepting;
    }

    /** Make sound and notifications fit the offers. Call it after every change of them. */
    async update() {
        this._closeNotifications();
        if (!this.isWanted) {
            return this._stop();
        }
        const isMain = await this.multiTab.isOnMainTab();
        if (!isMain || !this.isWanted) {
            return this._stop();
        }
        this._notify();
        await this._play();
    }

    async _play() {
        if (!browser.Audio) {
            return;
        }
        this.audio ||= Object.assign(new browser.Audio(RING_URL), { loop: true });
        if (!this.audio.paused) {
            return;
        }
        try {
            await this.audio.play();
            this.store.isRingBlocked = false;
        } catch (error) {
            // Browsers stay silent until the person has touched the page once.
            this.store.isRingBlocked = error?.name === "NotAllowedError";
        }
        if (!this.isWanted) {
            this._stop(); // it was answered while the sound was being fetched
        }
    }

    _stop() {
        if (this.audio && !this.audio.paused) {
            this.audio.pause();
        }
        if (this.audio) {
            this.audio.currentTime = 0;
        }
    }

    /** To be called in a click, which is what the browser was waiting for. */
    async enable() {
        this.store.isRingBlocked = false;
        await this.update();
    }

    /** Ask, in a click, whether the desktop may show incoming calls. */
    async askForNotifications() {
        if (browser.Notification?.permission === "default") {
            await browser.Notification.requestPermission();
        }
    }

    _notify() {
        if (!document.hidden || browser.Notification?.permission !== "granted") {
            return;
        }
        for (const { call } of this.store.offers) {
            if (this.notifications.has(call.uuid)) {
                continue;
            }
            const notification = new browser.Notification(
                _t("Incoming call: %(name)s", { name: customerName(call) }),
                {
                    body: customerDetail(call),
                    tag: call.uuid,
                    icon: "/crm_telephony/static/description/icon.png",
                }
            );
            notification.onclick = () => window.focus();
            this.notifications.set(call.uuid, notification);
        }
    }

    _closeNotifications() {
        for (const [uuid, notification] of this.notifications) {
            if (!this.store.offers.some((offer) => offer.call.uuid === uuid)) {
                notification.close();
                this.notifications.delete(uuid);
            }
        }
    }
}
