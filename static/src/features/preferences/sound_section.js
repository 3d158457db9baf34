import { Component, onWillDestroy, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { attempt } from "@crm_telephony/core/attempt";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { AudioDevices, canChooseSpeaker } from "@crm_telephony/voice/audio_devices";
import { EchoTest } from "@crm_telephony/voice/echo_test";
import { LevelMeter } from "@crm_telephony/voice/level_meter";

const TESTS = {
    idle: () => _t("Test call"),
    recording: () => _t("Speak now…"),
    playing: () => _t("Playing your recording…"),
};

/** Microphone, speaker and ring of this computer, each with a test. */
export class SoundSection extends Component {
    static template = "crm_telephony.SoundSection";
    static props = {};

    setup() {
        const softphone = useSoftphone();
        this.ringer = softphone.ringer;
        this.settings = useState(softphone.settings);
        this.devices = useState(new AudioDevices());
        this.state = useState({ level: 0, error: "", test: "idle", isMeasuring: false });
        this.meter = new LevelMeter((level) => (this.state.level = level));
        this.echo = new EchoTest((test) => (this.state.test = test));
        this.canChooseSpeaker = canChooseSpeaker();
        onWillStart(() => this.devices.start());
        onWillDestroy(() => {
            this.devices.stop();
            this.echo.stop();
            this.meter.stop();
            this.ringer.stopPreview();
        });
    }

    get testLabel() {
        return TESTS[this.state.test]();
    }

    get levelPercent() {
        return Math.round(this.state.level * 100);
    }

    get volumePercent() {
        return Math.round(this.settings.ringVolume * 100);
    }

    /** Run an action that needs a device, and show the reason if it fails. */
    attempt(run) {
        return attempt(this.state, run);
    }

    allow() {
        return this.attempt(async () => {
            await this.devices.allow();
            await this.measure();
        });
    }

    async measure() {
        const stream = await this.meter.start(this.settings.microphone);
        this.state.isMeasuring = Boolean(stream);
        return stream;
    }

    toggleMeter() {
        if (this.state.isMeasuring) {
            this.meter.stop();
            Object.assign(this.state, { isMeasuring: false, level: 0 });
            return;
        }
        return this.attempt(() => this.measure());
    }

    onMicrophone(ev) {
        this.settings.save({ microphone: ev.target.value });
        if (this.state.isMeasuring) {
            this.attempt(() => this.measure());
        }
    }

    testCall() {
        return this.attempt(async () => {
            const stream = await this.measure();
            if (stream) {
                await this.echo.run(stream, this.settings.speaker);
            }
        });
    }

    testSpeaker() {
        return this.attempt(() => this.ringer.preview(this.settings.speaker));
    }

    onVolume(ev) {
        this.settings.save({ ringVolume: Number(ev.target.value) / 100 });
    }

    testRing() {
        return this.attempt(() => this.ringer.preview());
    }
}
