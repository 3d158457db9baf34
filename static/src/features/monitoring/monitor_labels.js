/**
 * The three modes in which a supervisor can monitor a conversation.
 */

import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { AgentState } from "@crm_telephony/backend/agent_state";
import { MonitorMode } from "@crm_telephony/core/constants";

export const MONITOR_MODES = Object.freeze([
    {
        id: MonitorMode.LISTEN,
        icon: "fa-headphones",
        label: () => _t("Listen"),
        hint: () => _t("No one can hear you."),
        seen: (name) => _t("%(name)s is listening to this call.", { name }),
    },
    {
        id: MonitorMode.WHISPER,
        icon: "fa-comment-o",
        label: () => _t("Whisper"),
        hint: (name) => _t("Only %(name)s can hear you.", { name }),
        seen: (name) =>
            _t("%(name)s is listening and can speak to you. The customer cannot hear this.", {
                name,
            }),
    },
    {
        id: MonitorMode.BARGE,
        icon: "fa-users",
        label: () => _t("Barge in"),
        hint: () => _t("Everyone can hear you."),
        seen: (name) => _t("%(name)s barged in to this call.", { name }),
    },
]);

/** @param {string} id one of `MonitorMode` */
export function monitorMode(id) {
    return MONITOR_MODES.find((mode) => mode.id === id) || MONITOR_MODES[0];
}

/**
 * @param {CallData|null} call
 * @returns {string[]} the supervisors of the agent's call, and their modes
 */
export function supervisorTexts(call) {
    return (call?.supervisors || []).map(({ name, mode }) => monitorMode(mode).seen(name));
}

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @param {LiveRowData} row of the list of conversations
 * @returns {string} why the user cannot monitor it now; empty if possible
 */
export function reasonNotToMonitor(store, row) {
    if (row.user && row.user.id === user.userId) {
        return _t("This is your own call.");
    }
    if (store.monitoring) {
        return store.monitoring.uuid === row.uuid
            ? ""
            : _t("You are already monitoring another call. Leave it first.");
    }
    if (store.hasCall || store.agent?.state === AgentState.IN_CALL) {
        return _t("You are already in a call.");
    }
    return store.accepting ? _t("You are already answering a call.") : "";
}
