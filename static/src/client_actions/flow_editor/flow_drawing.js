import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { layoutFlow } from "./flow_layout";

const MOST_KEYS = 12;

/** The same object as before, if it says the same: what shows it is not rendered again. */
class Memory {
    known = new Map();

    keep(key, object) {
        const text = JSON.stringify(object);
        const former = this.known.get(key);
        if (former?.text === text) {
            return former.object;
        }
        this.known.set(key, { text, object });
        return object;
    }
}

/** The layout of a flow payload, computed once for each answer of the server. */
export class FlowDrawing {
    constructor() {
        this.memory = new Memory();
        this.flow = null;
    }

    /**
     * @param {Object} flow flow payload
     * @returns {Object} result of `layoutFlow` with the shapes of its steps, and `kinds` by name
     */
    of(flow) {
        if (this.flow !== flow) {
            this.flow = flow;
            this.drawn = this.draw(flow);
        }
        return this.drawn;
    }

    draw(flow) {
        const names = new Map(flow.steps.map(({ id, name }) => [id, name]));
        const steps = flow.steps.map(({ values: _values, ...step }) => ({
            ...step,
            exits: [
                ...step.exits.map((exit) => ({
                    ...exit,
                    targetName: names.get(exit.target) || "",
                })),
                ...this.newExitsOf(step, flow.can_edit),
            ],
        }));
        const drawing = layoutFlow(steps, flow.first_id, localization.direction === "rtl");
        for (const [id, placed] of drawing.steps) {
            placed.shape = this.memory.keep(id, this.shapeOf(placed));
        }
        const kinds = flow.kinds.map((kind) => [kind.kind, this.memory.keep(kind.kind, kind)]);
        return { ...drawing, kinds: Object.fromEntries(kinds) };
    }

    /** A step that is moved as a whole keeps its shape, and is not rendered again. */
    shapeOf({ step, x, y, exits, frame: { left, top } }) {
        return {
            step,
            x: x - left,
            y: y - top,
            exits: exits.map((exit) => ({ ...exit, x: exit.x - left, y: exit.y - top })),
        };
    }

    /** The place for another key of a menu. */
    newExitsOf({ kind, exits }, canEdit) {
        const keys = exits.filter((exit) => exit.name.startsWith("key:"));
        return canEdit && kind === "menu" && keys.length < MOST_KEYS
            ? [{ name: "key", label: _t("Add key"), target: false, isNew: true }]
            : [];
    }
}
