import { Component, onMounted, useRef, useState } from "@odoo/owl";
import { deserializeDate, deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { moveInList } from "@crm_telephony/core/list_keys";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

const { DateTime } = luxon;

/** The calls that the agent has to make, most urgent first, each callable with one click. */
export class ActivitiesPanel extends Component {
    static template = "crm_telephony.ActivitiesPanel";
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.action = useService("action");
        this.dueCalls = useState(this.softphone.dueCalls);
        this.list = useRef("list");
        onMounted(() => this.dueCalls.open());
    }

    get groups() {
        const titles = [
            ["overdue", _t("Overdue")],
            ["today", _t("Due today")],
            ["planned", _t("Planned for later")],
        ];
        return titles
            .map(([state, title]) => ({
                state,
                title,
                rows: this.dueCalls.rows.filter((row) => row.state === state),
            }))
            .filter(({ rows }) => rows.length);
    }

    when(row) {
        const day = row.is_today
            ? _t("Today")
            : deserializeDate(row.deadline).toLocaleString({ month: "short", day: "numeric" });
        const hour =
            row.start && deserializeDateTime(row.start).toLocaleString(DateTime.TIME_SIMPLE);
        return hour ? `${day}, ${hour}` : day;
    }

    callLabel(row) {
        return row.reason || _t("Call %(name)s", { name: row.name });
    }

    doneLabel(row) {
        return _t("Mark the call to %(name)s as done", { name: row.name });
    }

    openLabel(row) {
        return _t("Open %(name)s", { name: row.record.name });
    }

    open(row) {
        openCallRecord(this.action, { record: row.record });
    }

    onKeydown(ev) {
        moveInList(ev, this.list.el, ".o_telephony_due");
    }
}
