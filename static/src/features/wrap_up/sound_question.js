import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** Asks one optional question after a call with bad sound. */
export class SoundQuestion extends Component {
    static template = "crm_telephony.SoundQuestion";
    static props = { call: Object };

    setup() {
        const softphone = useSoftphone();
        this.quality = useState(softphone.quality);
    }

    get state() {
        return this.quality.questions[this.props.call.uuid];
    }

    get issues() {
        return [
            ["dropped", _t("The call was cut off")],
            ["latency", _t("Delayed")],
            ["one_way", _t("One-way audio")],
            ["choppy", _t("Choppy voice")],
            ["noisy", _t("Noise")],
            ["echo", _t("Echo")],
            ["none", _t("No problem")],
        ].map(([id, label]) => ({ id, label }));
    }

    rate(issue) {
        this.quality.rate(this.props.call.uuid, issue);
    }
}
