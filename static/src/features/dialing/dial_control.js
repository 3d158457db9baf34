/**
 * Places a call: the questions to the agent, the request to the server, and the sound.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { uuid } from "@web/core/utils/strings";
import { attempt } from "@crm_telephony/core/attempt";
import { ErrorCause, VoiceNeed } from "@crm_telephony/core/constants";
import { isRuleError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";
import { recordingModeOf } from "./senders";

const RETRY_DELAY = 1_000; // ms

export class DialControl {
    /**
     * @param {Object} parts
     * @param {Object} parts.orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/voice/voice_session").VoiceSession} parts.voiceSession
     * @param {import("@crm_telephony/voice/voice_device").VoiceDevice} parts.voice
     * @param {import("@crm_telephony/shell/window_state").WindowState} parts.windowState
     * @param {import("./call_questions").CallQuestions} parts.questions
     * @param {import("@crm_telephony/features/in_call/call_control").CallControl} parts.calls
     */
    constructor(parts) {
        Object.assign(this, parts);
    }

    /**
     * Call a number.
     *
     * @param {Object} request
     * @param {string} request.number as typed; the server adds the country
     * @param {string} [request.name] shown until the server returns the customer
     * @param {import("./senders").Sender} [request.sender] what the customer sees; asked for if
     *  omitted and not clear
     * @param {{ resModel: string, resId: number }|null} [request.target] record the call is about
     * @param {number} [request.activityId] the due activity of the call
     * @param {string} [request.reason] reason to override a rule of the company
     * @returns {Promise<boolean>} whether the call was placed
     */
    async dial({ number, name = "", sender, target = null, activityId, reason = "" }) {
        const { store } = this;
        this.windowState.open();
        this._checkBeforeCall(number);
        if (store.error) {
            return false;
        }
        if (!sender) {
            sender = await this._chooseSender({ number, name });
            if (sender === undefined) {
                return false;
            }
            this._checkBeforeCall(number); // a call may have arrived meanwhile
        }
        return !store.error && this._place({ number, name, sender, target, activityId, reason });
    }

    /**
     * Open the connection to the provider for a call that will probably be made, or release it.
     *
     * @param {boolean} isLikely
     */
    expectCall(isLikely) {
        const { store, voice } = this;
        if (!isLikely) {
            voice.release(VoiceNeed.NUMBER);
        } else if (store.usesBrowser && store.canCall && !store.session) {
            voice.prepare(VoiceNeed.NUMBER).catch(() => {}); // `connect` reports it, if it fails again
        }
    }

    /**
     * @param {string} number of a customer, as typed
     * @returns {Promise<import("./senders").Sender|undefined>} see `CallQuestions.findLastSender`
     */
    findLastSender(number) {
        return this.questions.findLastSender(number);
    }

    async _place(request) {
        const { number, name, sender } = request;
        const { store, voiceSession, voice } = this;
        store.hideEnded();
        store.hideKeypad();
        store.startDialing({ number, name, recordingMode: recordingModeOf(store, sender) });
        const session = voiceSession.begin();
        if (store.usesBrowser) {
            // Prepare now: the keypad is about to close, and releases its own need.
            voice.prepare(VoiceNeed.CALL).catch(() => {}); // `connect` reports it, if it fails again
        }
        try {
            if (store.usesBrowser) {
                await voice.ensureMicrophone();
            }
            if (!voiceSession.isWanted(session)) {
                return false;
            }
            const call = await this._sendDial(request);
            if (!voiceSession.isWanted(session)) {
                // The agent hung up while the server was dialing.
                await this.orm.silent.call("telephony.call", "hang_up", [call.uuid]);
                return false;
            }
            await this._onDialed(session, call);
            return true;
        } catch (error) {
            const isWanted = voiceSession.isWanted(session);
            this._onDialFailed(session, error);
            return isWanted && isRuleError(error) && this._dialWithReason(request);
        }
    }

    /** @returns {Promise<Object|false|undefined>} undefined if the agent canceled */
    _chooseSender({ number, name }) {
        return attempt(this.store, () => this.questions.chooseSender({ number, name }));
    }

    /** Ask for a reason and dial again: the agent may override the rule that forbids the call. */
    async _dialWithReason(request) {
        const { store } = this;
        const reason = await this.questions.askReason(store.error);
        return Boolean(reason) && this.dial({ ...request, reason });
    }

    /** Show why the number cannot be called now, if so. */
    _checkBeforeCall(number) {
        const { store } = this;
        const isOccupied = store.isBusy || store.heldCall || store.accepting;
        store.setError(this._reasonNotToDial(number), isOccupied ? ErrorCause.BUSY : "");
    }

    _reasonNotToDial(number) {
        const { store } = this;
        if (store.hasCall || store.accepting) {
            return _t("You are already in a call.");
        }
        if (store.monitoring) {
            return _t("You are monitoring a call. Leave it first.");
        }
        if (store.heldCall) {
            return _t("A customer is on hold. Resume or end that call first.");
        }
        // Before the first snapshot the state is unknown, and the server decides.
        if (store.isReady && !store.canCall) {
            return store.cannotCallReason || _t("You cannot make calls right now.");
        }
        return number.trim() ? "" : _t("Enter a number to call.");
    }

    async _sendDial({ number, sender, target, activityId, reason }) {
        const kwargs = {
            caller_id_id: sender?.kind === "caller_id" ? sender.id : null,
            ...(sender?.kind === "number" && { number_id: sender.id }),
            res_model: target?.resModel || null,
            res_id: target?.resId || null,
            request_uuid: uuid(), // one click never makes two calls, even if sent twice
            ...(activityId && { activity_id: activityId }),
            ...(reason && { override_reason: reason }),
        };
        const send = () => this.orm.silent.call("telephony.call", "dial", [number.trim()], kwargs);
        try {
            return await send();
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
            await new Promise((resolve) => browser.setTimeout(resolve, RETRY_DELAY));
            return send();
        }
    }

    async _onDialed(session, call) {
        const { store, voiceSession } = this;
        session.update({ uuid: call.uuid });
        store.stopDialing();
        store.applyCall(call);
        store.clearDraft();
        if (!store.findCall(call.uuid)) {
            this.calls.onEnded(store.recent.find((other) => other.uuid === call.uuid) || call);
        } else if ((call.via || store.agent?.call_via) === "phone") {
            voiceSession.end(); // the custom phone carries the sound
        } else {
            await this.calls.connect(session, call, "hang_up");
        }
    }

    _onDialFailed(session, error) {
        if (this.voiceSession.isWanted(session)) {
            this.store.stopDialing();
            this.voiceSession.end();
            this.store.fail(error);
        }
    }
}

addPart(
    "dialer",
    [
        "orm",
        "telephony.store",
        "telephony.voiceSession",
        "telephony.voice",
        "telephony.windowState",
        "telephony.questions",
        "telephony.calls",
    ],
    (parts) => new DialControl(parts)
);
