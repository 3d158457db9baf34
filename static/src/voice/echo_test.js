/**
 * A test call to oneself: a few seconds of the microphone are recorded and then played. Nothing
 * leaves the computer, and nothing is stored.
 */

import { browser } from "@web/core/browser/browser";
import { canChooseSpeaker } from "./audio_devices";

export const RECORD_TIME = 3_000; // ms

export class EchoTest {
    /** @param {(state: "idle"|"recording"|"playing") => void} onState */
    constructor(onState) {
        this.onState = onState;
    }

    /**
     * @param {MediaStream} stream open stream of the microphone
     * @param {string} speaker id of the device that plays the recording
     * @returns {Promise<void>} resolved after playback
     */
    async run(stream, speaker) {
        try {
            this.onState("recording");
            const blob = await this._record(stream);
            this.onState("playing");
            await this._play(blob, speaker);
        } finally {
            this.onState("idle");
        }
    }

    _record(stream) {
        return new Promise((resolve, reject) => {
            const parts = [];
            this.recorder = new window.MediaRecorder(stream);
            this.recorder.addEventListener("dataavailable", (ev) => parts.push(ev.data));
            this.recorder.addEventListener("error", (ev) => reject(ev.error));
            this.recorder.addEventListener("stop", () => resolve(new Blob(parts)));
            this.recorder.start();
            browser.setTimeout(() => this._endRecording(), RECORD_TIME);
        });
    }

    async _play(blob, speaker) {
        const url = URL.createObjectURL(blob);
        try {
            this.audio = new browser.Audio(url);
            if (speaker && canChooseSpeaker()) {
                await this.audio.setSinkId(speaker);
            }
            const ended = new Promise((resolve) => {
                this.audio.addEventListener("ended", resolve);
                this.audio.addEventListener("pause", resolve);
            });
            await this.audio.play();
            await ended;
        } finally {
            URL.revokeObjectURL(url);
        }
    }

    _endRecording() {
        if (this.recorder?.state === "recording") {
            this.recorder.stop();
        }
    }

    /** Stop the test: the panel was closed. */
    stop() {
        this._endRecording();
        this.audio?.pause();
    }
}
