/**
 * What the page decides by the phase of a call. The server computes the phase
 * (`tools/call_phases.py`); this file is the only one that says what it means for the page.
 */

export const CallPhase = Object.freeze({
    ENDED: "ended",
    QUEUE_CALLBACK: "queue_callback",
    FRESH: "fresh",
    CLAIMED: "claimed",
    DIALING: "dialing",
    JOINING: "joining",
    RETURNING: "returning",
    TRANSFERRING: "transferring",
    WAITING: "waiting",
    OFFERING: "offering",
    AWAITING_AGENTS: "awaiting_agents",
    IN_FLOW: "in_flow",
    CONFERENCE: "conference",
    CONSULTING: "consulting",
    TALKING: "talking",
    HELD: "held",
    AGENT_LOST: "agent_lost",
});

/** The agent talks with the customer, or has to rejoin. */
const CONVERSATIONS = [
    CallPhase.CONFERENCE,
    CallPhase.CONSULTING,
    CallPhase.TALKING,
    CallPhase.AGENT_LOST,
];
/** The agent may take another call, which puts this one on hold. */
const INTERRUPTIBLE = [CallPhase.TALKING, CallPhase.AGENT_LOST];

/** @param {CallData} [call] */
export function isOver(call) {
    return call?.phase === CallPhase.ENDED;
}

/** @param {CallData} [call] @returns {boolean} whether the agent set it aside for another call */
export function isHeld(call) {
    return call?.phase === CallPhase.HELD;
}

/** @param {CallData} [call] @returns {boolean} whether it is the agent's current conversation */
export function isConversation(call) {
    return CONVERSATIONS.includes(call?.phase);
}

/** @param {CallData} [call] @returns {boolean} whether it is a conversation, current or held */
export function isAnswered(call) {
    return isConversation(call) || isHeld(call);
}

/** @param {CallData} [call] @returns {boolean} whether it can be put on hold for another call */
export function isInterruptible(call) {
    return INTERRUPTIBLE.includes(call?.phase) && call.role !== "consulted" && !call.transfer;
}

/**
 * @param {CallData} [call]
 * @returns {boolean} whether the agent's own connection to the conversation was lost. The phase
 *  alone does not say it: a consulted colleague may still be with the customer.
 */
export function mayRejoin(call) {
    return isConversation(call) && call.role !== "consulted" && !call.agent_connected;
}
