/**
 * The format of the board's figures, and the list of calls behind each figure.
 */

import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatInteger, formatPercentage } from "@web/views/fields/formatters";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { waitingLevel } from "@crm_telephony/features/live_calls/live_labels";

const NAMES = {
    waiting: () => _t("Callers waiting now"),
    talking: () => _t("Calls in conversation"),
    answered: () => _t("Answered calls today"),
    missed: () => _t("Missed calls today"),
    abandoned: () => _t("Abandoned calls today"),
    voicemail: () => _t("Today's voicemails"),
    level: () => _t("Calls counted in today's service level"),
};
const RANK = ["normal", "long", "too_long"];

/**
 * @param {number|false} percentage from 0 to 100; false if there is nothing to count
 * @returns {string} like 87%
 */
export function percentText(percentage) {
    return percentage === false ? "–" : formatPercentage(percentage / 100, { digits: [16, 0] });
}

/** @returns {string} like 12 or 1,200 */
export function countText(count) {
    return formatInteger(count);
}

/** @returns {string} like 0:42; a dash if no caller has waited */
export function averageText(seconds) {
    return seconds === false ? "–" : formatSeconds(Math.round(seconds));
}

/**
 * @param {Object} row row of the board
 * @returns {{ className: string, icon: string, title: string }} whether the target is met
 */
export function goalSigns(row) {
    if (row.service_level === false || !row.goal) {
        return { className: "", icon: "", title: "" };
    }
    const goal = percentText(row.goal);
    return row.service_level >= row.goal
        ? {
              className: "text-success",
              icon: "fa-check",
              title: _t("The target of %(goal)s is met.", { goal }),
          }
        : {
              className: "text-danger",
              icon: "fa-arrow-down",
              title: _t("Below the target of %(goal)s.", { goal }),
          };
}

/**
 * @param {Object[]} rows rows of the board
 * @param {number} now server time in milliseconds
 * @returns {Object} the most severe level of the queues, see `waitingLevel`
 */
export function worstLevel(rows, now) {
    return rows
        .filter((row) => row.waiting_since)
        .map((row) => waitingLevel(row, (now - deserializeDateTime(row.waiting_since)) / 1000))
        .reduce(
            (worst, level) => (RANK.indexOf(level.id) > RANK.indexOf(worst.id) ? level : worst),
            waitingLevel(false, 0)
        );
}

/**
 * @param {string} figure name of a figure
 * @param {Object} data data of the board
 * @param {Object} [row] row of a queue; all queues if omitted
 * @returns {Object} the action that lists the calls behind a figure
 */
export function drillDown(figure, data, row) {
    const domain = [...data.domains[figure]];
    if (row) {
        domain.push(["queue_id", "=", row.id]);
    }
    const isReport = figure === "level";
    return {
        type: "ir.actions.act_window",
        name: row ? `${NAMES[figure]()} (${row.name})` : NAMES[figure](),
        res_model: isReport ? "telephony.call.report" : "telephony.call",
        domain,
        context: isReport ? { group_by: ["in_target_count"] } : {},
        views: isReport
            ? [[false, "list"]]
            : [
                  [false, "list"],
                  [false, "form"],
              ],
    };
}
