/**
 * The actions of an agent on incoming and running calls, and the server's messages about them.
 * Each action is a request to the server; the sound follows.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";
import { attempt } from "@crm_telephony/core/attempt";
import { customerName } from "@crm_telephony/core/call_labels";
import { CallPhase, isOver } from "@crm_telephony/core/call_phases";
import { ErrorCause, VoiceErrorKind, VoiceNeed, VoiceState } from "@crm_telephony/core/constants";
import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

/** Time (ms) for the provider to fetch an announcement of keys, and to play one of them. */
const FETCH_DELAY = 1000;
const KEY_DELAY = 400;
/** Number of keys that one request may send. */
const MOST_KEYS = 32;
/** Why an offer was closed: the caller has been answered, or has hung up. */
const CALLER_LEFT = ["accepted", "canceled"];

export class CallControl {
    /**
     * @param {Object} parts
     * @param {Object} parts.orm the orm service
     * @param {Object} parts.notification the notification service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/voice/voice_session").VoiceSession} parts.voiceSession
     * @param {import("@crm_telephony/voice/voice_device").VoiceDevice} parts.voice
     * @param {import("@crm_telephony/voice/ringer").Ringer} parts.ringer
     * @param {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} parts.notes
     * @param {import("@crm_telephony/shell/window_state").WindowState} parts.windowState
     * @param {import("@crm_telephony/features/recent/missed_calls").MissedCalls} parts.missed
     * @param {import("@crm_telephony/features/wrap_up/wrap_up_control").WrapUpControl} parts.wrapUp
     */
    constructor(parts) {
        Object.assign(this, parts);
        /** Keys for the customer of a custom phone that are not sent yet. */
        this.keys = { uuid: "", text: "" };
        this.sendingKeys = null;
    }

    // === Incoming calls === //

    /** Accept an offered call; a running conversation is put on hold. @param {string} uuid */
    accept(uuid) {
        return this._take(uuid, "accept");
    }

    /**
     * Pick up a chosen caller from a queue.
     *
     * @param {string} uuid
     * @param {boolean} [goesOnline] whether an offline agent goes online with this call
     */
    pickUp(uuid, goesOnline = false) {
        return this._take(uuid, "pick_up", goesOnline ? { go_online: true } : {});
    }

    /**
     * @param {string} uuid
     * @param {string} method RPC that claims the call; the first agent wins
     * @param {Object} [options] of the method
     */
    async _take(uuid, method, options = {}) {
        const { store, voiceSession, voice, ringer } = this;
        const isSecond = method === "accept" && store.canHoldForAnother;
        if ((store.isBusy && !isSecond) || store.accepting) {
            store.setError(_t("You are already in a call."), ErrorCause.BUSY);
            return;
        }
        const offer = store.offers.find(({ call }) => call.uuid === uuid);
        store.startAccepting(uuid);
        store.clearError();
        ringer.update();
        // The running conversation keeps its sound until the server has confirmed the other call. A
        // custom phone needs no sound of this browser.
        let session = isSecond || !store.usesBrowser ? null : voiceSession.begin(uuid);
        let microphone = null;
        if (store.usesBrowser) {
            microphone = voice.ensureMicrophone();
            microphone.catch(() => {}); // handled below, after the claim
            voice.prepare(VoiceNeed.CALL).catch(() => {});
        }
        // The server admits the agent of a ringing offer: the sound need not wait for its answer.
        const isAtOnce = session && offer && !offer.transfer && store.usesBrowser;
        const sound =
            isAtOnce &&
            microphone.then(() => voiceSession.isWanted(session) && voiceSession.connect(session));
        sound?.catch?.(() => {}); // handled below as well
        try {
            const answer = await this.orm.silent.call("telephony.call", method, [uuid], options);
            store.removeOffer(uuid);
            if (answer.accepted && answer.call.via === "phone") {
                this._releaseSound(session);
                this._showAccepted(answer.call);
            } else if (answer.accepted) {
                session ||= this._leaveForAnother(uuid);
                microphone ||= voice.ensureMicrophone();
                await this._onAccepted(session, answer.call, microphone, sound);
            } else {
                this._releaseSound(session);
                this.notification.add(answer.message, { type: "warning" });
            }
        } catch (error) {
            this._releaseSound(session);
            this.notification.add(humanError(error), { type: "danger" });
        } finally {
            store.stopAccepting();
            this._onOffers();
        }
    }

    /** Release the sound after a failed claim. @param {CallSession|null} session null if second */
    _releaseSound(session) {
        if (!session) {
            this.voice.release(VoiceNeed.CALL);
        } else if (this.voiceSession.isWanted(session)) {
            this.voiceSession.end();
        }
    }

    /** End the sound of the running conversation, which the server has put on hold. */
    _leaveForAnother(uuid) {
        const { store } = this;
        if (store.currentCall?.uuid) {
            this.notes.flush(store.currentCall.uuid);
        }
        store.hideTransfer();
        return this.voiceSession.begin(uuid);
    }

    _showAccepted(call) {
        const { store } = this;
        store.hideEnded();
        store.hideKeypad();
        this.notes.forget(call.uuid);
        store.applyCall(call);
        store.stopAccepting();
        this.windowState.open();
    }

    async _onAccepted(session, call, microphone, sound) {
        const { store, voiceSession } = this;
        this._showAccepted(call);
        if (!voiceSession.isWanted(session) || !store.findCall(call.uuid)) {
            return;
        }
        try {
            await microphone;
        } catch (error) {
            voiceSession.end();
            store.removeCall(call.uuid);
            store.fail(error);
            await this._release(call, "decline");
            return;
        }
        if (!voiceSession.isWanted(session)) {
            return; // the call ended while the browser asked for the microphone
        }
        await this.connect(session, call, "decline", sound);
    }

    /** @param {string} uuid of an offered call that the agent declines */
    async decline(uuid) {
        const offer = this.store.offers.find(({ call }) => call.uuid === uuid);
        this.store.removeOffer(uuid);
        this._onOffers();
        try {
            await this.orm.silent.call("telephony.call", "decline", [uuid]);
        } catch (error) {
            this.notification.add(humanError(error), { type: "danger" });
            if (offer && error instanceof ConnectionLostError) {
                this.store.restoreOffer(offer); // the offer still rings on the server
                this._onOffers();
            }
        }
    }

    // === Sound === //

    /**
     * @param {string} release RPC that gives the call back if the sound cannot be opened
     * @param {Promise} [sound] attempt to connect that has already begun
     */
    async connect(session, call, release, sound) {
        try {
            await (sound ? this._follow(session, sound) : this.voiceSession.connect(session));
        } catch (error) {
            if (!this.voiceSession.isWanted(session)) {
                return; // the call ended meanwhile, which is no error
            }
            this.voiceSession.end();
            this.store.fail(error);
            await this._release(call, release);
        }
    }

    /** Follow an early attempt; if it was refused before the claim was committed, connect again. */
    async _follow(session, sound) {
        try {
            await sound;
        } catch (error) {
            if (error?.kind !== VoiceErrorKind.REFUSED || !this.voiceSession.isWanted(session)) {
                throw error;
            }
            await this.voiceSession.connect(session);
        }
    }

    async _release(call, method) {
        try {
            const answer = await this.orm.silent.call("telephony.call", method, [call.uuid]);
            if (answer?.uuid) {
                this.onCall(answer);
            } else {
                this.store.removeCall(call.uuid);
            }
        } catch (error) {
            // The server itself releases a call that no agent joins, after a few seconds.
            console.warn("Telephony: the call could not be released", error);
        }
    }

    // === During the call === //

    async hangUp() {
        const { store, voiceSession } = this;
        const call = store.currentCall;
        const session = store.session;
        if (!call || session?.state === VoiceState.ENDING) {
            return;
        }
        if (!call.uuid) {
            store.stopDialing();
            voiceSession.end();
            return;
        }
        if (call.phase === CallPhase.CLAIMED && store.isPhoneCall(call)) {
            // The own phone still rings: the caller waits on, instead of being hung up on.
            await attempt(store, () =>
                this.orm.silent.call("telephony.call", "decline", [call.uuid])
            );
            return;
        }
        if (session?.isMine) {
            this.voice.mute(true); // no word after this click is audible
            session.setState(VoiceState.ENDING);
        }
        this.notes.flush(call.uuid);
        await attempt(store, async () => {
            // Request first: the server then knows that the ending leg ends on purpose.
            const answer = await this.orm.silent.call("telephony.call", "hang_up", [call.uuid]);
            if (answer.has_left) {
                this.onLeft(answer); // a colleague's call, which continues
            } else {
                this.onCall(answer);
            }
        });
        if (session?.isMine) {
            this.voice.disconnect();
            if (store.session?.uuid === call.uuid) {
                voiceSession.end();
            }
        }
    }

    /** @param {boolean} isOnHold */
    async setHold(isOnHold) {
        const { store } = this;
        const call = store.currentCall;
        store.wishHold(call.uuid, isOnHold);
        const answer = await attempt(store, () =>
            this.orm.silent.call("telephony.call", "set_hold", [call.uuid, isOnHold])
        );
        if (answer) {
            store.applyCall(answer);
        } else {
            store.dropHoldWish();
        }
    }

    /** Mute the agent or unmute: the microphone here, or the custom phone at the provider. */
    async toggleMute() {
        const { store } = this;
        const call = store.currentCall;
        const isMuted = !store.isMutedIn(call);
        if (!store.isPhoneCall(call)) {
            this.voiceSession.mute(isMuted);
            return;
        }
        if (this.isMuting) {
            return; // a second click before the answer would repeat the first one
        }
        this.isMuting = true;
        const answer = await attempt(store, () =>
            this.orm.silent.call("telephony.call", "set_mute", [call.uuid, isMuted])
        );
        this.isMuting = false;
        if (answer) {
            this.onCall(answer);
        }
    }

    /** @param {string} keys of the keypad, sent to the customer */
    pressKeys(keys) {
        const { store } = this;
        const call = store.currentCall;
        if (!store.isPhoneCall(call)) {
            this.voiceSession.sendDigits(keys);
            return;
        }
        store.addPhoneKeys(keys);
        if (this.keys.uuid !== call.uuid) {
            this.keys = { uuid: call.uuid, text: "" };
        }
        this.keys.text += keys;
        this.sendingKeys ||= this._sendKeys().finally(() => {
            this.sendingKeys = null;
        });
    }

    /**
     * Send the keys for the customer of a custom phone: those that are pressed meanwhile together,
     * because an announcement ends the one before, and its keys would be lost.
     */
    async _sendKeys() {
        while (this.keys.text && this.keys.uuid === this.store.currentCall?.uuid) {
            const { uuid } = this.keys;
            const text = this.keys.text.slice(0, MOST_KEYS);
            this.keys.text = this.keys.text.slice(MOST_KEYS);
            await attempt(this.store, () =>
                this.orm.silent.call("telephony.call", "send_keys", [uuid, text])
            );
            const delay = FETCH_DELAY + text.length * KEY_DELAY;
            await new Promise((resolve) => browser.setTimeout(resolve, delay));
        }
    }

    // === Messages of the server === //

    /** @param {CallData} call from the bus or from the answer of a request */
    onCall(call) {
        const { store } = this;
        if (store.isOutdated(call)) {
            return;
        }
        const before = store.findCall(call.uuid);
        if (before && before.note !== call.note) {
            this.notes.onCall(call);
        }
        if (isOver(call)) {
            this.onEnded(call);
        } else {
            store.applyCall(call);
            this.voiceSession.onCall(call);
            const isTaken = call.direction === "incoming" || call.is_queue_callback;
            if (!before && isTaken && store.isPhoneCall(call)) {
                this.windowState.open(); // accepted on the custom phone: the note is written here
            }
            this._showLostCall();
        }
        this.ringer.update();
    }

    /** Show a customer who waits for the agent, after a crash of the browser, and how to rejoin. */
    _showLostCall() {
        const { store } = this;
        if ((store.needsRejoin || store.heldCall) && !store.isOpen) {
            this.windowState.open();
        }
    }

    /**
     * Drop a call that continues without the agent.
     *
     * @param {CallData|{ uuid: string, revision: number }} call
     * @returns {boolean} whether the message is current
     */
    onLeft(call) {
        const { store, voiceSession } = this;
        const wasHere = Boolean(store.findCall(call.uuid));
        if (!store.applyLeft(call)) {
            return false;
        }
        store.hideTransfer();
        if (store.session?.uuid === call.uuid) {
            voiceSession.end();
        }
        if (call.part && wasHere) {
            this._showPart(call.part);
        }
        this.ringer.update();
        return true;
    }

    /** Show the end window of a call that the agent has left to others. @param {string} uuid */
    async openPart(uuid) {
        this.windowState.open();
        const part = await attempt(this.store, () =>
            this.orm.silent.call("telephony.call", "get_part", [uuid])
        );
        if (part) {
            this._showPart(part);
        }
    }

    /** Show the end window of a call that the agent has left to others. @param {CallData} part */
    _showPart(part) {
        const { store } = this;
        this.notes.forget(part.uuid);
        if (store.calls.length) {
            store.showEndedLater(part);
        } else {
            store.showEnded(part);
        }
    }

    /** @param {CallData} call that has ended */
    onEnded(call) {
        const { store, voiceSession } = this;
        const wasShown = store.currentCall?.uuid === call.uuid;
        const wasHeld = store.heldCall?.uuid === call.uuid;
        const wasMine = store.session?.isMine && store.session.uuid === call.uuid;
        store.applyCall(call);
        if (store.session?.uuid === call.uuid) {
            voiceSession.end();
        }
        this.notes.flush(call.uuid);
        this.missed.count();
        if (wasHeld) {
            this._onHeldEnded(call);
        } else if (wasShown && !store.hasCall) {
            store.showEnded(call);
            if (wasMine) {
                this.windowState.open();
            }
        }
    }

    /** Keep the end window of a held call that ended behind the current content. */
    _onHeldEnded(call) {
        const { store } = this;
        const isBehind = store.hasCall || store.endedCall;
        if (isBehind) {
            store.showEndedLater(call);
        } else {
            store.showEnded(call);
        }
        if (!document.hidden) {
            const name = customerName(call);
            this.notification.add(_t("The call on hold with %(name)s has ended.", { name }), {
                type: "info",
            });
        }
    }

    onOfferMade(offer) {
        this.store.addOffer(offer);
        this._onOffers();
    }

    /** Adapt the ring and the prepared connection to the current offers. */
    _onOffers() {
        const { store, voice } = this;
        this.ringer.update();
        if (store.accepting) {
            return;
        }
        if (!store.offers.length) {
            voice.release(VoiceNeed.OFFER);
        } else if (store.usesBrowser && !store.hasCall && !document.hidden) {
            voice.prepare(VoiceNeed.OFFER).catch(() => {}); // `connect` reports it, if it fails again
        }
    }

    /**
     * @param {Object} closed
     * @param {string} closed.uuid of the call
     * @param {number} [closed.offer_id] the offer, if the call was offered several times in a row
     * @param {string} closed.reason
     * @param {boolean} closed.by_me
     * @param {string|false} closed.message
     */
    onOfferClosed({ uuid, offer_id, reason, by_me, message }) {
        const { store } = this;
        const wasRinging = store.closeOffer({ uuid, offer_id });
        if (CALLER_LEFT.includes(reason)) {
            store.endSilence(uuid);
        }
        this._onOffers();
        if (!wasRinging || store.accepting === uuid) {
            return;
        }
        if (!by_me && reason !== "accepted") {
            this.voiceSession.refresh(); // a missed call is now among the recent ones
        }
        if (document.hidden) {
            return;
        }
        if (by_me && reason === "accepted") {
            // With a custom phone no notification is needed: the window opens by itself.
            if (store.usesBrowser) {
                this.notification.add(_t("Answered in another tab."), { type: "info" });
            }
        } else if (message && reason !== "canceled") {
            // A caller who hung up is announced as a missed call, with a button to call back.
            this.notification.add(message, { type: "info" });
        }
    }

    /** End a call whose end was not delivered, after a snapshot has been read. */
    onSnapshot() {
        const { store } = this;
        const uuid = store.session?.uuid;
        if (uuid && !store.findCall(uuid) && store.accepting !== uuid) {
            const ended = store.recent.find((call) => call.uuid === uuid);
            if (ended) {
                this.onEnded(ended);
                store.showEnded(ended);
            } else {
                this.voiceSession.end();
            }
        }
        this._showLostCall();
        this.wrapUp.restore();
        this.missed.count();
        this._onOffers();
    }
}

addPart(
    "calls",
    [
        "orm",
        "notification",
        "telephony.store",
        "telephony.serverSync",
        "telephony.voiceSession",
        "telephony.voice",
        "telephony.ringer",
        "telephony.notes",
        "telephony.windowState",
        "telephony.missed",
        "telephony.wrapUp",
    ],
    ({ serverSync, ...parts }) => {
        const calls = new CallControl(parts);
        serverSync.listener = calls;
        return calls;
    }
);
