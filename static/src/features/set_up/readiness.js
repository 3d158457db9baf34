import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { usePopover } from "@web/core/popover/popover_hook";
import { MicrophoneState } from "@crm_telephony/core/constants";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const OK = "text-success";
const OPEN = "text-muted";
const BAD = "text-danger";

const MICROPHONE_LOOKS = {
    [MicrophoneState.ALLOWED]: {
        icon: `fa-microphone ${OK}`,
        label: () => _t("Microphone: allowed"),
        advice: () => _t("This page may use the microphone."),
    },
    [MicrophoneState.NOT_ASKED]: {
        icon: `fa-microphone ${OPEN}`,
        label: () => _t("Microphone: not allowed yet"),
        advice: () => _t("Your browser will ask for the microphone at the first call."),
    },
    [MicrophoneState.UNKNOWN]: {
        icon: `fa-microphone ${OPEN}`,
        label: () => _t("Microphone: not used yet"),
        advice: () => _t("Your browser may ask for the microphone at the first call."),
    },
    [MicrophoneState.BLOCKED]: {
        icon: `fa-microphone-slash ${BAD}`,
        label: () => _t("Microphone: blocked"),
        advice: () =>
            _t(
                "The microphone is blocked for this page, so that no one can hear you. Click the icon next to the address bar, and allow the microphone."
            ),
    },
    [MicrophoneState.MISSING]: {
        icon: `fa-microphone-slash ${BAD}`,
        label: () => _t("Microphone: none found"),
        advice: () => _t("No microphone was found. Connect a headset."),
    },
    [MicrophoneState.INSECURE]: {
        icon: `fa-microphone-slash ${BAD}`,
        label: () => _t("Microphone: not available"),
        advice: () =>
            _t(
                "Calls require a secure connection. Open Odoo with an address that starts with https://."
            ),
    },
};

const Line = Object.freeze({ CONNECTED: "connected", CONNECTING: "connecting", LOST: "lost" });

const LINE_LOOKS = {
    [Line.CONNECTED]: {
        icon: `fa-signal ${OK}`,
        label: () => _t("Line: connected"),
        advice: () => _t("Calls can reach this page."),
    },
    [Line.CONNECTING]: {
        icon: `fa-signal ${OPEN}`,
        label: () => _t("Line: connecting…"),
        advice: () => _t("The page is being connected. This takes a few seconds."),
    },
    [Line.LOST]: {
        icon: `fa-signal ${BAD}`,
        label: () => _t("Line: interrupted"),
        advice: () =>
            _t(
                "Odoo cannot reach this page, so that no call rings here. Check your network. The page connects again by itself."
            ),
    },
};

/** The explanation of one icon. */
class Advice extends Component {
    static template = "crm_telephony.ReadinessAdvice";
    static props = { close: { type: Function, optional: true }, text: String, test: Function };

    onTest() {
        this.props.close();
        this.props.test();
    }
}

/** Whether microphone and line are ready for a call: two icons in the header. */
export class Readiness extends Component {
    static template = "crm_telephony.Readiness";
    static props = {};

    setup() {
        const { microphone, setUp } = useSoftphone();
        this.setUp = setUp;
        this.store = useSoftphoneStore();
        this.microphone = useState(microphone);
        this.advice = usePopover(Advice, { position: "bottom-start" });
    }

    get microphoneLook() {
        return MICROPHONE_LOOKS[this.microphone.state];
    }

    get lineState() {
        if (this.store.isConnecting) {
            return Line.CONNECTING;
        }
        return this.store.isLineLost ? Line.LOST : Line.CONNECTED;
    }

    get lineLook() {
        return LINE_LOOKS[this.lineState];
    }

    /** @param {MouseEvent} ev @param {Object} look */
    explain(ev, look) {
        if (this.advice.isOpen) {
            this.advice.close();
            return;
        }
        this.advice.open(ev.currentTarget, {
            text: look.advice(),
            test: () => this.setUp.open(),
        });
    }
}
