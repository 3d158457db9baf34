/**
 * Everything the panels show. No I/O: parts that talk to the outside write here.
 */

import { Reactive } from "@web/core/utils/reactive";
import { AgentState, CallState, Panel, Reach, TransferState, VoiceState } from "./constants";

const MAX_RECENT = 20;

/** How old a payload is, compared with what was applied before. */
export const Age = Object.freeze({
    OLDER: "older",
    SAME: "same",
    NEWER: "newer",
    /** Nothing is known of that call, or the payload does not say */
    UNKNOWN: "unknown",
});

/**
 * The customer is on hold as long as somebody else is asked; the strip says how it goes on.
 *
 * @param {CallData} [call]
 * @returns {boolean}
 */
export function isAsking(call) {
    return call?.transfer?.mode === "warm" && call.transfer.state !== TransferState.CONFERENCE;
}

export class SoftphoneStore extends Reactive {
    /** Whether this person is a phone user; everybody else sees nothing of all this */
    isUser = false;
    /** Whether the first snapshot was read */
    isReady = false;

    /** @type {AgentData|null} */
    agent = null;
    canCall = false;
    cannotCallReason = false;
    numbers = [];
    /** @type {CallerIdData[]} caller IDs this person may show to customers */
    callerIds = [];
    /** Whether this person may add caller IDs */
    allowCallerId = false;
    /** @type {CallerIdData[]} this person's own caller IDs, whatever their state */
    myCallerIds = [];
    country = false;
    leaseSeconds = 100;
    /** Whether this person may listen to conversations of others */
    isSupervisor = false;

    /** @type {CallData[]} running calls of this user */
    calls = [];
    /** @type {OfferData[]} offers that ring for this user now */
    offers = [];
    /** @type {CallData[]} last ended calls, newest first */
    recent = [];
    /** @type {CallData|null} the call in the end window */
    endedCall = null;
    /** @type {CallData|null} ended on hold during another call; shown after it */
    endedHeldCall = null;
    /** uuid of the last call whose wrap-up has ended */
    wrapUpOver = "";
    /** The number and name of a dial request that the server has not answered yet */
    dialing = null;
    /** @type {import("@crm_telephony/voice/call_session").CallSession|null} the sound of the current call */
    session = null;
    /** The conversation of somebody else that this tab listens to, with `mode` and `state` */
    monitoring = null;
    /** uuid of the offer being accepted in this tab */
    accepting = false;

    isOpen = false;
    isMinimized = false;
    panel = Panel.KEYPAD;
    isKeypadShown = false;
    /** Whether the person chooses to whom the call goes */
    isTransferShown = false;
    /** What the dial pad holds; the target is the record whose phone field was clicked */
    draft = { number: "", name: "", target: null };

    error = "";
    isRingBlocked = false;
    /** one of `Reach` */
    reach = Reach.OK;
    missedCount = 0;
    /** Milliseconds to add to this computer's clock to get the server's */
    clockOffset = 0;

    /** What was asked of the customer's hold, until the call shows it: `uuid`, `isOnHold` */
    holdWish = null;

    /** Grows with every change told by the server */
    mark = 0;
    /** The mark up to which the server was asked whether anything is missing */
    confirmedMark = 0;

    /** uuids that ended: a late answer of the server must not bring them back */
    _ended = new Set();
    /** uuid → revision of the newest payload that was applied */
    _revisions = new Map();
    /** uuid → revision with which the call was no longer this person's */
    _left = new Map();
    /** Offers that stopped ringing, which does not begin again */
    _closedOffers = new Set();
    /** uuid → mark of the end; a snapshot asked before does not know it */
    _endMarks = new Map();

    /** @returns {CallData|null} the call on the screen; a stand-in while dialling */
    get currentCall() {
        const uuid = this.session?.uuid;
        const calls = this.calls.filter((call) => !call.is_held);
        const call = calls.find((c) => c.uuid === uuid) || (uuid ? null : calls[0]);
        return call || (this.dialing && standInCall(this.dialing)) || calls[0] || null;
    }

    /** @returns {CallData|null} the call whose customer waits while another call has the sound */
    get heldCall() {
        return this.calls.find((call) => call.is_held) || null;
    }

    /** @returns {boolean} whether there is a call with its sound, or one that is about to have it */
    get hasCall() {
        return Boolean(this.dialing || this.calls.some((call) => !call.is_held));
    }

    /** @returns {boolean} whether the running call can be put on hold for another one */
    get canHoldForAnother() {
        const call = this.currentCall;
        return Boolean(
            call?.uuid &&
            call.state === CallState.IN_PROGRESS &&
            call.role !== "consulted" &&
            !call.transfer &&
            !this.heldCall &&
            !this.monitoring &&
            !this.isPhoneCall(call)
        );
    }

    /** @returns {boolean} whether there is a call, an own one or one that is listened to */
    get isBusy() {
        return this.hasCall || Boolean(this.monitoring);
    }

    /** @returns {Object|false} the time after the last conversation, while it lasts */
    get wrapUp() {
        return this.agent?.wrap_up || false;
    }

    /** @returns {boolean} whether the end window of the call that is wrapped up is there */
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
        return this.isUnreachable
            ? AgentState.UNREACHABLE
            : this.agent?.state || AgentState.OFFLINE;
    }

    /** @returns {boolean} whether this person is online, and calls do not arrive all the same */
    get isUnreachable() {
        const isKnown = this.reach !== Reach.OK || this.agent?.state === AgentState.UNREACHABLE;
        return this.isOnline && this.usesBrowser && isKnown;
    }

    /** @returns {boolean} whether the person has to, and may, join the sound of the call again */
    get needsRejoin() {
        const call = this.currentCall;
        if (!call?.uuid) {
            return false;
        }
        if (this.session?.uuid === call.uuid) {
            return this.session.state === VoiceState.LOST;
        }
        return Boolean(call.can_rejoin);
    }

    /** @returns {boolean} whether another tab carries the sound of the current call */
    get isMirror() {
        return Boolean(this.session?.isActive && !this.session.isMine);
    }

    /**
     * @param {CallData} call
     * @returns {boolean} whether the person speaks through a telephone, not through this browser
     */
    isPhoneCall(call) {
        if (this.session && this.session.uuid === call.uuid) {
            return !call.uuid && !this.usesBrowser;
        }
        return call.via ? call.via === "phone" : !this.usesBrowser;
    }

    findCall(uuid) {
        return this.calls.find((call) => call.uuid === uuid);
    }

    /** What the server needs to find out what this page has missed. */
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

    /** @returns {boolean} whether a payload of that call says nothing that is still true */
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
     * @param {Object} data answer of `softphone_snapshot`
     * @param {number} [mark] when it was asked
     */
    applySnapshot(data, mark = this.mark) {
        this.applyAgent(data.agent);
        this.canCall = data.can_call;
        this.cannotCallReason = data.cannot_call_reason;
        this.numbers = data.numbers;
        this.callerIds = data.caller_ids;
        this.allowCallerId = Boolean(data.allow_caller_id);
        this.myCallerIds = data.my_caller_ids || [];
        this.country = data.country;
        this.leaseSeconds = data.client_lease_seconds || this.leaseSeconds;
        this.isSupervisor = Boolean(data.is_supervisor);
        this._applyRecent(data.recent, mark);
        data.calls.forEach((call) => this.applyCall(call));
        data.left?.forEach((call) => this.applyLeft(call));
        data.closed?.forEach((id) => this.closeOffer({ offer_id: id }));
        data.offers.forEach((offer) => this.addOffer(offer));
        this.isReady = true;
    }

    _applyRecent(recent, mark) {
        for (const call of recent.filter(({ uuid }) => this.findCall(uuid))) {
            this.applyCall(call);
        }
        const told = new Set(recent.map(({ uuid }) => uuid));
        const known = new Map(this.recent.map((call) => [call.uuid, call]));
        const isLater = ({ uuid }) => !told.has(uuid) && this._endMarks.get(uuid) > mark;
        this.recent = [
            ...this.recent.filter(isLater),
            ...recent.map((call) => (this.isOutdated(call) && known.get(call.uuid)) || call),
        ].slice(0, MAX_RECENT);
    }

    /** @param {AgentData} agent whichever way it came */
    applyAgent(agent) {
        const { agent: known } = this;
        if (known?.id === agent.id && agent.revision < known.revision) {
            return;
        }
        if (JSON.stringify(known) !== JSON.stringify(agent)) {
            this.mark++;
        }
        this.agent = agent;
    }

    /**
     * Take over what the server says of a call, whichever way it came: an older payload never
     * replaces a newer one.
     *
     * @param {CallData} call
     * @returns {boolean} whether it was news, or is known
     */
    applyCall(call) {
        if (this.isOutdated(call)) {
            return false;
        }
        this._remember(call);
        if (call.state === CallState.ENDED) {
            this._applyEnd(call);
            return true;
        }
        if (this._ended.has(call.uuid)) {
            return false;
        }
        this._left.delete(call.uuid);
        this.removeOffer(call.uuid);
        const known = this.findCall(call.uuid);
        if (isAsking(known) !== isAsking(call)) {
            // Whoever asks lets the customer wait, and comes back to the customer.
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

    _applyEnd(call) {
        if (!this._ended.has(call.uuid)) {
            this._ended.add(call.uuid);
            this._endMarks.set(call.uuid, this.mark);
        }
        this.removeOffer(call.uuid);
        this._dropCall(call.uuid);
        const place = this.recent.findIndex((other) => other.uuid === call.uuid);
        // News of an older call, as that it is linked to a record, do not make it the last one.
        this.recent =
            place < 0
                ? [call, ...this.recent].slice(0, MAX_RECENT)
                : this.recent.map((other, index) => (index === place ? call : other));
        if (this.endedCall?.uuid === call.uuid) {
            this.endedCall = call;
        }
    }

    /**
     * A call is no longer this person's; what was told of it before does not bring it back.
     *
     * @param {{ uuid: string, revision?: number|false }} call
     * @returns {boolean} whether it was news, or is known
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
    }

    addOffer(offer) {
        const { uuid } = offer.call;
        const known = this.offers.find(({ call }) => call.uuid === uuid);
        const age = this.ageOf(offer.call);
        if (
            this._closedOffers.has(`${uuid} ${offer.id}`) ||
            this._ended.has(uuid) ||
            age === Age.OLDER ||
            // That the call has left this person may be told after that it comes back.
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

    /** An offer that was closed here still rings for the server. */
    restoreOffer(offer) {
        this._closedOffers.delete(`${offer.call.uuid} ${offer.id}`);
        this.addOffer(offer);
    }

    /**
     * @param {{ uuid?: string, offer_id?: number }} closed without the identifier, all that ring of
     *  that call
     * @returns {boolean} whether it rang
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

    /** Every offer of that call. @param {string} uuid */
    removeOffer(uuid) {
        return this.closeOffer({ uuid });
    }

    clearDraft() {
        this.draft = { number: "", name: "", target: null };
    }
}

/**
 * A call the server has not confirmed yet, so that a click is answered at once.
 *
 * @param {{ number: string, name: string }} dialing
 * @returns {CallData} without uuid
 */
function standInCall({ number, name }) {
    return {
        uuid: "",
        id: false,
        direction: "outgoing",
        state: CallState.NEW,
        outcome: false,
        end_message: false,
        customer: { number, number_display: number, name, company_name: "" },
        our_number: false,
        record: false,
        customer_state: "new",
        on_hold: false,
        answered_at: false,
        note: "",
    };
}
