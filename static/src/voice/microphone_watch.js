/**
 * Watches whether this browser has a microphone that the page may use. Nothing is opened for it.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { MicrophoneState } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";

const STATE_OF_PERMISSION = {
    granted: MicrophoneState.ALLOWED,
    denied: MicrophoneState.BLOCKED,
    prompt: MicrophoneState.NOT_ASKED,
};

/** @returns {Promise<PermissionStatus|null>} null if the browser does not know this permission */
async function queryPermission() {
    try {
        return await browser.navigator.permissions.query({ name: "microphone" });
    } catch {
        return null;
    }
}

export class MicrophoneWatch extends Reactive {
    /** one of `MicrophoneState` */
    state = MicrophoneState.UNKNOWN;

    async start() {
        const { mediaDevices } = browser.navigator;
        if (!mediaDevices?.getUserMedia) {
            // Browsers remove the whole interface from pages that are not served over https.
            this.state = MicrophoneState.INSECURE;
            return;
        }
        mediaDevices.addEventListener?.("devicechange", () => this.refresh());
        const permission = await queryPermission();
        permission?.addEventListener?.("change", () => this.refresh());
        await this.refresh();
    }

    async refresh() {
        if (this.state === MicrophoneState.INSECURE) {
            return;
        }
        const devices = (await browser.navigator.mediaDevices.enumerateDevices?.()) || [];
        const microphones = devices.filter(({ kind }) => kind === "audioinput");
        const permission = await queryPermission();
        const known = STATE_OF_PERMISSION[permission?.state] || MicrophoneState.UNKNOWN;
        if (devices.length && !microphones.length) {
            this.state = MicrophoneState.MISSING;
        } else if (known === MicrophoneState.UNKNOWN && microphones.some(({ label }) => label)) {
            // Browsers give the names of the devices to pages that may use them.
            this.state = MicrophoneState.ALLOWED;
        } else {
            this.state = known;
        }
    }
}

addPart("microphone", [], () => new MicrophoneWatch());
