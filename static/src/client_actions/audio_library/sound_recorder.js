/**
 * Records the microphone as a file that every telephone plays. The browser converts it, so the
 * server needs no library.
 */

import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { VoiceErrorKind as Kind } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";
import { LevelMeter } from "@crm_telephony/voice/level_meter";
import { toWav } from "./wav";

const RATE = 8000; // samples a second, those of a telephone

export class SoundRecorder {
    /** @param {(level: number) => void} onLevel called with 0 to 1, a dozen times a second */
    constructor(onLevel) {
        this.meter = new LevelMeter(onLevel);
    }

    /**
     * @returns {Promise<boolean>} false if it was stopped before it started
     * @throws {VoiceError}
     */
    async start() {
        const stream = await this.meter.start(new BrowserSettings().microphone);
        if (!stream) {
            return false;
        }
        this.parts = [];
        try {
            this.recorder = new window.MediaRecorder(stream);
            this.recorder.addEventListener("dataavailable", (ev) => this.parts.push(ev.data));
            this.recorder.start();
        } catch {
            this.cancel();
            throw new VoiceError(Kind.MIC_BUSY);
        }
        return true;
    }

    /** @returns {Promise<Uint8Array>} the recording as a WAV file */
    async stop() {
        const { recorder } = this;
        const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
        recorder.stop();
        await ended;
        this.cancel();
        const sound = await new Blob(this.parts).arrayBuffer();
        // Decoding converts the sound to the rate of its context.
        const buffer = await new window.OfflineAudioContext(1, 1, RATE).decodeAudioData(sound);
        return toWav(mixDown(buffer), RATE);
    }

    /** Release the microphone. */
    cancel() {
        this.meter.stop();
        this.recorder = null;
    }
}

/** @returns {Float32Array} the mean of all channels */
function mixDown(buffer) {
    const first = buffer.getChannelData(0);
    const count = buffer.numberOfChannels;
    if (count === 1) {
        return first;
    }
    const mixed = new Float32Array(first.length);
    for (let channel = 0; channel < count; channel++) {
        buffer.getChannelData(channel).forEach((sample, index) => {
            mixed[index] += sample / count;
        });
    }
    return mixed;
}
