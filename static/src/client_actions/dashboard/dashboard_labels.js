/**
 * The content of the dashboard: its periods, its figures and its graphs.
 */

import { _t } from "@web/core/l10n/translation";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";
import { averageText, percentText } from "@crm_telephony/client_actions/board/board_labels";

export const PERIODS = [
    { days: 1, name: () => _t("Today") },
    { days: 7, name: () => _t("Last 7 days") },
    { days: 30, name: () => _t("Last 30 days") },
    { days: 90, name: () => _t("Last 90 days") },
];

/** @returns {string} like 3.5 h, or 12 min */
function talkText(minutes) {
    return minutes >= 60
        ? _t("%(hours)s h", { hours: formatFloat(minutes / 60, { digits: [16, 1] }) })
        : _t("%(minutes)s min", { minutes: formatInteger(Math.round(minutes)) });
}

function share(part, whole) {
    return whole ? (100 * part) / whole : false;
}

/**
 * `isGood`: whether a higher value is better (1), worse (-1), or neither (0).
 */
const FIGURES = [
    {
        name: "calls",
        label: () => _t("Calls"),
        icon: "fa-phone",
        isGood: 0,
        text: formatInteger,
        domain: [],
    },
    {
        name: "answer_rate",
        label: () => _t("Callers answered"),
        icon: "fa-check",
        isGood: 1,
        read: (data) => share(data.answered, data.answered + data.missed),
        text: percentText,
        domain: [
            ["direction", "=", "incoming"],
            ["answered_at", "!=", false],
        ],
    },
    {
        name: "missed",
        label: () => _t("Callers missed"),
        icon: "fa-times",
        isGood: -1,
        text: formatInteger,
        domain: [
            ["direction", "=", "incoming"],
            ["answered_at", "=", false],
            ["state", "=", "ended"],
            ["outcome", "not in", ["blocked", "queue_callback"]],
        ],
    },
    {
        name: "average_wait",
        label: () => _t("Average wait"),
        icon: "fa-clock-o",
        isGood: -1,
        text: averageText,
        domain: [["direction", "=", "incoming"]],
    },
    {
        name: "talk_minutes",
        label: () => _t("Talk time"),
        icon: "fa-comments-o",
        isGood: 0,
        text: talkText,
        domain: [["answered_at", "!=", false]],
    },
    {
        name: "service_level",
        label: () => _t("Service level"),
        icon: "fa-bullseye",
        isGood: 1,
        text: percentText,
        domain: [["level_count", "=", 1]],
    },
];

/** The change of a figure: a sign, a text, and whether the change is good. */
function change(figure, now, before) {
    if (now === false || before === false || (!before && !now)) {
        return { text: "", className: "", icon: "" };
    }
    if (now === before) {
        return { text: _t("no change"), className: "", icon: "fa-arrows-h" };
    }
    const isMore = now > before;
    const isGood = figure.isGood * (isMore ? 1 : -1);
    // Only the sign is colored: colored letters would be too faint on a dark page.
    const className = { 1: "text-success", "-1": "text-danger" }[isGood] || "";
    const text = _t("from %(before)s", { before: figure.text(before) });
    return { text, className, icon: isMore ? "fa-arrow-up" : "fa-arrow-down" };
}

/**
 * @param {Object} data answer of `dashboard`
 * @returns {Object[]} the figures, ready to be rendered
 */
export function readFigures(data) {
    return FIGURES.map((figure) => {
        const read = figure.read || ((values) => values[figure.name]);
        const [now, before] = [read(data.now), read(data.before)];
        return {
            ...figure,
            label: figure.label(),
            value: figure.text(now),
            change: change(figure, now, before),
        };
    });
}

const bar = (groupBy, { measure = "call_count", stacked = true, order = null } = {}) => ({
    graph_groupbys: groupBy,
    graph_measure: measure,
    graph_mode: "bar",
    graph_stacked: stacked,
    graph_order: order,
});

/**
 * @param {boolean} isSupervisor whether there are other agents' calls to compare
 * @param {number} days length of the period
 * @returns {{ name: string, title: string, context: Object, isWide: boolean }[]}
 */
export function graphsOf(isSupervisor, days) {
    const step = days > 31 ? "week" : "day";
    const perUser = bar(["user_id", "direction"], { order: "DESC" });
    const graphs = [
        {
            name: "day",
            title: step === "week" ? _t("Calls per week") : _t("Calls per day"),
            context: bar([`started_at:${step}`, "outcome"]),
            isWide: true,
        },
        { name: "hour", title: _t("Calls by hour of day"), context: bar(["hour", "direction"]) },
        {
            name: "weekday",
            title: _t("Calls by day of the week"),
            context: bar(["weekday", "direction"]),
        },
        { name: "user", title: _t("Calls by phone user"), context: perUser },
        {
            name: "queue",
            title: _t("Service level by queue (%)"),
            context: bar(["queue_id"], { measure: "service_level", stacked: false }),
            domain: [["level_count", "=", 1]],
        },
    ];
    return graphs.filter(({ name }) => isSupervisor || !["user", "queue"].includes(name));
}
