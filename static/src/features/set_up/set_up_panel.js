import { Component, onWillDestroy, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { attempt } from "@crm_telephony/core/attempt";
import { MicrophoneState } from "@crm_telephony/core/constants";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { EchoTest } from "@crm_telephony/voice/echo_test";
import { LevelMeter } from "@crm_telephony/voice/level_meter";
import { ConnectionTest } from "./connection_test";

const STEPS = ["microphone", "echo", "connection"];

const ECHO_LABELS = {
    idle: () => _t("Record three seconds"),
    recording: () => _t("Speak now…"),
    playing: () => _t("Playing your recording…"),
};

/** The three steps before the first call. Each can be skipped, and repeated. */
export class SetUpPanel extends Component {
    static template = "crm_telephony.SetUpPanel";
    static components = { ConnectionTest };
    static props = {};

    setup() {
        const { agent, microphone, setUp, settings } = useSoftphone();
        Object.assign(this, { agent, setUp, settings });
        this.store = useSoftphoneStore();
        this.microphone = useState(microphone);
        this.state = useState({ step: 0, isBusy: false, level: 0, echo: "idle", error: "" });
        this.done = useState({ microphone: false, echo: false, connection: false });
        this.meter = new LevelMeter((level) => (this.state.level = level));
        this.echo = new EchoTest((echo) => (this.state.echo = echo));
        onWillDestroy(() => {
            this.echo.stop();
            this.meter.stop();
        });
    }

    get step() {
        return STEPS[this.state.step];
    }

    get isLast() {
        return this.state.step === STEPS.length - 1;
    }

    get isAllowed() {
        return this.microphone.state === MicrophoneState.ALLOWED;
    }

    get position() {
        return _t("Step %(step)s of %(count)s", {
            step: this.state.step + 1,
            count: STEPS.length,
        });
    }

    get echoLabel() {
        return ECHO_LABELS[this.state.echo]();
    }

    get levelPercent() {
        return Math.round(this.state.level * 100);
    }

    get isDone() {
        return this.done[this.step] || (this.step === "microphone" && this.isAllowed);
    }

    /** Run the action of a step, and show the reason if it fails. */
    async run(step, action) {
        this.state.isBusy = true;
        await attempt(this.state, async () => {
            await action();
            this.done[step] = true;
        });
        this.meter.stop();
        Object.assign(this.state, { isBusy: false, level: 0 });
        await this.microphone.refresh();
    }

    allow() {
        return this.run("microphone", () => this.meter.start(this.settings.microphone));
    }

    record() {
        return this.run("echo", async () => {
            const stream = await this.meter.start(this.settings.microphone);
            if (stream) {
                await this.echo.run(stream, this.settings.speaker);
            }
        });
    }

    next() {
        this.state.error = "";
        this.state.step++;
    }

    back() {
        this.state.error = "";
        this.state.step--;
    }

    async goOnline() {
        if (!this.store.isOnline) {
            await this.agent.toggleStatus();
        }
        await this.setUp.finish();
    }
}
