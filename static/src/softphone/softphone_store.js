/**
 * Everything the panels show. No I/O: parts that talk to the outside write here.
 */

import { Reactive } from "@web/core/utils/reactive";
import { AgentState, CallState, Panel, Reach, VoiceState } from "./constants";

const MAX_RECENT = 20;
const RANK = [
    CallState.NEW,
    CallState.ROUTING,
    CallState.QUEUED,
    CallState.RINGING,
    CallState.IN_PROGRESS,
    CallState.ENDED,
];

export class SoftphoneStore extends Reactive {
    /** Whether this person is a phone user; everybody else sees nothing of all this */
    isUser = false;
    /** Whether the first snapshot was read */
    isReady = false;

    agent = null;
    canCall = false;
    cannotCallReason = false;
    numbers = [];
    /** @type {Object[]} caller IDs this person may show to customers */
    callerIds = [];
    /** Whether this person may add caller IDs */
    allowCallerId = false;
    /** @type {Object[]} this person's own caller IDs, whatever their state */
    myCallerIds = [];
    country = false;
    leaseSeconds = 100;
    /** Whether this person may listen to conversations of others */
    isSupervisor = false;

    /** @type {Object[]} running calls of this user (CallData) */
    calls = [];
    /** @type {Object[]} offers that ring for this user now (OfferData) */
    offers = [];
    /** @type {Object[]} last ended calls, newest first (CallData) */
    recent = [];
    /** CallData of the call shown in the end view */
    endedCall = null;
    /** CallData of a call that ended on hold, while another one was spoken in: shown after that */
    endedAside = null;
    /** uuid of the last call whose wrap-up has ended */
    wrapUpOver = "";
    /** The number and name of a dial request that the server has not answered yet */
    dialing = null;
    /** @type {import("./call_session").CallSession|null} the sound of the current call */
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

    /** Grows with every change told by the server; a snapshot asked before is then too old */
    revision = 0;

    /** uuids that ended: a late answer of the server must not bring them back */
    _ended = new Set();

    /** @returns {Object|null} CallData of the call on the screen; a stand-in while dialling */
    get currentCall() {
        const uuid = this.session?.uuid;
        const calls = this.calls.filter((call) => !call.parked);
        const call = calls.find((c) => c.uuid === uuid) || (uuid ? null : calls[0]);
        return call || (this.dialing && standInCall(this.dialing)) || calls[0] || null;
    }

    /** @returns {Object|null} CallData of the customer who waits while another call has the sound */
    get heldCall() {
        return this.calls.find((call) => call.parked) || null;
    }

    /** @returns {boolean} whether there is a call with its sound, or one that is about to have it */
    get hasCall() {
        return Boolean(this.dialing || this.calls.some((call) => !call.parked));
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
     * @param {Object} call CallData
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

    /** @param {Object} data answer of `softphone_snapshot` */
    applySnapshot(data) {
        this.agent = data.agent;
        this.canCall = data.can_call;
        this.cannotCallReason = data.cannot_call_reason;
        this.numbers = data.numbers;
        this.callerIds = data.caller_ids;
        this.allowCallerId = Boolean(data.allow_caller_id);
        this.myCallerIds = data.my_caller_ids || [];
        this.country = data.country;
        this.leaseSeconds = data.client_lease_seconds || this.leaseSeconds;
        this.isSupervisor = Boolean(data.is_supervisor);
        this.calls = data.calls.filter((call) => !this._ended.has(call.uuid));
        this.offers = data.offers.filter((offer) => !this.findCall(offer.call.uuid));
        this.recent = data.recent;
        this.isReady = true;
    }

    /**
     * Take over what the server says of a call.
     *
     * @param {Object} call CallData
     * @param {{ isAnswer?: boolean }} [options] isAnswer: it is the answer of a request, which may
     *  be older than what the bus has told meanwhile; it then never moves a call backwards
     */
    applyCall(call, { isAnswer = false } = {}) {
        this.revision++;
        if (call.state === CallState.ENDED) {
            return this._applyEnd(call);
        }
        const known = this.findCall(call.uuid);
        const isOlder = known && RANK.indexOf(call.state) < RANK.indexOf(known.state);
        if (this._ended.has(call.uuid) || (isAnswer && isOlder)) {
            return;
        }
        this.removeOffer(call.uuid);
        if (known) {
            Object.assign(known, call);
        } else {
            this.calls.push(call);
        }
    }

    _applyEnd(call) {
        this._ended.add(call.uuid);
        this.removeOffer(call.uuid);
        this.removeCall(call.uuid);
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

    removeCall(uuid) {
        this.calls = this.calls.filter((call) => call.uuid !== uuid);
    }

    addOffer(offer) {
        this.revision++;
        if (!this._ended.has(offer.call.uuid) && !this.findCall(offer.call.uuid)) {
            this.removeOffer(offer.call.uuid);
            this.offers.push(offer);
        }
    }

    removeOffer(uuid) {
        this.revision++;
        if (this.offers.some((offer) => offer.call.uuid === uuid)) {
            this.offers = this.offers.filter((offer) => offer.call.uuid !== uuid);
        }
    }

    clearDraft() {
        this.draft = { number: "", name: "", target: null };
    }
}

/**
 * A call the server has not confirmed yet, so that a click is answered at once.
 *
 * @param {{ number: string, name: string }} dialing
 * @returns {Object} CallData without uuid
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
