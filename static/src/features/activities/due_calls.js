/**
 * The calls that the agent has to make: due activities, and callbacks.
 *
 * Read when the window is first opened, and again when the bus announces a change.
 */

import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { debounce } from "@web/core/utils/timing";
import { attempt } from "@crm_telephony/core/attempt";
import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

const NEWS_DELAY = 300; // ms; one action often sends several messages
const NEWS = ["telephony/activities_changed", "mail.activity/updated"];

export class DueCalls extends Reactive {
    /** @type {Object[]} rows of `due_calls`; replaced, never mutated */
    rows = markRaw([]);
    isRead = false;
    error = "";
    /** Key of the row that is being marked as done */
    finishing = "";

    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {Object} parts
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/features/dialing/dial_control").DialControl} parts.dialer
     * @param {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} parts.notes
     * @param {import("@crm_telephony/features/follow_up/follow_ups").FollowUps} parts.followUps
     * @param {import("@crm_telephony/features/wrap_up/wrap_up_control").WrapUpControl} parts.wrapUp
     */
    constructor(orm, bus, parts) {
        super();
        Object.assign(this, { _orm: orm, _bus: bus, _parts: parts, _readings: 0, _isOpen: false });
        this._refreshSoon = debounce(() => this._isOpen && this.refresh(), NEWS_DELAY);
    }

    start() {
        NEWS.forEach((type) => this._bus.subscribe(type, () => this._refreshSoon()));
        this._bus.addEventListener("BUS:RECONNECT", () => this._refreshSoon());
        browser.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") {
                this._refreshSoon(); // a new day may have begun
            }
        });
    }

    /** Load the list: the window is open and needs it from now on. */
    async open() {
        if (!this._isOpen) {
            this._isOpen = true;
            await this.refresh();
        }
    }

    async refresh() {
        const reading = ++this._readings;
        try {
            const rows = await this._orm.silent.call("telephony.call", "due_calls", []);
            if (reading === this._readings) {
                Object.assign(this, { rows: markRaw(rows), isRead: true, error: "" });
            }
        } catch (error) {
            if (reading === this._readings) {
                this.error = humanError(error);
            }
        }
    }

    /** Return how many calls are due today or overdue. */
    get dueCount() {
        return this.rows.filter((row) => row.state !== "planned").length;
    }

    /** @param {Object} row @returns {Promise<boolean>} whether the call was placed */
    call(row) {
        return this._parts.dialer.dial({
            number: row.number,
            name: row.name,
            target: row.record ? { resModel: row.record.model, resId: row.record.id } : null,
            activityId: row.activity_id,
        });
    }

    /** Mark an activity as done without a call. @param {Object} row of an activity */
    async finish(row) {
        this.finishing = row.key;
        await attempt(this, async () => {
            await this._orm.silent.call("mail.activity", "action_feedback", [[row.activity_id]]);
            this.rows = markRaw(this.rows.filter(({ key }) => key !== row.key));
        });
        this.finishing = "";
    }

    /**
     * Return the next call to make: due, with a number, and not to the same customer again. Calls
     * without an attempt come first.
     *
     * @param {CallData} call that has ended
     * @returns {Object|undefined} a row
     */
    next(call) {
        return this.rows
            .filter((row) => row.state !== "planned" && row.number && !row.reason)
            .filter((row) => row.number_display !== call.customer.number_display)
            .sort((a, b) => {
                const [first, second] = [a.tried_at || "", b.tried_at || ""];
                return first < second ? -1 : Number(first > second);
            })[0];
    }

    /**
     * Save the note, follow-up and result of a call, and place the next one.
     *
     * @param {CallData} call that has ended
     * @returns {Promise<boolean>} whether the next call was placed
     */
    async logAndCallNext(call) {
        const { store, notes, followUps, wrapUp } = this._parts;
        const row = this.next(call);
        store.clearError();
        await notes.flush(call.uuid);
        if (notes.error) {
            return false; // the reason is shown under the note
        }
        if (followUps.of(call.uuid).kind) {
            await followUps.save(call.uuid);
            if (followUps.of(call.uuid).error) {
                return false;
            }
        }
        const isSent = await attempt(store, async () => {
            await wrapUp.send(call.uuid, { done: true });
            return true;
        });
        return Boolean(isSent) && this.call(row);
    }
}

addPart(
    "dueCalls",
    [
        "orm",
        "bus_service",
        "telephony.store",
        "telephony.dialer",
        "telephony.notes",
        "telephony.followUps",
        "telephony.wrapUp",
    ],
    ({ orm, bus_service, ...parts }) => new DueCalls(orm, bus_service, parts)
);
