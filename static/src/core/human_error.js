/**
 * The one place that turns an error into a sentence for the user.
 */

import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { ErrorCause, VoiceErrorKind as Kind } from "./constants";

/** An error of a call's sound: microphone, provider or network. */
export class VoiceError extends Error {
    /**
     * @param {string} kind one of `VoiceErrorKind`
     * @param {number|string} [code] the provider's error code, for the console only
     * @param {string} [sentence] the server's explanation, if it has one
     */
    constructor(kind, code = "", sentence = "") {
        super(`voice error: ${kind}${code ? ` (${code})` : ""}`);
        this.name = "VoiceError";
        this.kind = kind;
        this.code = code;
        this.sentence = sentence;
    }

    /** @returns {boolean} whether the user's own microphone is the cause */
    get isMicrophone() {
        return [Kind.MIC_DENIED, Kind.MIC_MISSING, Kind.MIC_BUSY, Kind.INSECURE].includes(
            this.kind
        );
    }
}

const VOICE_SENTENCES = {
    [Kind.MIC_DENIED]: () =>
        _t(
            "The microphone is blocked for this page. Click the icon next to the address bar, allow the microphone and try again."
        ),
    [Kind.MIC_MISSING]: () => _t("No microphone was found. Connect one and try again."),
    [Kind.MIC_BUSY]: () =>
        _t(
            "The microphone cannot be used. Another program may be using it. Close that program and try again."
        ),
    [Kind.INSECURE]: () =>
        _t(
            "Calls require a secure connection. Open Odoo with an address that starts with https://."
        ),
    [Kind.UNSUPPORTED]: () =>
        _t(
            "This browser cannot make calls. Use a current version of Chrome, Edge, Firefox or Safari."
        ),
    [Kind.SDK_UNAVAILABLE]: () =>
        _t("The phone could not be loaded. Check your network and try again."),
    [Kind.UNREACHABLE]: () => _t("Twilio cannot be reached. Check your network and try again."),
    [Kind.TOKEN]: () =>
        _t("Twilio rejected the sign-in. Ask your phone administrator to check the account."),
    [Kind.REFUSED]: () => _t("Twilio rejected the call. Try again in a moment."),
    [Kind.LIMIT]: () =>
        _t(
            "Your Twilio account cannot carry another call at the same time. Wait until a call has ended."
        ),
    [Kind.RATE_LIMITED]: () =>
        _t("Twilio is receiving too many requests from this account. Try again in a moment."),
    [Kind.CONNECTION_LOST]: () => _t("The call was disconnected."),
    [Kind.UNKNOWN]: () => _t("The call could not be connected. Try again."),
};

/**
 * @param {unknown} error
 * @returns {boolean} whether the server would accept the request if a reason were given
 */
export function isRuleError(error) {
    return Boolean(error?.exceptionName?.endsWith(".TelephonyRuleError"));
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the server has refused the request, with a sentence that says why
 */
export function isRefusal(error) {
    const isForPeople = error?.exceptionName?.startsWith("odoo.exceptions.") || isRuleError(error);
    return Boolean(error instanceof RPCError && isForPeople && error.data?.message);
}

/**
 * @param {unknown} error
 * @returns {string} one of `ErrorCause`; empty if the end of the cause is not noticed
 */
export function errorCause(error) {
    if (error instanceof ConnectionLostError) {
        return ErrorCause.NETWORK;
    }
    return error instanceof VoiceError && error.isMicrophone ? ErrorCause.MICROPHONE : "";
}

/**
 * @param {unknown} error a `VoiceError`, a server or network error, or a bug
 * @returns {string} a complete, translated sentence; never a traceback
 */
export function humanError(error) {
    if (error instanceof VoiceError) {
        return error.sentence || (VOICE_SENTENCES[error.kind] || VOICE_SENTENCES[Kind.UNKNOWN])();
    }
    if (error instanceof ConnectionLostError) {
        return _t("Odoo cannot be reached. Check your network and try again.");
    }
    if (isRefusal(error)) {
        return error.data.message;
    }
    console.warn("Telephony:", error);
    return _t(
        "Something went wrong. Try again, and contact your administrator if the problem persists."
    );
}
