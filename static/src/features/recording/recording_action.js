/**
 * The button that starts, pauses and resumes the recording of a conversation.
 */

import { _t } from "@web/core/l10n/translation";
import { callActionRegistry } from "@crm_telephony/core/call_action_registry";
import { isConversation } from "@crm_telephony/core/call_phases";

const LIVE = ["starting", "recording", "paused"];

/**
 * @param {CallData} call
 * @returns {string} the recording state that a click on the button requests
 */
function nextWish({ recording }) {
    return LIVE.includes(recording.state) && recording.wanted === "recording"
        ? "paused"
        : "recording";
}

/** The text below the icon; the whole label is the tooltip. */
function shortLabel({ call }) {
    if (!LIVE.includes(call.recording.state)) {
        return _t("Record call");
    }
    return nextWish(call) === "paused" ? _t("Pause") : _t("Resume");
}

function label({ call }) {
    if (!LIVE.includes(call.recording.state)) {
        return _t("Record call");
    }
    return nextWish(call) === "paused" ? _t("Pause recording") : _t("Resume recording");
}

callActionRegistry.add(
    "recording",
    {
        className: "o_telephony_record",
        isRequest: true,
        label,
        shortLabel,
        icon: ({ call }) =>
            nextWish(call) === "paused" ? "fa fa-pause-circle" : "fa fa-dot-circle-o",
        isVisible: ({ call }) =>
            Boolean(call.recording) && call.recording.mode !== "off" && call.role !== "consulted",
        isDisabled: ({ call }) => !isConversation(call) || Boolean(call.recording.reason),
        reason: ({ call }) =>
            call.recording.reason ||
            (isConversation(call) ? "" : _t("You can record the call once it is answered.")),
        onSelected: ({ softphone, call }) => softphone.recording.set(call, nextWish(call)),
    },
    { sequence: 40 }
);
