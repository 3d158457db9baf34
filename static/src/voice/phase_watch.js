/**
 * Asks the server when a state on the screen should have been confirmed by now.
 *
 * The bus may lose a message, and the page cannot notice that. So the page asks for missed changes
 * after messages, and as long as something is pending: *Connecting…*, *Ringing…*, a requested
 * hold. A page without activity does not ask; the renewal of its lease brings the changes.
 */

import { browser } from "@web/core/browser/browser";
import { effect } from "@web/core/utils/reactive";
import { isAnswered } from "@crm_telephony/core/call_phases";
import { TransferState, VoiceState } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";

const FIRST = 2_000; // ms without messages until the server is asked
const NEXT = 2_500; // ms; with the time of an answer, no wrong state lasts more than three seconds
const PATIENCE = 60_000; // ms after which a phase surely waits for an agent or a customer
const LATER = 10_000; // ms between two requests then, and the maximum after failures
const PASSING_TRANSFERS = [TransferState.RINGING, TransferState.JOINING, TransferState.RETURNING];
const PASSING_VOICES = [VoiceState.PREPARING, VoiceState.CONNECTING];

/**
 * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @returns {string} the pending states, as a text to compare; empty if there is none
 */
export function pendingPhase({ accepting, calls, holdWish, offers, session }) {
    const phases = offers.map(({ id, call }) => `${call.uuid} offer ${id}`);
    for (const call of calls.filter(({ uuid }) => uuid)) {
        const { uuid, phase, transfer } = call;
        if (!isAnswered(call)) {
            phases.push(`${uuid} ${phase}`);
        }
        if (transfer && PASSING_TRANSFERS.includes(transfer.state)) {
            phases.push(`${uuid} transfer ${transfer.state}`);
        }
    }
    if (session?.uuid && session.uuid !== accepting) {
        const isKnown = calls.some(({ uuid }) => uuid === session.uuid);
        if (PASSING_VOICES.includes(session.state) || (session.isActive && !isKnown)) {
            phases.push(`${session.uuid} sound ${session.state}`);
        }
    }
    if (holdWish) {
        phases.push(`${holdWish.uuid} hold ${holdWish.isOnHold}`);
    }
    return phases.join();
}

export class PhaseWatch {
    /**
     * @param {Object} parts
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/core/server_sync").ServerSync} parts.serverSync
     * @param {import("./voice_session").VoiceSession} parts.voiceSession
     * @param {Object} parts.multiTab the multi_tab service
     */
    constructor(parts) {
        Object.assign(this, parts);
        this.phase = "";
        this.since = 0;
        this.failures = 0;
        this.timer = 0;
        this.isAsking = false;
    }

    start() {
        effect((store) => this._look(store), [this.store]);
    }

    _look(store) {
        const { mark, confirmedMark } = store;
        const phase = pendingPhase(store);
        const isQuiet = !phase && mark === confirmedMark;
        if (phase !== this.phase || isQuiet) {
            browser.clearTimeout(this.timer);
            this.timer = 0;
        }
        if (phase !== this.phase) {
            Object.assign(this, { phase, since: Date.now(), failures: 0 });
        }
        if (!this.timer && !this.isAsking && !isQuiet) {
            this._plan(FIRST);
        }
    }

    _plan(delay) {
        this.timer = browser.setTimeout(() => this._ask(), delay);
    }

    async _ask() {
        const { store } = this;
        this.isAsking = true;
        const isHere = await this._isHere();
        const isOk = isHere && (await this.serverSync.catchUp());
        this.failures = isOk ? 0 : this.failures + 1;
        const isLong = Date.now() - this.since > PATIENCE;
        if (isLong) {
            store.dropHoldWish(); // the provider has not carried it out
        }
        this.isAsking = false;
        this.timer = 0;
        if (pendingPhase(store) || store.mark !== store.confirmedMark) {
            const delay = isLong || !isHere ? LATER : NEXT * 2 ** this.failures;
            this._plan(Math.min(delay, LATER));
        }
    }

    /** Return whether this tab asks: a hidden, silent tab reads everything when it is shown. */
    async _isHere() {
        return (
            !document.hidden ||
            this.voiceSession.carriesSound ||
            (await this.multiTab.isOnMainTab())
        );
    }
}

addPart(
    "watch",
    ["multi_tab", "telephony.store", "telephony.serverSync", "telephony.voiceSession"],
    ({ multi_tab: multiTab, ...parts }) => new PhaseWatch({ multiTab, ...parts })
);
