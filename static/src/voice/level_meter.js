/**
 * Measures the level of the microphone, which is open only during the measurement.
 */

import { browser } from "@web/core/browser/browser";
import { microphoneConstraints, openMicrophone } from "./microphone";

const PERIOD = 80; // ms
const LOUD = 0.25; // root mean square of a loud voice, shown as a full bar

export class LevelMeter {
    /** @param {(level: number) => void} onLevel called with 0 to 1, a dozen times a second */
    constructor(onLevel) {
        this.onLevel = onLevel;
        this.run = 0;
    }

    /**
     * @param {string} deviceId
     * @returns {Promise<MediaStream|null>} null if it was stopped before it started
     * @throws {import("@crm_telephony/core/human_error").VoiceError}
     */
    async start(deviceId) {
        this.stop();
        const run = ++this.run;
        const stream = await openMicrophone(microphoneConstraints(deviceId));
        if (run !== this.run) {
            stopTracks(stream);
            return null;
        }
        this.stream = stream;
        this.context = new window.AudioContext();
        const analyser = this.context.createAnalyser();
        analyser.fftSize = 1024;
        this.context.createMediaStreamSource(stream).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        this.timer = browser.setInterval(() => {
            analyser.getFloatTimeDomainData(samples);
            this.onLevel(Math.min(1, loudness(samples) / LOUD));
        }, PERIOD);
        return stream;
    }

    stop() {
        this.run++;
        browser.clearInterval(this.timer);
        stopTracks(this.stream);
        this.context?.close();
        this.stream = this.context = null;
    }
}

function stopTracks(stream) {
    for (const track of stream?.getTracks() || []) {
        track.stop();
    }
}

/** @returns {number} root mean square, 0 to 1 */
function loudness(samples) {
    let sum = 0;
    for (const sample of samples) {
        sum += sample * sample;
    }
    return Math.sqrt(sum / samples.length);
}
