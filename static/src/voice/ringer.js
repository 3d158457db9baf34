/**
 * The ring: a sound in one tab only, and a desktop notification if the page is hidden.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { customerDetail, customerName } from "@crm_telephony/core/call_labels";
import { addPart } from "@crm_telephony/core/softphone_part";
import { canChooseSpeaker } from "./audio_devices";

const RING_URL = "/crm_telephony/static/src/audio/ring.wav";
const PREVIEW_TIME = 4_000; // ms

export class Ringer {
    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {{ isOnMainTab: () => Promise<boolean>, bus: EventTarget }} multiTab
     * @param {BrowserSettings} [settings]
     */
    constructor(store, multiTab, settings = new BrowserSettings()) {
        this.store = store;
        this.multiTab = multiTab;
        this.settings = settings;
        this.audio = null;
        this.notifications = new Map();
        // When the ringing tab is closed, the next main tab must continue to ring.
        multiTab.bus.addEventListener("become_main_tab", () => this.update());
        multiTab.bus.addEventListener("no_longer_main_tab", () => this.update());
    }

    get isShown() {
        return this.store.offers.length > 0 && !this.store.accepting;
    }

    /**
     * Return whether a sound is played: an agent in a call only sees a second call, and a call may
     * be silenced.
     */
    get isWanted() {
        return this.isShown && this.store.audibleOffers.length > 0 && !this.store.hasCall;
    }

    /** Adapt sound and notifications to the offers. Note: call it after every change of them. */
    async update() {
        this._closeNotifications();
        if (!this.isShown) {
            return this._stop();
        }
        const isMain = await this.multiTab.isOnMainTab();
        if (!isMain || !this.isShown) {
            return this._stop();
        }
        this._notify();
        if (!this.isWanted) {
            return this._stop();
        }
        await this._play();
    }

    async _play() {
        if (!browser.Audio) {
            return;
        }
        this.stopPreview();
        this.audio ||= Object.assign(new browser.Audio(RING_URL), { loop: true });
        if (!this.audio.paused) {
            return;
        }
        await this._prepare(this.audio, this.settings.ring);
        try {
            await this.audio.play();
            this.store.setRingBlocked(false);
        } catch (error) {
            // Browsers stay silent until the user has clicked in the page once.
            this.store.setRingBlocked(error?.name === "NotAllowedError");
        }
        if (!this.isWanted) {
            this._stop(); // answered while the sound was being loaded
        }
    }

    /** Apply the user's volume and speaker. */
    async _prepare(audio, device) {
        audio.volume = this.settings.ringVolume;
        if (!canChooseSpeaker() || (audio.sinkId || "") === device) {
            return;
        }
        try {
            await audio.setSinkId(device);
        } catch (error) {
            // The device was unplugged: the default device is better than silence.
            console.debug("Telephony: the ring's device is away", error);
            await audio.setSinkId("").catch(() => {});
        }
    }

    /**
     * Play the ring for a moment. Note: must be called in a click.
     *
     * @param {string} [device] device to play on, instead of the ring's own
     */
    async preview(device = this.settings.ring) {
        this.stopPreview();
        const audio = new browser.Audio(RING_URL);
        this.previewAudio = audio;
        await this._prepare(audio, device);
        await audio.play();
        this.previewTimer = browser.setTimeout(() => this.stopPreview(), PREVIEW_TIME);
    }

    stopPreview() {
        browser.clearTimeout(this.previewTimer);
        this.previewAudio?.pause();
        this.previewAudio = null;
    }

    _stop() {
        if (this.audio && !this.audio.paused) {
            this.audio.pause();
        }
        if (this.audio) {
            this.audio.currentTime = 0;
        }
    }

    /** Play a blocked ring. Note: must be called in a click, for which the browser waits. */
    async enable() {
        this.store.setRingBlocked(false);
        await this.update();
    }

    /** Ask for the permission of desktop notifications. Note: must be called in a click. */
    async askForNotifications() {
        if (this.settings.wantsNotifications && browser.Notification?.permission === "default") {
            await browser.Notification.requestPermission();
        }
    }

    _notify() {
        const mayNotify = browser.Notification?.permission === "granted";
        if (!document.hidden || !mayNotify || !this.settings.wantsNotifications) {
            return;
        }
        for (const { call } of this.store.audibleOffers) {
            if (this.notifications.has(call.uuid)) {
                continue;
            }
            const notification = new browser.Notification(
                _t("Incoming call: %(name)s", { name: customerName(call) }),
                {
                    body: customerDetail(call),
                    tag: call.uuid,
                    silent: this.store.hasCall,
                    icon: "/crm_telephony/static/description/icon.png",
                }
            );
            notification.onclick = () => window.focus();
            this.notifications.set(call.uuid, notification);
        }
    }

    _closeNotifications() {
        for (const [uuid, notification] of this.notifications) {
            if (!this.store.audibleOffers.some((offer) => offer.call.uuid === uuid)) {
                notification.close();
                this.notifications.delete(uuid);
            }
        }
    }
}

addPart(
    "ringer",
    ["multi_tab", "telephony.store", "telephony.settings"],
    ({ store, multi_tab, settings }) => new Ringer(store, multi_tab, settings)
);
