/**
 * The state that the panels show. No I/O: the parts that do I/O call its methods, which alone
 * change it.
 */

import { Reactive } from "@web/core/utils/reactive";
import { AgentState } from "@crm_telephony/backend/agent_state";
import { isHeld, isInterruptible, isOver, mayRejoin } from "./call_phases";
import { ErrorCause, Panel, Reach, TransferState, VoiceState } from "./constants";
import { errorCause, humanError } from "./human_error";
import { addPart } from "./softphone_part";
import { standInCall } from "./stand_in_call";

const MAX_RECENT = 20;

/** The age of a payload, compared with the payloads applied before. */
export const Age = Object.freeze({
    OLDER: "older",
    SAME: "same",
    NEWER: "newer",
    /** The call is unknown, or the payload has no revision */
    UNKNOWN: "unknown",
});

/**
 * Return whether the agent consults a colleague. The customer is on hold meanwhile; the transfer
 * strip shows the progress.
 * @param {CallData} [call]
 * @returns {boolean}
 */
export function isAsking(call) {
    return call?.transfer?.mode === "warm" && call.transfer.state !== TransferState.CONFERENCE;
}

export class SoftphoneStore extends Reactive {
    /** Whether the first snapshot has been read */
    isReady = false;
    /** Whether the first snapshot and the first lease have been awaited */
    hasStarted = false;

    /** @type {AgentData|null} */
    agent = null;
    canCall = false;
    cannotCallReason = false;
    /** Whether an administrator has nothing left to do before calls are possible */
    isStarted = true;
    numbers = [];
    /** @type {CallerIdData[]} caller IDs that the agent may show to customers */
    callerIds = [];
    /** Whether the agent may add caller IDs */
    allowCallerId = false;
    /** @type {CallerIdData[]} the agent's own caller IDs, in any state */
    myCallerIds = [];
    country = false;
    leaseSeconds = 100;
    /** Whether the user may monitor conversations of agents */
    isSupervisor = false;
    /** Whether the agent has neither gone through the steps of the first use nor skipped them */
    isFirstUse = false;

    /** @type {CallData[]} running calls of the agent */
    calls = [];
    /** @type {OfferData[]} offers that ring for the agent now */
    offers = [];
    /** uuid → id of the offer whose ring the agent has silenced */
    silenced = {};
    /** @type {CallData[]} last ended calls, newest first */
    recent = [];
    /** @type {CallData|null} the call in the end window */
    endedCall = null;
    /** @type {CallData|null} call that ended on hold during another call; shown after it */
    endedHeldCall = null;
    /**
     * uuid of the last call whose wrap-up has ended; derived from the agent's payload, because the
     * message about the end is left out when a snapshot overtakes it
     */
    wrapUpOver = "";
    /** Whether answered and other calls have dispositions, as far as is known */
    _dispositions = { answered: true, other: true };
    /** Number and name of a dial request that the server has not answered yet */
    dialing = null;
    /** @type {import("@crm_telephony/voice/call_session").CallSession|null} sound of the current call */
    session = null;
    /** The conversation monitored in this tab, with `mode` and `state` */
    monitoring = null;
    /** uuid of the offer being accepted in this tab */
    accepting = false;

    isOpen = false;
    isMinimized = false;
    panel = Panel.KEYPAD;
    isKeypadShown = false;
    /** Keys sent to the customer from a custom phone, while the keypad is shown */
    phoneKeys = "";
    /** uuid of the call for which the agent is choosing the target of a transfer */
    transferOf = "";
    /**
     * Content of the dial pad. The target is the record whose phone field was clicked; the sender
     * is what the customer of the next call sees, if the agent has chosen it.
     */
    draft = { number: "", name: "", target: null, sender: null };

    error = "";
    /** What the error is about: one of `ErrorCause`, empty if it ends only with the next action */
    errorCause = "";
    isRingBlocked = false;
    /** one of `Reach` */
    reach = Reach.OK;
    missedCount = 0;
    /** Offset from this computer's clock to the server's, in milliseconds */
    clockOffset = 0;

    /** Requested hold of the customer, until the call shows it: `uuid`, `isOnHold` */
    holdWish = null;

    /** Grows with every change received from the server */
    mark = 0;
    /** Mark up to which the server was asked for missed changes */
    confirmedMark = 0;

    /** uuids of ended calls: a late answer of the server must not restore them */
    _ended = new Set();
    /** uuid → revision of the newest applied payload */
    _revisions = new Map();
    /** uuid → revision at which the call left the agent */
    _left = new Map();
    /** Offers that stopped ringing; they never ring again */
    _closedOffers = new Set();
    /** uuid → mark of the end; a snapshot requested earlier does not contain it */
    _endMarks = new Map();

    /** @returns {CallData|null} the call on the screen; a placeholder while dialing */
    get currentCall() {
        const uuid = this.session?.uuid;
        const calls = this.calls.filter((call) => !isHeld(call));
        const call = calls.find((c) => c.uuid === uuid) || (uuid ? null : calls[0]);
        return call || (this.dialing && standInCall(this.dialing)) || calls[0] || null;
    }

    /** @returns {CallData|null} the call on hold while another call has the sound */
    get heldCall() {
        return this.calls.find(isHeld) || null;
    }

    /** @returns {boolean} whether a call has its sound, or is about to have it */
    get hasCall() {
        return Boolean(this.dialing || this.calls.some((call) => !isHeld(call)));
    }

    /** @returns {boolean} whether the running call can be put on hold for another one */
    get canHoldForAnother() {
        const call = this.currentCall;
        return Boolean(
            call?.uuid &&
            isInterruptible(call) &&
            !this.heldCall &&
            !this.monitoring &&
            !this.isPhoneCall(call)
        );
    }

    /** @returns {boolean} whether the agent is choosing the target of a transfer */
    get isTransferShown() {
        return Boolean(this.transferOf) && this.transferOf === this.currentCall?.uuid;
    }

    /** @returns {boolean} whether there is a call, an own or a monitored one */
    get isBusy() {
        return this.hasCall || Boolean(this.monitoring);
    }

    /** @returns {Object|false} the wrap-up of the last conversation, while it lasts */
    get wrapUp() {
        return this.agent?.wrap_up || false;
    }

    /** @returns {boolean} whether the end window shows the call being wrapped up */
    get isWrapUpShown() {
        return Boolean(this.wrapUp) && this.endedCall?.uuid === this.wrapUp.uuid;
    }

    get isOnline() {
        return this.agent?.status === "online";
    }

    get usesBrowser() {
        return this.agent?.call_via !== "phone";
    }

    /** @returns {string} one of `AgentState`, for the systray icon */
    get presence() {
        if (this.isBusy || this.heldCall) {
            return AgentState.IN_CALL;
        }
        if (this.offers.length) {
            return AgentState.RINGING;
        }
        if (this.isConnecting) {
            return AgentState.CONNECTING;
        }
        return this.isUnreachable
            ? AgentState.UNREACHABLE
            : this.agent?.state || AgentState.OFFLINE;
    }

    /** @returns {boolean} whether it is not known yet if calls reach this page */
    get isConnecting() {
        const { agent } = this;
        return !agent || (!this.hasStarted && agent.state === AgentState.UNREACHABLE);
    }

    /** @returns {boolean} whether the agent is online but calls do not arrive */
    get isUnreachable() {
        return this.isOnline && this.usesBrowser && this.isLineLost;
    }

    /** @returns {boolean} whether the server cannot announce a call in this page */
    get isLineLost() {
        const isKnown = this.reach !== Reach.OK || this.agent?.state === AgentState.UNREACHABLE;
        return !this.isConnecting && isKnown;
    }

    /** @returns {boolean} whether the steps of the first use are shown in place of the keypad */
    get isSetUpShown() {
        const mustShow =
            this.isFirstUse && this.canCall && this.usesBrowser && this.panel === Panel.KEYPAD;
        return this.panel === Panel.SET_UP || (mustShow && !this.draft.number);
    }

    /** @returns {boolean} whether the agent has to, and may, rejoin the sound of the call */
    get needsRejoin() {
        const call = this.currentCall;
        if (!call?.uuid) {
            return false;
        }
        if (this.session?.uuid === call.uuid) {
            return this.session.state === VoiceState.LOST;
        }
        return mayRejoin(call);
    }

    /** @returns {boolean} whether another tab carries the sound of the current call */
    get isMirror() {
        return Boolean(this.session?.isActive && !this.session.isMine);
    }

    /**
     * @param {CallData} call
     * @returns {boolean} whether the agent speaks through a custom phone, not through this browser
     */
    isPhoneCall(call) {
        if (this.session && this.session.uuid === call.uuid) {
            return !call.uuid && !this.usesBrowser;
        }
        return call.via ? call.via === "phone" : !this.usesBrowser;
    }

    /** @param {CallData} call @returns {boolean} whether the agent muted the browser or the phone */
    isMutedIn(call) {
        return Boolean(this.isPhoneCall(call) ? call.muted : this.session?.isMuted);
    }

    /** @param {CallData} call @returns {boolean} whether the agent's own side can be heard */
    isAudibleIn(call) {
        return Boolean(this.isPhoneCall(call) ? call.agent_connected : this.session?.isActive);
    }

    findCall(uuid) {
        return this.calls.find((call) => call.uuid === uuid);
    }

    /** What this page knows: the server needs it to find the changes that the page has missed. */
    get known() {
        const calls = this.calls.filter(({ uuid }) => uuid);
        return {
            calls: Object.fromEntries(calls.map(({ uuid, revision }) => [uuid, revision ?? -1])),
            offers: this.offers.map(({ id }) => id),
        };
    }

    /**
     * @param {{ uuid: string, revision?: number }} payload of a call
     * @returns {string} one of `Age`
     */
    ageOf({ uuid, revision }) {
        const known = this._revisions.get(uuid);
        if (known === undefined || typeof revision !== "number") {
            return Age.UNKNOWN;
        }
        if (revision === known) {
            return Age.SAME;
        }
        return revision < known ? Age.OLDER : Age.NEWER;
    }

    /** @returns {boolean} whether a newer payload of that call was applied, or the call has left */
    isOutdated(payload) {
        const age = this.ageOf(payload);
        return age === Age.OLDER || (age === Age.SAME && this._left.has(payload.uuid));
    }

    _remember(payload) {
        const age = this.ageOf(payload);
        if (age !== Age.SAME) {
            this.mark++;
        }
        if (typeof payload.revision === "number") {
            this._revisions.set(payload.uuid, payload.revision);
        }
    }

    /**
     * @param {SnapshotData} data
     * @param {number} [mark] mark of the store at the time of the request
     */
    applySnapshot(data, mark = this.mark) {
        this.applyAgent(data.agent);
        this.canCall = data.can_call;
        this.cannotCallReason = data.cannot_call_reason;
        this.isStarted = data.is_started !== false;
        this.numbers = data.numbers;
        this.callerIds = data.caller_ids;
        this._dropSender();
        this.allowCallerId = Boolean(data.allow_caller_id);
        this.myCallerIds = data.my_caller_ids || [];
        this.country = data.country;
        this.leaseSeconds = data.client_lease_seconds || this.leaseSeconds;
        this.isSupervisor = Boolean(data.is_supervisor);
        this.isFirstUse = Boolean(data.is_first_use);
        this._applyRecent(data.recent, mark);
        data.calls.forEach((call) => this.applyCall(call));
        data.left?.forEach((call) => this.applyLeft(call));
        data.closed?.forEach((id) => this.closeOffer({ offer_id: id }));
        data.offers.forEach((offer) => this.addOffer(offer));
        this.isReady = true;
    }

    /** Forget a number or caller ID chosen for the next call that may no longer be used. */
    _dropSender() {
        const { sender } = this.draft;
        const usable = sender?.kind === "number" ? this.numbers : this.callerIds;
        if (sender && !usable.some(({ id }) => id === sender.id)) {
            this.draft.sender = null;
        }
    }

    _applyRecent(recent, mark) {
        for (const call of recent.filter(({ uuid }) => this.findCall(uuid))) {
            this.applyCall(call);
        }
        const listed = new Set(recent.map(({ uuid }) => uuid));
        const known = new Map(this.recent.map((call) => [call.uuid, call]));
        const isLater = ({ uuid }) => !listed.has(uuid) && this._endMarks.get(uuid) > mark;
        this.recent = [
            ...this.recent.filter(isLater),
            ...recent.map((call) => (this.isOutdated(call) && known.get(call.uuid)) || call),
        ].slice(0, MAX_RECENT);
    }

    /** @param {AgentData} agent from the bus or from the answer of a request */
    applyAgent(agent) {
        const { agent: known } = this;
        if (known?.id === agent.id && agent.revision < known.revision) {
            return;
        }
        if (JSON.stringify(known) !== JSON.stringify(agent)) {
            this.mark++;
        }
        if (known?.wrap_up && known.wrap_up.uuid !== agent.wrap_up?.uuid) {
            this.wrapUpOver = known.wrap_up.uuid;
        }
        this.agent = agent;
    }

    /**
     * Apply a call from the bus or from the answer of a request. An older payload never replaces a
     * newer one.
     *
     * @param {CallData} call
     * @returns {boolean} whether the payload is current
     */
    applyCall(call) {
        if (call.is_part) {
            return this._applyPart(call);
        }
        if (this.isOutdated(call)) {
            return false;
        }
        this._remember(call);
        if (isOver(call)) {
            this._applyEnd(call);
            return true;
        }
        if (this._ended.has(call.uuid)) {
            return false;
        }
        this._left.delete(call.uuid);
        this.removeOffer(call.uuid);
        this.endSilence(call.uuid);
        const known = this.findCall(call.uuid);
        if (isAsking(known) !== isAsking(call)) {
            // A consultation puts the customer on hold, and its end resumes the customer.
            this.holdWish = { uuid: call.uuid, isOnHold: isAsking(call) };
        }
        if (known) {
            Object.assign(known, call);
        } else {
            this.calls.push(call);
        }
        const { holdWish } = this;
        if (holdWish?.uuid === call.uuid && holdWish.isOnHold === call.on_hold) {
            this.holdWish = null;
        }
        return true;
    }

    /** Apply the agent's own part of a call that others continue: for this agent it is over. */
    _applyPart(part) {
        if (this.endedCall?.uuid === part.uuid) {
            this.endedCall = part;
        }
        return true;
    }

    _applyEnd(call) {
        if (!this._ended.has(call.uuid)) {
            this._ended.add(call.uuid);
            this._endMarks.set(call.uuid, this.mark);
        }
        this.removeOffer(call.uuid);
        this._dropCall(call.uuid);
        const place = this.recent.findIndex((other) => other.uuid === call.uuid);
        // A change of an older call, such as a link to a record, does not make it the latest.
        this.recent =
            place < 0
                ? [call, ...this.recent].slice(0, MAX_RECENT)
                : this.recent.map((other, index) => (index === place ? call : other));
        if (this.endedCall?.uuid === call.uuid) {
            this.endedCall = call;
        }
    }

    /**
     * Remove a call that has left the agent; an older payload does not restore it.
     *
     * @param {{ uuid: string, revision?: number|false }} call
     * @returns {boolean} whether the message is current
     */
    applyLeft(call) {
        if (this.ageOf(call) === Age.OLDER) {
            return false;
        }
        this._remember(call);
        this.removeCall(call.uuid);
        return true;
    }

    removeCall(uuid) {
        this._left.set(uuid, this._revisions.get(uuid));
        this._dropCall(uuid);
    }

    _dropCall(uuid) {
        this.calls = this.calls.filter((call) => call.uuid !== uuid);
        if (this.holdWish?.uuid === uuid) {
            this.holdWish = null;
        }
        if (!this.hasCall) {
            this.clearError(ErrorCause.BUSY);
        }
    }

    addOffer(offer) {
        const { uuid } = offer.call;
        const known = this.offers.find(({ call }) => call.uuid === uuid);
        const age = this.ageOf(offer.call);
        if (
            this._closedOffers.has(`${uuid} ${offer.id}`) ||
            this._ended.has(uuid) ||
            age === Age.OLDER ||
            // The message that the call has left may come after the call has returned.
            (this.findCall(uuid) && age !== Age.NEWER) ||
            known?.id > offer.id
        ) {
            return;
        }
        if (known?.id !== offer.id) {
            this.mark++;
        }
        this.offers = [...this.offers.filter((other) => other !== known), offer];
    }

    /**
     * @param {{ uuid: string, offer_id: number }} message
     * @returns {boolean} whether the offer rings in this page, or has stopped to ring
     */
    hasHeardOf({ uuid, offer_id: id }) {
        return (
            this.offers.some((offer) => offer.id === id) ||
            this._closedOffers.has(`${uuid} ${id}`) ||
            this._ended.has(uuid)
        );
    }

    /**
     * @param {OfferData} offer
     * @returns {boolean} whether the agent does not want to hear it. A call that is offered again
     *  stays silent; handed over by a colleague, it rings.
     */
    isSilenced({ id, call, transfer }) {
        const silenced = this.silenced[call.uuid];
        return silenced === id || (silenced !== undefined && !transfer);
    }

    /** @returns {OfferData[]} those that ring with a sound */
    get audibleOffers() {
        return this.offers.filter((offer) => !this.isSilenced(offer));
    }

    /**
     * @param {{ uuid: string, id: number }} offer
     * @param {boolean} isSilent
     */
    silence({ uuid, id }, isSilent) {
        this.silenced = { ...this.silenced, [uuid]: isSilent ? id : undefined };
    }

    /** Forget the silence of a call that waits no longer. @param {string} uuid */
    endSilence(uuid) {
        if (this.silenced[uuid]) {
            this.silence({ uuid }, false);
        }
    }

    /** Show an offer again that was closed here, but still rings for the server. */
    restoreOffer(offer) {
        this._closedOffers.delete(`${offer.call.uuid} ${offer.id}`);
        this.addOffer(offer);
    }

    /**
     * @param {{ uuid?: string, offer_id?: number }} closed without `offer_id`, all offers of the
     *  call are closed
     * @returns {boolean} whether an offer was ringing
     */
    closeOffer({ uuid, offer_id: id }) {
        if (uuid && id) {
            this._closedOffers.add(`${uuid} ${id}`);
        }
        const isClosed = (offer) => (id ? offer.id === id : offer.call.uuid === uuid);
        const closed = this.offers.filter(isClosed);
        for (const offer of closed) {
            this._closedOffers.add(`${offer.call.uuid} ${offer.id}`);
        }
        if (closed.length) {
            this.mark++;
            this.offers = this.offers.filter((offer) => !isClosed(offer));
        }
        return Boolean(closed.length);
    }

    /** Remove every offer of a call. @param {string} uuid */
    removeOffer(uuid) {
        return this.closeOffer({ uuid });
    }

    /** The page has all changes of the server that it knows of. */
    confirm() {
        this.confirmedMark = this.mark;
        this.clearError(ErrorCause.NETWORK);
    }

    setStarted() {
        this.hasStarted = true;
    }

    /** @param {string} reach one of `Reach` */
    setReach(reach) {
        this.reach = reach;
    }

    endFirstUse() {
        this.isFirstUse = false;
    }

    setClockOffset(milliseconds) {
        this.clockOffset = milliseconds;
    }

    // === Failures === //

    /** Show why an action failed. @param {unknown} error */
    fail(error) {
        this.setError(humanError(error), errorCause(error));
    }

    /**
     * @param {string} sentence shown to the agent; empty for none
     * @param {string} [cause] one of `ErrorCause`
     */
    setError(sentence, cause = "") {
        this.error = sentence;
        this.errorCause = cause;
    }

    /** @param {string} [cause] one of `ErrorCause` that is gone; by default, any */
    clearError(cause = this.errorCause) {
        if (cause === this.errorCause) {
            this.setError("");
        }
    }

    // === The current call === //

    /** @param {CallSession|null} session */
    setSession(session) {
        this.session = session;
    }

    /** @param {{ number: string, name: string, recordingMode: string }} dialing */
    startDialing(dialing) {
        this.dialing = dialing;
    }

    /**
     * @param {CallData} call
     * @returns {boolean} whether calls of this kind have dispositions
     */
    hasDispositions({ answered_at: answeredAt }) {
        return this._dispositions[answeredAt ? "answered" : "other"];
    }

    /**
     * @param {CallData} call
     * @param {boolean} hasDispositions whether calls of this kind have dispositions
     */
    noteDispositions({ answered_at: answeredAt }, hasDispositions) {
        this._dispositions[answeredAt ? "answered" : "other"] = hasDispositions;
    }

    stopDialing() {
        this.dialing = null;
    }

    /** @param {string} uuid of the call that is being accepted or resumed */
    startAccepting(uuid) {
        this.accepting = uuid;
    }

    stopAccepting() {
        this.accepting = false;
    }

    wishHold(uuid, isOnHold) {
        this.holdWish = { uuid, isOnHold };
    }

    dropHoldWish() {
        this.holdWish = null;
    }

    toggleKeypad() {
        this.isKeypadShown = !this.isKeypadShown;
        this.phoneKeys = "";
        this.transferOf = "";
    }

    /** @param {string} keys sent to the customer from a custom phone */
    addPhoneKeys(keys) {
        this.phoneKeys += keys;
    }

    hideKeypad() {
        this.isKeypadShown = false;
    }

    toggleTransfer() {
        this.transferOf = this.isTransferShown ? "" : this.currentCall.uuid;
        this.isKeypadShown = false;
    }

    hideTransfer() {
        this.transferOf = "";
    }

    /**
     * @param {LiveRowData} row the conversation
     * @param {string} mode one of `MonitorMode`
     */
    startMonitoring(row, mode) {
        this.clearError();
        this.hideEnded();
        this.monitoring = { ...row, mode, legId: 0, state: VoiceState.CONNECTING, isBusy: false };
    }

    /** @param {Object} values of the monitored conversation, such as `mode` and `state` */
    updateMonitoring(values) {
        Object.assign(this.monitoring, values);
    }

    stopMonitoring() {
        this.monitoring = null;
        this.clearError(ErrorCause.BUSY);
    }

    // === After the call === //

    /** @param {CallData} [call] in the end window */
    showEnded(call) {
        this.endedCall = call || null;
    }

    hideEnded() {
        this.endedCall = null;
    }

    /** @param {CallData} call that ended on hold, shown after the one in the end window */
    showEndedLater(call) {
        this.endedHeldCall = call;
    }

    showNextEnded() {
        this.endedCall = this.endedHeldCall;
        this.endedHeldCall = null;
    }

    // === The window === //

    /** @param {{ isOpen?: boolean, isMinimized?: boolean, panel?: string }} values */
    setWindow(values) {
        Object.assign(this, values);
    }

    setMissedCount(count) {
        this.missedCount = count;
    }

    /** @param {boolean} isBlocked whether the browser refuses to ring before a click in the page */
    setRingBlocked(isBlocked) {
        this.isRingBlocked = isBlocked;
    }

    /** @param {{ number?: string, name?: string, target?: Object|null, sender?: Object }} values */
    fillDraft(values) {
        Object.assign(this.draft, values);
    }

    clearDraft() {
        this.draft = { number: "", name: "", target: null, sender: null };
    }
}

addPart("store", [], () => new SoftphoneStore());
