/**
 * The microphones and speakers of this computer, as far as the browser lists them.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { Reactive } from "@web/core/utils/reactive";
import { openMicrophone } from "./microphone";

/** Names under which the browser lists the default device a second time. */
const ALIASES = ["default", "communications", ""];

/** @returns {boolean} whether this browser can play sound on another than the default device */
export function canChooseSpeaker() {
    return typeof window.HTMLMediaElement?.prototype.setSinkId === "function";
}

export class AudioDevices extends Reactive {
    /** @type {{ id: string, label: string }[]} */
    microphones = [];
    /** @type {{ id: string, label: string }[]} */
    speakers = [];
    /** Whether names are known: browsers hide them until the microphone is allowed */
    hasLabels = false;

    start() {
        this._onChange = () => this.refresh();
        browser.navigator.mediaDevices?.addEventListener?.("devicechange", this._onChange);
        return this.refresh();
    }

    stop() {
        browser.navigator.mediaDevices?.removeEventListener?.("devicechange", this._onChange);
    }

    async refresh() {
        const found = (await browser.navigator.mediaDevices?.enumerateDevices?.()) || [];
        this.hasLabels = found.some((device) => device.label);
        this.microphones = this._pick(found, "audioinput", (n) => _t("Microphone %s", n));
        this.speakers = this._pick(found, "audiooutput", (n) => _t("Speaker %s", n));
    }

    _pick(found, kind, makeLabel) {
        return found
            .filter((device) => device.kind === kind && !ALIASES.includes(device.deviceId))
            .map((device, index) => ({
                id: device.deviceId,
                label: device.label || makeLabel(index + 1),
            }));
    }

    /**
     * Ask for the microphone, so that the browser lists the names of the devices.
     *
     * @throws {import("@crm_telephony/core/human_error").VoiceError}
     */
    async allow() {
        const stream = await openMicrophone();
        for (const track of stream.getTracks()) {
            track.stop();
        }
        await this.refresh();
    }
}
