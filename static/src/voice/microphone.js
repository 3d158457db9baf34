/**
 * The user's microphone: its permission, and the cause of an error.
 */

import { browser } from "@web/core/browser/browser";
import { VoiceErrorKind as Kind } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";

/** How the browser processes the voice before it is sent. */
export const AUDIO_CONSTRAINTS = Object.freeze({
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
});

/**
 * @param {string} [deviceId] the preferred microphone; another one is used if it is missing
 * @returns {MediaStreamConstraints}
 */
export function microphoneConstraints(deviceId = "") {
    const device = deviceId ? { deviceId: { ideal: deviceId } } : {};
    return { audio: { ...AUDIO_CONSTRAINTS, ...device } };
}

const KIND_OF_NAME = {
    NotAllowedError: Kind.MIC_DENIED,
    PermissionDeniedError: Kind.MIC_DENIED,
    SecurityError: Kind.MIC_DENIED,
    NotFoundError: Kind.MIC_MISSING,
    DevicesNotFoundError: Kind.MIC_MISSING,
    OverconstrainedError: Kind.MIC_MISSING,
    NotReadableError: Kind.MIC_BUSY,
    TrackStartError: Kind.MIC_BUSY,
    AbortError: Kind.MIC_BUSY,
};

/**
 * @param {Error} error error of `getUserMedia`
 * @returns {VoiceError}
 */
export function microphoneError(error) {
    return new VoiceError(KIND_OF_NAME[error?.name] || Kind.MIC_BUSY, error?.name);
}

/**
 * @param {MediaStreamConstraints} [constraints]
 * @returns {Promise<MediaStream>}
 * @throws {VoiceError}
 */
export async function openMicrophone(constraints = microphoneConstraints()) {
    const devices = browser.navigator.mediaDevices;
    if (!devices?.getUserMedia) {
        // Browsers remove the whole interface from pages that are not served over https.
        throw new VoiceError(Kind.INSECURE);
    }
    try {
        return await devices.getUserMedia(constraints);
    } catch (error) {
        throw microphoneError(error);
    }
}

async function isGranted() {
    try {
        const { state } = await browser.navigator.permissions.query({ name: "microphone" });
        return state === "granted";
    } catch {
        return false; // not every browser knows this permission by name
    }
}

/**
 * Ask for the microphone if the user has not allowed it yet.
 *
 * If it is already allowed, nothing is opened, because the call opens it in a moment anyway.
 *
 * @throws {VoiceError}
 */
export async function ensureMicrophone() {
    if (browser.navigator.mediaDevices?.getUserMedia && (await isGranted())) {
        return;
    }
    const stream = await openMicrophone();
    for (const track of stream.getTracks()) {
        track.stop();
    }
}
