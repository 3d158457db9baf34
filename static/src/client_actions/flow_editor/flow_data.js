/**
 * The data of the flow editor. Each change is stored at once, and can be undone as long as the
 * page is open.
 */

import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { Mutex } from "@web/core/utils/concurrency";
import { Reactive } from "@web/core/utils/reactive";
import { humanError } from "@crm_telephony/core/human_error";

const MOST_CHANGES = 100;
/** Milliseconds in which messages about calls count as one, and between two counts without any */
const COUNT_PAUSE = 2000;
const RECOUNT = 60000;

/** @returns {Map<number, Object>} the settings of all steps */
function settingsOf(flow) {
    return new Map(flow.steps.map((step) => [step.id, step.values]));
}

const REMOVED = { active: false };

/** The settings that differ, with their former and present values; null if none does. */
export function diffSettings(before, after, touched) {
    const change = { before: {}, after: {} };
    for (const id of touched) {
        const [old, now] = [before.get(id) || REMOVED, after.get(id) || REMOVED];
        const shorter = old === REMOVED || now === REMOVED ? REMOVED : now;
        for (const name of Object.keys(shorter)) {
            if (JSON.stringify(old[name]) !== JSON.stringify(now[name])) {
                (change.before[id] ||= {})[name] = old[name];
                (change.after[id] ||= {})[name] = now[name];
            }
        }
    }
    return Object.keys(change.after).length ? change : null;
}

export class FlowData extends Reactive {
    /** @type {Object|null} flow payload; replaced, never mutated */
    flow = null;
    error = "";
    /** @type {Object} step → `now` and `today`: callers in it, and calls that passed it today */
    live = {};
    /** Name of another user who has just changed the flow */
    changedBy = "";
    /** Number of changes that can be undone and repeated */
    undoCount = 0;
    redoCount = 0;

    /**
     * @param {number} flowId
     * @param {{ orm: Object, bus: Object, notification: Object }} services
     */
    constructor(flowId, { orm, bus, notification }) {
        super();
        Object.assign(this, { flowId, _orm: orm, _bus: bus, _notification: notification });
        this._undo = markRaw([]);
        this._redo = markRaw([]);
        this._asked = 0;
        /** Changes are made one after the other: an undo is the undo of what was done before it. */
        this._changes = new Mutex();
        this._onChanged = (change) => this._onFlowChanged(change);
        this._onPassed = ({ flow_id: id }) => id === this.flowId && this._countSoon();
        this._onReconnect = () => this.refresh();
        this._timer = 0;
    }

    start() {
        this._bus.subscribe("telephony/flow_changed", this._onChanged);
        this._bus.subscribe("telephony/flow_passed", this._onPassed);
        this._bus.addEventListener("BUS:RECONNECT", this._onReconnect);
        this._bus.start();
        return this.refresh().then(() => this._count());
    }

    stop() {
        this._bus.unsubscribe("telephony/flow_changed", this._onChanged);
        this._bus.unsubscribe("telephony/flow_passed", this._onPassed);
        browser.clearTimeout(this._timer);
        this._bus.removeEventListener("BUS:RECONNECT", this._onReconnect);
        this._asked = NaN; // drops the answer of a pending request
    }

    _onFlowChanged({ flow_id: flowId, user_id: userId, by, stamp }) {
        // The change of this page is drawn already; one of another tab is not.
        if (flowId === this.flowId && stamp !== this.flow?.stamp) {
            this.changedBy = userId === user.userId ? "" : by;
            this.refresh();
        }
    }

    stepOf(id) {
        return this.flow?.steps.find((step) => step.id === id);
    }

    _countSoon() {
        this._isDue = true;
        if (!this._isCounting) {
            this._isCounting = true;
            browser.clearTimeout(this._timer);
            this._timer = browser.setTimeout(() => this._count(), COUNT_PAUSE);
        }
    }

    /** Count the callers, and again after a message or a minute. */
    async _count() {
        this._isCounting = true;
        this._isDue = false;
        try {
            if (this.flow?.can_edit) {
                const args = [this.flowId];
                const { steps } = await this._orm.silent.call("telephony.flow", "live_steps", args);
                this.live = markRaw(steps);
            }
        } catch {
            // The figures stay, and the next message counts again.
        }
        this._isCounting = false;
        if (Number.isNaN(this._asked)) {
            return; // the page was left
        }
        browser.clearTimeout(this._timer);
        this._timer = browser.setTimeout(() => this._count(), this._isDue ? COUNT_PAUSE : RECOUNT);
    }

    async refresh() {
        const asked = ++this._asked;
        try {
            const flow = await this._orm.silent.call("telephony.flow", "editor", [this.flowId]);
            if (asked === this._asked) {
                this._put(flow);
            }
        } catch (error) {
            if (asked === this._asked) {
                this.error = humanError(error);
            }
        }
    }

    _put(flow) {
        this.flow = markRaw(flow);
        this.error = "";
    }

    /**
     * Make a change, and remember how to undo it.
     *
     * @param {string} method of `telephony.flow`
     * @param {any[]} args after the identifier of the flow
     * @returns {Promise<Object|undefined>} answer of the method; undefined if it was refused
     */
    change(method, ...args) {
        return this._changes.exec(async () => {
            const before = settingsOf(this.flow);
            const answer = await this._call(method, args);
            if (answer?.flow) {
                this._remember(before, answer.touched);
            }
            return answer;
        });
    }

    /** Read the flow again after a step was saved in its form. */
    noteSaved(stepId) {
        return this._changes.exec(async () => {
            const before = settingsOf(this.flow);
            await this._call("editor", [], (flow) => flow);
            this._remember(before, [stepId]);
        });
    }

    _remember(before, touched) {
        const change = diffSettings(before, settingsOf(this.flow), touched);
        if (change) {
            this._undo.push(change);
            this._undo.splice(0, this._undo.length - MOST_CHANGES);
            this._redo.length = 0;
            this._countChanges();
        }
    }

    _countChanges() {
        Object.assign(this, { undoCount: this._undo.length, redoCount: this._redo.length });
    }

    undo() {
        return this._restore(this._undo, this._redo, "after", "before");
    }

    redo() {
        return this._restore(this._redo, this._undo, "before", "after");
    }

    _restore(from, to, expected, wanted) {
        return this._changes.exec(async () => {
            const change = from[from.length - 1];
            const values = change && { before: change[expected], after: change[wanted] };
            if (change && (await this._call("restore_steps", [values]))) {
                from.pop();
                to.push(change);
                this._countChanges();
            }
        });
    }

    /** Draw the flow that an answer contains: what `flowOf` returns. */
    async _call(method, args, flowOf = (answer) => answer.flow) {
        // An answer that was on its way, or is requested meanwhile, may be older than this change.
        const asked = ++this._asked;
        try {
            const answer = await this._orm.call("telephony.flow", method, [this.flowId, ...args]);
            const flow = flowOf(answer);
            if (flow) {
                const isMissed = this._asked !== asked;
                this._asked++;
                this._put(flow);
                if (isMissed) {
                    this.refresh();
                }
            }
            return answer;
        } catch (error) {
            this._notification.add(humanError(error), { type: "danger" });
            this.refresh();
        }
    }
}
