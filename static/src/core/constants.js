/**
 * Words shared by the parts of the softphone.
 *
 * `CallState` is what the server says of a call, `VoiceState` is what this browser knows of the
 * sound of that call. The two never replace each other: a call may go on while its sound is lost.
 */

export const GROUP_USER = "crm_telephony.group_user";
export const SERVICE_NAME = "crm_telephony.softphone";

export const CallState = Object.freeze({
    NEW: "new",
    ROUTING: "routing",
    QUEUED: "queued",
    RINGING: "ringing",
    IN_PROGRESS: "in_progress",
    ENDED: "ended",
});

export const VoiceState = Object.freeze({
    PREPARING: "preparing",
    CONNECTING: "connecting",
    CONNECTED: "connected",
    RECONNECTING: "reconnecting",
    LOST: "lost",
    ENDING: "ending",
    ENDED: "ended",
});

/** What the way to the provider is opened for before there is any sound. */
export const VoiceNeed = Object.freeze({
    NUMBER: "number", // that is being typed
    OFFER: "offer", // that rings
    CALL: "call", // that is being placed or taken
});

/** Who hears a supervisor in a conversation of somebody else. */
export const MonitorMode = Object.freeze({
    LISTEN: "listen",
    WHISPER: "whisper",
    BARGE: "barge",
});

export const VoiceErrorKind = Object.freeze({
    MIC_DENIED: "mic_denied",
    MIC_MISSING: "mic_missing",
    MIC_BUSY: "mic_busy",
    INSECURE: "insecure",
    UNSUPPORTED: "unsupported",
    SDK_UNAVAILABLE: "sdk_unavailable",
    UNREACHABLE: "unreachable",
    TOKEN: "token",
    REFUSED: "refused",
    CONNECTION_LOST: "connection_lost",
    UNKNOWN: "unknown",
});

export const Panel = Object.freeze({
    KEYPAD: "keypad",
    RECENT: "recent",
    CONTACTS: "contacts",
    ACTIVITIES: "activities",
    LIVE: "live",
    QUEUE: "queue",
    PREFERENCES: "preferences",
});

/** How far the asking of somebody else has come. */
export const TransferState = Object.freeze({
    RINGING: "ringing",
    JOINING: "joining",
    TALKING: "talking",
    CONFERENCE: "conference",
    RETURNING: "returning",
});

/** What this page knows of its own reachability, before the server may know it. */
export const Reach = Object.freeze({
    OK: "ok",
    /** The bus does not deliver, so a call cannot be announced */
    BUS: "bus",
    /** The server does not answer */
    NETWORK: "network",
});

export const AgentState = Object.freeze({
    OFFLINE: "offline",
    UNREACHABLE: "unreachable",
    AVAILABLE: "available",
    RINGING: "ringing",
    IN_CALL: "in_call",
    WRAP_UP: "wrap_up",
});

/** Keys of the dial pad in reading order, with the letters printed under them. */
export const DIAL_KEYS = Object.freeze([
    ["1", ""],
    ["2", "ABC"],
    ["3", "DEF"],
    ["4", "GHI"],
    ["5", "JKL"],
    ["6", "MNO"],
    ["7", "PQRS"],
    ["8", "TUV"],
    ["9", "WXYZ"],
    ["*", ""],
    ["0", "+"],
    ["#", ""],
]);
