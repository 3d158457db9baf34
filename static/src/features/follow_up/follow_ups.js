/**
 * Follow-ups of ended calls: drafts and planned ones. Both are kept outside the window, because the
 * next call may replace its content at any moment.
 */

import { reactive } from "@odoo/owl";
import { serializeDate } from "@web/core/l10n/dates";
import { user } from "@web/core/user";
import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

const { DateTime } = luxon;

/**
 * @param {number} days from today
 * @returns {string} YYYY-MM-DD
 */
export function dayFromToday(days) {
    return serializeDate(DateTime.local().plus({ days }));
}

export class FollowUps {
    /** @param {Object} orm the orm service */
    constructor(orm) {
        this.orm = orm;
        this.plans = {};
    }

    /**
     * @param {string} uuid of the call
     * @returns {{ kind: string, date: string, summary: string, assignee: { id: number,
     * name: string }, isSaving: boolean, error: string, saved: Object[] }} reactive follow-up
     */
    of(uuid) {
        this.plans[uuid] ||= reactive({ ...this._blank(), saved: [] });
        return this.plans[uuid];
    }

    _blank() {
        return {
            kind: "",
            date: dayFromToday(1),
            summary: "",
            assignee: { id: user.userId, name: user.name },
            isSaving: false,
            error: "",
        };
    }

    /** Discard the draft of a call. @param {string} uuid of the call */
    drop(uuid) {
        Object.assign(this.of(uuid), this._blank());
    }

    /** Plan the follow-up as an activity on the call's record. @param {string} uuid of the call */
    async save(uuid) {
        const plan = this.of(uuid);
        if (plan.isSaving) {
            return;
        }
        plan.isSaving = true;
        const { kind, date, summary, assignee } = plan;
        const values = { date, summary, user_id: assignee.id };
        const answer = await attempt(plan, () =>
            this.orm.silent.call("telephony.call", "schedule_follow_up", [uuid, kind, values])
        );
        plan.isSaving = false;
        if (answer) {
            const { activity_id: id, record } = answer;
            plan.saved.push({ id, kind, date, record, assignee });
            this.drop(uuid);
        }
    }
}

addPart("followUps", ["orm"], ({ orm }) => new FollowUps(orm));
