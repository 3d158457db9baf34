import { Component } from "@odoo/owl";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { addLabel, exitLabel } from "./flow_labels";
import { EXIT, NODE } from "./flow_layout";

/** A step of the drawing, and its exits. */
export class FlowNode extends Component {
    static template = "crm_telephony.FlowNode";
    static props = {
        /** The step, its exits, and their places in the frame of the step */
        shape: Object,
        kind: Object,
        canEdit: Boolean,
        isSelected: Boolean,
        /** Whether the tabulator key stops here */
        isCurrent: Boolean,
        /** Whether a click chooses this step as a target */
        isChoosing: Boolean,
        /** Number of callers in this step now, and of calls that passed it today */
        now: Number,
        today: Number,
        /** Places in the course of a simulated call, as text */
        turns: String,
        /** Exits in that course, separated by spaces */
        passed: String,
        onAct: Function,
    };

    setup() {
        this.direction = localization.direction;
    }

    get step() {
        return this.props.shape.step;
    }

    get style() {
        const { x, y } = this.props.shape;
        return `left:${x}px;top:${y}px;width:${NODE.width}px;height:${NODE.height}px`;
    }

    get hasFigures() {
        const { turns, now, today } = this.props;
        return Boolean(this.step.marks.length || turns || now || today);
    }

    get tabindex() {
        return this.props.isCurrent ? "0" : "-1";
    }

    get callersText() {
        const count = this.props.now;
        return count === 1 ? _t("1 caller now") : _t("%(count)s callers now", { count });
    }

    get todayText() {
        const count = this.props.today;
        return count === 1 ? _t("1 call today") : _t("%(count)s calls today", { count });
    }

    isPassed(exit) {
        return this.props.passed.split(" ").includes(exit.name);
    }

    exitStyle(exit) {
        return `left:${exit.x - EXIT.width / 2}px;top:${exit.y}px;width:${EXIT.width}px;height:${EXIT.height}px`;
    }

    endStyle(exit) {
        return `left:${exit.x - EXIT.width / 2}px;top:${exit.y + EXIT.height + 6}px;width:${EXIT.width}px`;
    }

    exitLabel(exit) {
        return exitLabel(this.step, exit);
    }

    addLabel(exit) {
        return addLabel(this.step, exit);
    }

    goLabel(exit) {
        return _t("Go to “%(step)s”", { step: exit.targetName });
    }

    act(action, ev, exit) {
        this.props.onAct(action, { step: this.step, exit, el: ev.currentTarget, ev });
    }
}
