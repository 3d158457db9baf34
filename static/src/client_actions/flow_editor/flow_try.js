import { Component, useRef, useState, onMounted } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { serializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { humanError } from "@crm_telephony/core/human_error";

const { DateTime } = luxon;

/** What is pretended in a test, see `SCENES` of `telephony.flow.simulation`. */
const SCENES = {
    now: () => _t("As they are now"),
    answer: () => _t("Available"),
    no_answer: () => _t("Available, but no one answers"),
    offline: () => _t("All offline"),
    full: () => _t("Available, but the queues are full"),
};

/**
 * @param {Object[]} parts course of a simulated call
 * @returns {{ turns: Object, passed: Object }} step -> its places in the course, and its exits there
 */
export function courseOf(parts) {
    const turns = {};
    const passed = {};
    parts.forEach(({ step_id: id, exit_name: exit }, index) => {
        const former = parts[index - 1]?.step_id;
        if (former && exit) {
            passed[former] = `${passed[former] || ""}${exit} `;
        }
        if (id) {
            turns[id] = turns[id] ? `${turns[id]}, ${index}` : `${index}`;
        }
    });
    return { turns, passed };
}

/** A simulated call, in words; its way is shown in the drawing. */
export class FlowTry extends Component {
    static template = "crm_telephony.FlowTry";
    static components = { DateTimeInput };
    static props = {
        flowId: Number,
        stepOf: Function,
        onResult: Function,
        onGo: Function,
        onClose: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.state = useState({
            caller: "",
            moment: DateTime.now().startOf("minute"),
            keys: "",
            scene: "answer",
            parts: null,
            error: "",
            isBusy: false,
        });
        this.scenes = Object.entries(SCENES).map(([id, name]) => ({ id, name: name() }));
        onMounted(() => this.root.el.querySelector("input").focus());
    }

    get zoneText() {
        return _t("Time zone: %(zone)s. Business hours count in the time zone of their calendar.", {
            zone: this.state.moment.zoneName,
        });
    }

    /** Title of a part of the course: the step, or the step of another flow. */
    titleOf(part) {
        const step = this.props.stepOf(part.step_id);
        return step ? step.name : part.flow || "";
    }

    async run() {
        const { caller, moment, keys, scene } = this.state;
        Object.assign(this.state, { isBusy: true, error: "" });
        try {
            const values = { caller, keys, scene, moment: serializeDateTime(moment) };
            const args = [this.props.flowId, values];
            this.state.parts = await this.orm.call("telephony.flow.simulation", "try_flow", args);
        } catch (error) {
            Object.assign(this.state, { parts: null, error: humanError(error) });
        }
        this.state.isBusy = false;
        this.props.onResult(this.state.parts || []);
    }

    onKeydown(ev) {
        if (ev.key === "Escape") {
            ev.stopPropagation();
            this.props.onClose();
        }
    }
}
