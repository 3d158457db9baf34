/**
 * Follow-ups of ended calls: drafts and planned ones. Both are kept outside the window, because the
 * next call may replace its content at any moment.
 */

import { reactive } from "@odoo/owl";
import { serializeDate, serializeDateTime } from "@web/core/l10n/dates";
import { user } from "@web/core/user";
import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

const { DateTime } = luxon;
/** Minutes before the hour at which Odoo's calendar reminds, unless another time is chosen */
const USUAL_REMINDER = 15;

/**
 * @param {number} days from today
 * @returns {string} YYYY-MM-DD
 */
export function dayFromToday(days) {
    return serializeDate(DateTime.local().plus({ days }));
}

export class FollowUps {
    /**
     * @param {Object} orm the orm service
     * @param {import("@crm_telephony/features/open_records/open_records").OpenRecords} openRecords
     */
    constructor(orm, openRecords) {
        this.orm = orm;
        this.openRecords = openRecords;
        this.plans = {};
    }

    /**
     * @param {string} uuid of the call
     * @returns {{ kind: string, date: string, time: string, alarmId: number, summary: string,
     * model: string|null, name: string|null, assignee: { id: number, name: string }, isSaving: boolean,
     * error: string, saved: Object[] }} reactive follow-up; without `time`, it is due all day; with
     * `model`, the customer is saved as a record of that model with that `name`
     */
    of(uuid) {
        this.plans[uuid] ||= reactive({ ...this._blank(), saved: [] });
        return this.plans[uuid];
    }

    _blank() {
        return {
            kind: "",
            date: dayFromToday(1),
            time: "",
            alarmId: 0,
            summary: "",
            model: null,
            name: null,
            assignee: { id: user.userId, name: user.name },
            isSaving: false,
            error: "",
        };
    }

    /** Discard the draft of a call. @param {string} uuid of the call */
    drop(uuid) {
        Object.assign(this.of(uuid), this._blank());
    }

    /**
     * Return the reminders of Odoo's calendar that appear on the screen, the shortest first.
     *
     * @returns {Promise<{ id: number, duration: number, interval: string }[]>}
     */
    async alarms() {
        this._alarms ||= this.orm.silent
            .searchRead(
                "calendar.alarm",
                [["alarm_type", "=", "notification"]],
                ["duration", "interval", "duration_minutes"],
                { order: "duration_minutes" }
            )
            .catch(() => {
                this._alarms = null; // the next form asks again
                return [];
            });
        return this._alarms;
    }

    /** Choose the usual reminder, once an hour is chosen. @param {string} uuid of the call */
    async remind(uuid) {
        const alarms = await this.alarms();
        const usual = alarms.find((alarm) => alarm.duration_minutes === USUAL_REMINDER);
        this.of(uuid).alarmId = (usual || alarms[0])?.id || 0;
    }

    _values({ date, time, alarmId, summary, assignee, model, name }) {
        return {
            date,
            summary,
            user_id: assignee.id,
            ...(time && {
                // Times are those of the user's time zone, which Odoo makes luxon's default.
                start: serializeDateTime(DateTime.fromISO(`${date}T${time}`)),
                ...(alarmId && { alarm_id: alarmId }),
            }),
            ...(model && { res_model: model, name: name || "" }),
        };
    }

    /**
     * Plan the follow-up as an activity on the call's record.
     *
     * @param {string} uuid of the call
     * @returns {Promise<boolean>} whether it was planned
     */
    async save(uuid) {
        const plan = this.of(uuid);
        if (plan.isSaving) {
            return false;
        }
        plan.isSaving = true;
        const { kind, date, time, assignee } = plan;
        const args = [uuid, kind, this._values(plan)];
        const answer = await attempt(plan, () =>
            this.orm.silent.call("telephony.call", "schedule_follow_up", args)
        );
        plan.isSaving = false;
        if (answer) {
            const { activity_id: id, record } = answer;
            plan.saved.push({ id, kind, date, time, record, assignee });
            this.drop(uuid);
            this.openRecords.announce([record]);
        }
        return Boolean(answer);
    }
}

addPart(
    "followUps",
    ["orm", "telephony.openRecords"],
    ({ orm, openRecords }) => new FollowUps(orm, openRecords)
);
