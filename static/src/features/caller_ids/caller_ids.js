/**
 * Verifies, retries and removes the agent's own caller IDs.
 *
 * The six digits exist in this object only, and only until the verification ends.
 */

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { Reactive } from "@web/core/utils/reactive";
import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

export const CHECK_PERIOD = 5_000; // ms
const PENDING = ["calling", "waiting"];
/** Verifications only move forward, in whatever order answers and bus messages arrive. */
const rank = (state) => (PENDING.includes(state) ? PENDING.indexOf(state) : PENDING.length);

export class CallerIds extends Reactive {
    /**
     * The verification on the screen: the server's data, its `code`, and the `request` that started
     * it.
     *
     * @type {Object|null}
     */
    verification = null;
    isBusy = false;
    /** Why the last request was refused */
    error = "";

    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {() => Promise<boolean>} refresh re-reads the server's snapshot
     */
    constructor(orm, bus, store, refresh) {
        super();
        Object.assign(this, { orm, bus, store, refresh });
    }

    start() {
        this.bus.subscribe("telephony/caller_id_updated", (data) => {
            this._apply(data);
            this.refresh();
        });
    }

    get isPending() {
        return PENDING.includes(this.verification?.state);
    }

    /** @returns {number} milliseconds until the code expires */
    get timeLeft() {
        const end = deserializeDateTime(this.verification.expires_at).toMillis();
        return Math.max(0, end - Date.now() - this.store.clockOffset);
    }

    /**
     * Start a verification: the provider calls the number, and the code to type there is shown.
     *
     * @param {{ number: string, name: string, extension: string, delay: number }} request
     * @returns {Promise<boolean>} false if the request was refused; `error` has the reason
     */
    async verify(request) {
        const { number, name, extension, delay } = request;
        const answer = await this._call("start_verification", [number, name, extension, delay]);
        if (!answer) {
            return false;
        }
        const { id, code, state } = answer;
        this.verification = {
            id,
            code: code || "",
            state,
            request,
            message: "",
            number,
            number_display: number,
            country_code: false,
            expires_at: false,
        };
        this._watch();
        await this.check();
        this.refresh();
        return true;
    }

    retry() {
        return this.verify(this.verification.request);
    }

    /**
     * Verify an existing caller ID again.
     *
     * @param {Object} callerId as in the snapshot
     */
    verifyAgain({ number, name }) {
        return this.verify({ number, name, extension: "", delay: 0 });
    }

    /** Ask the server for the state of the verification, in case its bus message was lost. */
    async check() {
        const { id } = this.verification;
        try {
            const data = await this.orm.silent.call("telephony.caller.id", "check_verification", [
                id,
            ]);
            this._apply(data);
        } catch (error) {
            console.debug("Telephony: the verification could not be checked", error);
        }
    }

    /** @param {number} id of a caller ID */
    async remove(id) {
        if (await this._call("remove", [id])) {
            if (this.verification?.id === id) {
                this.close();
            }
            await this.refresh();
        }
    }

    /** Remove the verification from the screen; it continues at the provider. */
    close() {
        browser.clearInterval(this.timer);
        this.verification = null;
        this.error = "";
    }

    _watch() {
        browser.clearInterval(this.timer);
        this.timer = browser.setInterval(() => {
            if (this.isPending) {
                this.check();
            }
        }, CHECK_PERIOD);
    }

    _apply(data) {
        const { verification } = this;
        if (verification?.id !== data.id || rank(data.state) < rank(verification.state)) {
            return;
        }
        Object.assign(verification, data);
        if (!this.isPending) {
            verification.code = "";
            browser.clearInterval(this.timer);
        }
    }

    /** @returns {Promise<any>} undefined if the request was refused */
    async _call(method, args) {
        if (this.isBusy) {
            return undefined;
        }
        this.isBusy = true;
        const answer = await attempt(this, () =>
            this.orm.silent.call("telephony.caller.id", method, args)
        );
        this.isBusy = false;
        return answer;
    }
}

addPart(
    "callerIds",
    ["orm", "bus_service", "telephony.store", "telephony.serverSync"],
    ({ orm, bus_service, store, serverSync }) =>
        new CallerIds(orm, bus_service, store, () => serverSync.refresh())
);
