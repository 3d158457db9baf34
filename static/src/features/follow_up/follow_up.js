import { Component, useEffect, useRef, useState } from "@odoo/owl";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
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
        this.summary = useRef("summary");
        useEffect(
            () => this.showForm(),
            () => [this.plan.kind]
        );
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
    savedText({ kind, date, assignee }) {
        const values = {
            date: deserializeDate(date).toLocaleString(DateTime.DATE_MED_WITH_WEEKDAY),
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
