import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

const STARTING = "starting";
const RECORDING = "recording";
const PAUSED = "paused";

/**
 * @param {RecordingData} recording
 * @returns {string} state of the recording as text
 */
export function recordingText({ state, wanted, interrupted, announcing }) {
    if (state === STARTING) {
        return _t("Starting the recording…");
    }
    if (interrupted) {
        return _t("Recording paused until the call is resumed");
    }
    if (wanted === PAUSED) {
        return state === PAUSED ? _t("Recording paused") : _t("Pausing the recording…");
    }
    if (wanted === "stopped") {
        return _t("Stopping the recording…");
    }
    if (state === PAUSED) {
        return _t("Resuming the recording…");
    }
    return announcing ? _t("Playing the recording announcement to the customer…") : _t("Recording");
}

/** Whether a conversation is recorded, as text and icon, and why it cannot be changed, if so. */
export class RecordingState extends Component {
    static template = "crm_telephony.RecordingState";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
    }

    get recording() {
        return this.props.call.recording;
    }

    get isLive() {
        return this.recording.state !== "off";
    }

    get isAlways() {
        return this.recording.mode === "always";
    }

    get canStop() {
        return !this.isAlways && this.props.call.role !== "consulted";
    }

    get isOn() {
        return this.recording.state === RECORDING;
    }

    get text() {
        return this.isLive ? recordingText(this.recording) : "";
    }

    get isShown() {
        const { mode, reason, problem } = this.recording || {};
        return Boolean(this.recording && mode !== "off" && (this.isLive || reason || problem));
    }

    stop() {
        this.softphone.recording.set(this.props.call, "stopped");
    }
}
