import { Component } from "@odoo/owl";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { EXIT, layoutFlow, NODE } from "./flow_layout";

/** The templates of a flow, with the steps of their pictures: name and exits (label → target). */
function getTemplates() {
    const everyone = {
        id: 2,
        name: _t("Everyone"),
        exits: [
            { label: _t("Not answered"), target: 3 },
            { label: _t("No one available"), target: 3 },
        ],
    };
    const mailbox = { id: 3, name: _t("Mailbox"), exits: [] };
    return [
        { name: "blank", title: _t("Blank"), text: _t("Build the flow step by step."), steps: [] },
        {
            name: "ring",
            title: _t("Ring everyone"),
            text: _t("All phones ring. If no one answers, the caller leaves a message."),
            firstId: 2,
            steps: [everyone, mailbox],
        },
        {
            name: "hours",
            title: _t("Business hours and voicemail"),
            text: _t(
                "During business hours all phones ring; otherwise the caller leaves a message."
            ),
            firstId: 1,
            steps: [
                {
                    id: 1,
                    name: _t("Office hours"),
                    exits: [
                        { label: _t("Open"), target: 2 },
                        { label: _t("Closed"), target: 3 },
                    ],
                },
                everyone,
                mailbox,
            ],
        },
        {
            name: "menu",
            title: _t("Menu with two teams and a queue"),
            text: _t("The caller presses a key for sales, or waits in a queue for support."),
            firstId: 1,
            steps: [
                {
                    id: 1,
                    name: _t("Menu"),
                    exits: [
                        { label: `1 · ${_t("Sales")}`, target: 2 },
                        { label: `2 · ${_t("Support")}`, target: 4 },
                        { label: _t("No key pressed"), target: 3 },
                    ],
                },
                { ...everyone, name: _t("Sales") },
                { id: 4, name: _t("Support"), exits: everyone.exits },
                mailbox,
            ],
        },
    ];
}

/** A picture of a flow, without any control. */
export class FlowPicture extends Component {
    static template = "crm_telephony.FlowPicture";
    static props = { steps: Array, firstId: { type: Number, optional: true } };

    setup() {
        const { steps, firstId } = this.props;
        const isMirrored = localization.direction === "rtl";
        this.drawing = layoutFlow(steps, firstId || false, isMirrored);
        Object.assign(this, { exit: EXIT, node: NODE });
    }

    get viewBox() {
        return `0 0 ${this.drawing.width} ${this.drawing.height}`;
    }
}

/** The beginning of a new flow: a template, or nothing. */
export class FlowGallery extends Component {
    static template = "crm_telephony.FlowGallery";
    static components = { FlowPicture };
    static props = { onChoose: Function, isBusy: Boolean };

    setup() {
        this.templates = getTemplates();
    }
}
