/**
 * Terms shared by the parts of the softphone.
 *
 * `VoiceState` is the state of a call's sound in this browser. It does not replace the phase of the
 * call on the server (`call_phases.js`): a call may continue while its sound is lost.
 */

export const VoiceState = Object.freeze({
    PREPARING: "preparing",
    CONNECTING: "connecting",
    CONNECTED: "connected",
    RECONNECTING: "reconnecting",
    LOST: "lost",
    ENDING: "ending",
    ENDED: "ended",
});

/** The reasons to open the connection to the provider before there is any sound. */
export const VoiceNeed = Object.freeze({
    NUMBER: "number", // being typed
    OFFER: "offer", // ringing
    CALL: "call", // being placed or accepted
});

/** The parties that hear a supervisor in a monitored conversation. */
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
    LIMIT: "limit", // the account has too many calls at once
    RATE_LIMITED: "rate_limited",
    CONNECTION_LOST: "connection_lost",
    UNKNOWN: "unknown",
});

/** What an error on the screen is about, so that it goes when that is over. */
export const ErrorCause = Object.freeze({
    /** The agent has a call already */
    BUSY: "busy",
    MICROPHONE: "microphone",
    /** Odoo cannot be reached */
    NETWORK: "network",
});

export const Panel = Object.freeze({
    KEYPAD: "keypad",
    RECENT: "recent",
    CONTACTS: "contacts",
    ACTIVITIES: "activities",
    LIVE: "live",
    QUEUE: "queue",
    PREFERENCES: "preferences",
    SET_UP: "set_up",
});

/** What is known of the microphone of this browser. */
export const MicrophoneState = Object.freeze({
    ALLOWED: "allowed",
    BLOCKED: "blocked",
    /** The browser will ask at the first use */
    NOT_ASKED: "not_asked",
    MISSING: "missing",
    /** The page is not served over https */
    INSECURE: "insecure",
    /** The browser does not report it */
    UNKNOWN: "unknown",
});

/** The progress of a transfer. */
export const TransferState = Object.freeze({
    RINGING: "ringing",
    JOINING: "joining",
    TALKING: "talking",
    CONFERENCE: "conference",
    RETURNING: "returning",
});

/** The reachability of this page as the page knows it, possibly before the server. */
export const Reach = Object.freeze({
    OK: "ok",
    /** The bus does not deliver, so that a call cannot be announced */
    BUS: "bus",
    /** The server does not answer */
    NETWORK: "network",
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
