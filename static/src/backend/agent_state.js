/**
 * The states of an agent, and their icons.
 */

export const AgentState = Object.freeze({
    OFFLINE: "offline",
    UNREACHABLE: "unreachable",
    AVAILABLE: "available",
    RINGING: "ringing",
    IN_CALL: "in_call",
    WRAP_UP: "wrap_up",
    /** Only in the page of the agent, until the server knows the page */
    CONNECTING: "connecting",
});

export const STATE_ICONS = {
    [AgentState.OFFLINE]: "fa-minus-circle text-muted",
    [AgentState.UNREACHABLE]: "fa-exclamation-triangle text-danger",
    [AgentState.AVAILABLE]: "fa-check-circle text-success",
    [AgentState.RINGING]: "fa-bell text-warning",
    [AgentState.IN_CALL]: "fa-phone text-info",
    [AgentState.WRAP_UP]: "fa-pencil text-info",
    [AgentState.CONNECTING]: "fa-circle-o-notch fa-spin text-muted",
};
