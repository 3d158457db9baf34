/**
 * The texts of a transfer: its target, and who hears whom.
 */

import { _t } from "@web/core/l10n/translation";
import { AgentState } from "@crm_telephony/backend/agent_state";
import { TransferState } from "@crm_telephony/core/constants";

const WAITING = [TransferState.RINGING, TransferState.JOINING];

/**
 * @param {CallData} call with a `transfer`
 * @returns {string} who hears whom now, in one or two sentences
 */
export function transferText({ role, transfer }) {
    const { state, mode, target, by } = transfer;
    const isAsked = role === "consulted";
    const name = isAsked ? by.name : target;
    if (state === TransferState.CONFERENCE) {
        return _t("You, %(name)s and the customer are in a three-way call.", { name });
    }
    if (WAITING.includes(state)) {
        return waitingText({ state, mode, name, isAsked });
    }
    return isAsked
        ? _t("%(name)s is consulting you. The customer is on hold.", { name })
        : _t("Consulting %(name)s. The customer is on hold.", {
              name,
          });
}

function waitingText({ state, mode, name, isAsked }) {
    if (isAsked) {
        return _t("Connecting you to %(name)s…", { name });
    }
    if (state === TransferState.JOINING) {
        return _t("%(name)s accepted and is connecting…", { name });
    }
    return mode === "warm"
        ? _t("Ringing %(name)s… The customer is on hold.", { name })
        : _t("Ringing %(name)s… The customer can still hear you.", { name });
}

/**
 * @param {OfferData} offer
 * @returns {string} why a colleague's call rings here; empty for an ordinary call
 */
export function offerReason({ transfer }) {
    const sentences = {
        blind: _t("%(name)s is transferring this call to you.", transfer || {}),
        warm: _t("%(name)s wants to consult you. The customer is on hold.", transfer || {}),
        add: _t("%(name)s invites you to join this call.", transfer || {}),
        returned: _t("Returned: %(name)s did not take this call.", transfer || {}),
    };
    return transfer ? sentences[transfer.kind] : "";
}

/**
 * @param {{ mode: string, state: string, name: string }|false} transfer of a row of a live list
 * @returns {string} state of the transfer; empty if there is none
 */
export function liveTransferText(transfer) {
    if (!transfer) {
        return "";
    }
    const { state, mode, name } = transfer;
    if (state === TransferState.RETURNING) {
        return _t("Returning");
    }
    if (state === TransferState.CONFERENCE) {
        return _t("Three-way call with %(name)s", { name });
    }
    if (mode === "blind") {
        return _t("Transferring to %(name)s", { name });
    }
    return state === TransferState.TALKING
        ? _t("Customer on hold, consulting %(name)s", { name })
        : _t("Ringing %(name)s", { name });
}

const STATES = {
    [AgentState.AVAILABLE]: { icon: "fa-check-circle text-success", word: () => _t("Available") },
    [AgentState.RINGING]: { icon: "fa-bell text-warning", word: () => _t("Being called") },
    [AgentState.IN_CALL]: { icon: "fa-phone text-info", word: () => _t("In a call") },
    [AgentState.UNREACHABLE]: {
        icon: "fa-exclamation-triangle text-danger",
        word: () => _t("Disconnected"),
    },
    [AgentState.OFFLINE]: { icon: "fa-minus-circle text-muted", word: () => _t("Offline") },
};
const OTHER_STATE = { icon: "fa-clock-o text-warning", word: () => _t("Wrapping up") };

/**
 * @param {Object} target of `transfer_targets`
 * @returns {{ icon: string, text: string }} icon and text of its state; never the icon alone
 */
export function targetState(target) {
    if (target.type === "agent") {
        const { icon, word } = STATES[target.state] || OTHER_STATE;
        return { icon, text: target.reason || word() };
    }
    if (target.type === "queue") {
        const text =
            target.reason ||
            (target.waiting
                ? _t("Queue, %(count)s waiting", { count: target.waiting })
                : _t("Queue, no one waiting"));
        return { icon: "fa-hourglass-half text-muted", text };
    }
    return {
        icon: "fa-phone text-muted",
        text: target.reason || target.detail || _t("Call this number"),
    };
}
