/**
 * What the customer of an outgoing call sees: one of the company's numbers, or a caller ID.
 */

/**
 * @typedef {Object} Sender
 * @property {"number"|"caller_id"} kind
 * @property {number} id of a number of the company, or of a caller ID
 * @property {string} name
 * @property {string} number_display
 */

const asSender = (kind) => (record) => ({ ...record, kind, key: `${kind}-${record.id}` });

/**
 * @param {Object[]} callerIds as in the snapshot
 * @param {Object[]} numbers as in the snapshot
 * @returns {Sender[]} all choices, caller IDs first
 */
export function sendersOf(callerIds, numbers) {
    return [...callerIds.map(asSender("caller_id")), ...numbers.map(asSender("number"))];
}

/**
 * @param {Object} answer of `get_choices`
 * @returns {Sender|undefined} the choice that is preselected for the customer
 */
export function preselectedOf({ choices, numbers = [], preselected_id, preselected_number_id }) {
    const key = preselected_number_id
        ? `number-${preselected_number_id}`
        : `caller_id-${preselected_id}`;
    return sendersOf(choices, numbers).find((sender) => sender.key === key);
}

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @returns {boolean} whether the agent is asked before each call
 */
export function isSenderAsked({ agent, callerIds }) {
    return callerIds.length > 1 && !agent?.shows_number;
}

function mainNumberOf({ agent, numbers }) {
    return numbers.find(({ id }) => id === agent?.default_number_id) || numbers[0];
}

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @param {Sender} [sender]
 * @returns {"off"|"agent"|"always"} recording mode of a call with this sender, as the server will
 *  probably answer
 */
export function recordingModeOf(store, sender) {
    const chosen = sender?.kind === "number" && store.numbers.find(({ id }) => id === sender.id);
    return (chosen || mainNumberOf(store))?.recording_mode || "off";
}

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @returns {Sender|undefined} what customers see without a choice, if they see one thing only
 */
export function defaultSenderOf(store) {
    const { agent, callerIds } = store;
    if (isSenderAsked(store)) {
        return undefined;
    }
    const main = mainNumberOf(store);
    const isNumber = agent?.shows_number || !callerIds.length;
    return (isNumber ? sendersOf([], main ? [main] : []) : sendersOf(callerIds, []))[0];
}
