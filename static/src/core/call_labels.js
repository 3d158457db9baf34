/**
 * The texts about a call: the other party, the state, the outcome, the duration.
 */

import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { CallPhase, isConversation, mayRejoin } from "./call_phases";
import { Reach, VoiceState } from "./constants";

/** Plain advice for each kind of sound trouble; the most useful one comes first. */
const SOUND_WARNINGS = {
    lost_microphone: {
        icon: "fa-microphone-slash",
        text: () =>
            _t(
                "Your microphone stopped. Another program may be using it: close that program, or choose another microphone in the preferences."
            ),
    },
    silent_microphone: {
        icon: "fa-microphone-slash",
        text: () => _t("No sound from your microphone. Check that it is not muted."),
    },
    interrupted: {
        icon: "fa-chain-broken",
        text: () => _t("Connection interrupted. Check your network."),
    },
    nothing_received: {
        icon: "fa-volume-off",
        text: () => _t("No audio from the other party. Check your network."),
    },
    slow_network: {
        icon: "fa-signal",
        text: () =>
            _t(
                "Your network is slow, and your voice may break up. Use a network cable or move closer to the Wi-Fi router."
            ),
    },
    late_network: {
        icon: "fa-clock-o",
        text: () => _t("The audio is delayed. Pause briefly after you speak."),
    },
};

/**
 * @param {import("@crm_telephony/voice/call_session").CallSession|null} session
 * @returns {{ kind: string, icon: string, text: string }|null} the advice to show now
 */
export function soundWarning(session) {
    const isOn = (name) =>
        session?.warnings.includes(name) && !(session.isMuted && name === "silent_microphone");
    const kind = Object.keys(SOUND_WARNINGS).find(isOn);
    return kind ? { ...SOUND_WARNINGS[kind], kind, text: SOUND_WARNINGS[kind].text() } : null;
}

/**
 * @param {CallData} call
 * @returns {string} the best known name of the other party
 */
export function customerName(call) {
    const { name, number_display, number } = call.customer;
    return name || number_display || number || _t("Anonymous caller");
}

/**
 * @param {CallData} call
 * @param {boolean} [isShort] without the company, where space is limited
 * @returns {string[]} what is shown below the name, never a repetition of it
 */
export function customerDetails(call, isShort = false) {
    const { name, company_name, number_display, number, number_label } = call.customer;
    const shown = name ? number_display || number : "";
    const company = company_name !== name && !(isShort && shown) && company_name;
    return [company, shown, shown && number_label].filter(Boolean);
}

/**
 * @param {CallData} call
 * @returns {string} the text below the name
 */
export function customerDetail(call) {
    return customerDetails(call).join(" · ");
}

/**
 * @param {LiveRowData} row of a live list
 * @returns {string} the customer's name, or else the number
 */
export function rowName(row) {
    return row.customer_name || row.customer_number || _t("Hidden number");
}

/**
 * @param {LiveRowData} row of a live list
 * @returns {string} the text below the name; empty if the number already replaces the name
 */
export function numberBelow(row) {
    return row.customer_name && row.customer_number ? row.customer_number : "";
}

/**
 * @param {import("./softphone_store").SoftphoneStore} store
 * @returns {string} why calls do not reach the agent, and the remedy; empty if they do
 */
export function unreachableText(store) {
    if (!store.isUnreachable) {
        return "";
    }
    if (store.reach === Reach.NETWORK) {
        return _t(
            "You cannot receive calls because this page cannot reach the server. Check your network."
        );
    }
    return _t(
        "You cannot receive calls because the live connection is interrupted. Reconnecting… If this persists, reload the page."
    );
}

/**
 * @param {CallData} call made through the agent's custom phone
 * @param {boolean} mustPress whether the agent has to press 1
 * @returns {string} the state of the agent's phone
 */
export function phoneStateText(call, mustPress) {
    if (mayRejoin(call) || call.agent_state === "ended") {
        return _t("Your phone hung up.");
    }
    if (call.agent_connected) {
        return _t("Your phone is connected.");
    }
    if (call.agent_state === "in_progress") {
        return mustPress ? _t("Press 1 on your phone.") : _t("You answered.");
    }
    if (call.agent_state === "ringing") {
        return mustPress
            ? _t("Your phone is ringing… Press 1 when you answer.")
            : _t("Your phone is ringing…");
    }
    return _t("Calling your phone…");
}

/**
 * @param {CallData} call made through the agent's custom phone
 * @returns {string} the state of the customer's phone
 */
export function customerStateText(call) {
    if (call.phase === CallPhase.CLAIMED && call.direction === "incoming") {
        return _t("The customer is waiting.");
    }
    if (call.customer_state === "in_progress") {
        return call.on_hold ? _t("The customer is on hold.") : _t("The customer is connected.");
    }
    if (call.direction === "incoming") {
        return _t("The customer is waiting.");
    }
    if (call.customer_state === "ringing") {
        return _t("The customer's phone is ringing…");
    }
    return call.agent_connected
        ? _t("Calling the customer…")
        : _t("The customer is called once you answer.");
}

/**
 * @param {CallData} call
 * @param {string} voiceState one of `VoiceState`; undefined if no tab carries the sound
 * @returns {string} a short text for the state of a running call
 */
export function callStateText(call, voiceState) {
    if (voiceState === VoiceState.ENDING) {
        return _t("Hanging up…");
    }
    if (voiceState === VoiceState.RECONNECTING) {
        return _t("The connection was lost. Reconnecting…");
    }
    if (voiceState === VoiceState.LOST) {
        return _t("You are no longer connected to this call.");
    }
    if (call.on_hold) {
        return _t("On hold");
    }
    if (isConversation(call)) {
        const isWaiting = [VoiceState.PREPARING, VoiceState.CONNECTING].includes(voiceState);
        return isWaiting ? _t("Connecting…") : _t("In a call");
    }
    if (call.via === "phone" && voiceState === undefined) {
        return _t("Calling your phone first");
    }
    if (call.direction === "incoming") {
        return _t("Connecting…");
    }
    return call.customer_state === "ringing" ? _t("Ringing…") : _t("Calling…");
}

/**
 * @param {CallData} call that has ended
 * @returns {string} length of the conversation; empty if there was none
 */
export function conversationLength(call) {
    if (!call.answered_at || !call.ended_at) {
        return "";
    }
    const start = deserializeDateTime(call.answered_at);
    return formatSeconds(deserializeDateTime(call.ended_at).diff(start, "seconds").seconds);
}
