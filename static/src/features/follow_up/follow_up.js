import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { getCreatableModels, isUnknown } from "@crm_telephony/core/new_customer";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { useSoftphone } from "@crm_telephony/core/use_softphone";
import { dayFromToday } from "./follow_ups";

const FOUND = 8;
const { DateTime } = luxon;

/** The next step after a call: another call or a task, as an activity on the call's record. */
export class FollowUp extends Component {
    static template = "crm_telephony.FollowUp";
    static components = { AutoComplete };
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.orm = useService("orm");
        this.action = useService("action");
        this.plan = useState(this.softphone.followUps.of(this.props.call.uuid));
        this.state = useState({ alarms: [], models: [] });
        this.summary = useRef("summary");
        useEffect(
            () => this.showForm(),
            () => [this.plan.kind]
        );
        onWillStart(() => {
            this.load(); // not awaited: the end window must not wait for it
        });
    }

    async load() {
        this.state.alarms = await this.softphone.followUps.alarms();
        if (this.isUnknown) {
            this.state.models = await getCreatableModels();
            this._proposeModel();
        }
    }

    /** Propose to save an unknown customer, until the user decides. */
    _proposeModel() {
        if (this.plan.kind) {
            this.plan.model ??= this.state.models[0] || null;
        }
    }

    /** Return whether the customer can be saved as a contact or a lead together with the plan. */
    get isUnknown() {
        return isUnknown(this.props.call);
    }

    get isCreating() {
        return this.isUnknown && this.state.models.length > 0;
    }

    get name() {
        const { customer } = this.props.call;
        const proposal = customer.network?.name || customer.number_display || customer.number;
        return this.plan.name ?? proposal;
    }

    get modelLabels() {
        const labels = { "res.partner": _t("Contact"), "crm.lead": _t("Lead") };
        return this.state.models.map((id) => ({ id, label: labels[id] }));
    }

    get kinds() {
        return [
            {
                id: "call",
                className: "o_telephony_follow_up_call",
                icon: "fa-phone",
                label: _t("Follow-up call"),
            },
            {
                id: "task",
                className: "o_telephony_follow_up_task",
                icon: "fa-check-square-o",
                label: _t("Follow-up task"),
            },
        ];
    }

    get quickDates() {
        const choices = [
            [1, _t("Tomorrow")],
            [2, _t("In 2 days")],
            [7, _t("Next week")],
        ];
        return choices.map(([days, label]) => ({ label, date: dayFromToday(days) }));
    }

    /** @param {{ duration: number, interval: string }} alarm of Odoo's calendar */
    alarmLabel({ duration, interval }) {
        return {
            minutes: _t("%s minutes before", duration),
            hours: duration === 1 ? _t("1 hour before") : _t("%s hours before", duration),
            days: duration === 1 ? _t("1 day before") : _t("%s days before", duration),
        }[interval];
    }

    get today() {
        return dayFromToday(0);
    }

    get searchPlaceholder() {
        return _t("Search colleagues…");
    }

    get userSources() {
        return [{ placeholder: _t("Searching…"), options: (term) => this.searchUsers(term) }];
    }

    /** Scroll the whole form into view, and focus its first field. */
    showForm() {
        const input = this.summary.el;
        input?.focus({ preventScroll: true });
        input?.form.scrollIntoView({ block: "nearest" });
    }

    choose(kind) {
        this.plan.kind = this.plan.kind === kind ? "" : kind;
        this.plan.error = "";
        this._proposeModel();
    }

    /** Plan in one hour, to the minute. */
    chooseInAnHour() {
        const moment = DateTime.local().plus({ hours: 1 });
        this.plan.date = moment.toFormat("yyyy-MM-dd");
        this.setTime(moment.toFormat("HH:mm"));
    }

    /** @param {string} time HH:MM; empty for the whole day */
    setTime(time) {
        const isFirst = time && !this.plan.time;
        this.plan.time = time;
        if (isFirst) {
            this.softphone.followUps.remind(this.props.call.uuid);
        }
    }

    onAlarm(ev) {
        this.plan.alarmId = Number(ev.target.value);
    }

    async searchUsers(term) {
        const found = await this.orm.silent.call("res.users", "name_search", [], {
            name: term,
            domain: [["share", "=", false]],
            limit: FOUND,
        });
        return found.map(([id, name]) => ({
            label: name,
            onSelect: () => {
                this.plan.assignee = { id, name };
            },
        }));
    }

    save() {
        const { plan } = this;
        // The call may have been linked to a record since the form was opened.
        Object.assign(plan, this.isCreating ? { name: this.name } : { model: "" });
        return this.softphone.followUps.save(this.props.call.uuid);
    }

    cancel() {
        this.softphone.followUps.drop(this.props.call.uuid);
    }

    onKeydown(ev) {
        if (ev.key === "Escape" && !ev.defaultPrevented && !ev.target.closest("[aria-expanded]")) {
            ev.preventDefault();
            ev.stopPropagation();
            this.cancel();
        }
    }

    /** @param {Object} saved a follow-up that was planned */
    savedText({ kind, date, time, assignee }) {
        const format = time ? DateTime.DATETIME_MED_WITH_WEEKDAY : DateTime.DATE_MED_WITH_WEEKDAY;
        const moment = DateTime.fromISO(time ? `${date}T${time}` : date);
        const values = {
            date: moment.toLocaleString(format),
            name: assignee.name,
        };
        if (assignee.id !== user.userId) {
            return kind === "call"
                ? _t("Follow-up call on %(date)s for %(name)s", values)
                : _t("Follow-up task on %(date)s for %(name)s", values);
        }
        return kind === "call"
            ? _t("Follow-up call on %(date)s", values)
            : _t("Follow-up task on %(date)s", values);
    }

    open(record) {
        openCallRecord(this.action, { record });
    }
}
