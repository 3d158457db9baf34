/**
 * The texts of the live lists about a call.
 */

import { _t } from "@web/core/l10n/translation";
import { AgentState } from "@crm_telephony/backend/agent_state";

const NORMAL = { id: "normal", className: "", icon: "", word: () => "" };
const LONG = {
    id: "long",
    className: "badge rounded-pill text-bg-warning",
    icon: "fa-exclamation-circle",
    word: () => _t("Long wait"),
};
const TOO_LONG = {
    id: "too_long",
    className: "badge rounded-pill text-bg-danger",
    icon: "fa-exclamation-triangle",
    word: () => _t("Critical wait"),
};

/**
 * @param {Object|false|undefined} queue with `amber_seconds` and `red_seconds`; 0 for no limit
 * @param {number} seconds waiting time of the caller
 * @returns {{ id: string, className: string, icon: string, word: string }}
 */
export function waitingLevel(queue, seconds) {
    const isOver = (limit) => Boolean(limit) && seconds >= limit;
    const level =
        (isOver(queue?.red_seconds) && TOO_LONG) || (isOver(queue?.amber_seconds) && LONG);
    return level ? { ...level, word: level.word() } : { ...NORMAL, word: "" };
}

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @returns {string} why the agent cannot pick up a caller now; empty if possible
 */
export function reasonNotToPickUp(store) {
    if (store.isBusy || store.agent?.state === AgentState.IN_CALL) {
        return _t("You are already in a call.");
    }
    if (store.accepting) {
        return _t("You are already answering a call.");
    }
    if (!store.isOnline) {
        return ""; // the click sets the agent online
    }
    if (store.isUnreachable || store.agent.state === AgentState.UNREACHABLE) {
        return _t("You cannot receive calls right now, so you cannot answer callers in the queue.");
    }
    return "";
}
