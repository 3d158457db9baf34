import { Component, onWillDestroy, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/core/utils/numbers";
import { attempt } from "@crm_telephony/core/attempt";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { adviseOn, Grade, gradeOf } from "./connection_advice";

const LOOKS = {
    [Grade.GOOD]: { icon: "fa-check-circle text-success", label: () => _t("Good") },
    [Grade.FAIR]: { icon: "fa-exclamation-circle text-warning", label: () => _t("Fair") },
    [Grade.POOR]: { icon: "fa-times-circle text-danger", label: () => _t("Poor") },
};

/** A test call to Twilio: what the network does to a conversation, with advice. */
export class ConnectionTest extends Component {
    static template = "crm_telephony.ConnectionTest";
    static props = { onDone: { type: Function, optional: true } };

    setup() {
        this.voice = useSoftphone().voice;
        this.state = useState({ isRunning: false, measures: null, result: null, error: "" });
        this.isDestroyed = false;
        onWillDestroy(() => {
            this.isDestroyed = true;
            this.voice.stopTest();
        });
    }

    async run() {
        Object.assign(this.state, { isRunning: true, measures: null, result: null });
        await attempt(this.state, async () => {
            const result = await this.voice.test((measures) => (this.state.measures = measures));
            this.state.measures = result;
            this.state.result = adviseOn(result);
        });
        this.state.isRunning = false;
        if (this.isDestroyed) {
            return;
        }
        this.props.onDone?.();
    }

    get rows() {
        const { measures } = this.state;
        return [
            { name: "rtt", label: _t("Round trip"), unit: _t("ms"), digits: 0 },
            { name: "jitter", label: _t("Jitter"), unit: _t("ms"), digits: 0 },
            { name: "loss", label: _t("Packets lost"), unit: "%", digits: 1 },
        ].map(({ name, label, unit, digits }) => ({
            name,
            label,
            text: measures
                ? `${formatFloat(measures[name], { digits: [16, digits] })} ${unit}`
                : "–",
            look: measures && LOOKS[gradeOf(name, measures[name])],
        }));
    }

    get verdict() {
        return LOOKS[this.state.result.grade];
    }

    get buttonLabel() {
        if (this.state.isRunning) {
            return _t("Testing…");
        }
        return this.state.result || this.state.error ? _t("Test again") : _t("Test the connection");
    }
}
