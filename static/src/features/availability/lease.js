/**
 * Proves to the server that this page is open and awake, by renewing a lease periodically.
 *
 * The server answers each renewal with a word over the bus, and the next renewal returns it: a page
 * that the bus does not reach cannot be rung.
 *
 * The page sends what it shows, and receives the changes that it has missed.
 *
 * A closed tab releases its lease at once; the lease of a crashed or frozen tab expires.
 */

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { uuid } from "@web/core/utils/strings";
import { sendLast } from "@crm_telephony/core/beacon";
import { Reach } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";
import { startTicker } from "@crm_telephony/core/ticker";

export const RENEW_PERIOD = 35_000; // ms; three attempts within the 100 s of a lease
const RECOVERY_DELAY = 1_000; // ms

export class Lease {
    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {(changes: Object, mark: number) => void} onChanges called with the missed changes
     */
    constructor(orm, bus, store, onChanges) {
        this.orm = orm;
        this.bus = bus;
        this.onChanges = onChanges;
        this.word = "";
        /** End of this page's reachability, by this computer's clock (ms) */
        this.until = Infinity;
        this.renewing = null;
        this.store = store;
        this.clientUuid = uuid();
        this.stopTicker = null;
    }

    start() {
        this.bus.subscribe("telephony/lease", ({ client_uuid, word }) => {
            if (client_uuid === this.clientUuid) {
                this.word = word;
                this._recover();
            }
        });
        this.bus.addEventListener("BUS:RECONNECT", () => this.renew());
        this.stopTicker = startTicker(RENEW_PERIOD, () => this.renew());
        browser.addEventListener("pagehide", () => this.release());
        browser.addEventListener("pageshow", (ev) => ev.persisted && this.renew());
        // A tab that the browser had suspended may have lost its lease meanwhile.
        document.addEventListener("resume", () => this.renew());
        return this.renew();
    }

    /** Renew the lease. @returns {Promise<void>} never rejected; concurrent renewals are one */
    renew() {
        this.renewing ||= this._renew().finally(() => {
            this.renewing = null;
        });
        return this.renewing;
    }

    async _renew() {
        try {
            const before = Date.now();
            const { word } = this;
            const { isReady, known, mark } = this.store;
            const lease = await this.orm.silent.call("telephony.agent", "renew_lease", [
                this.clientUuid,
                word,
                ...(isReady ? [known] : []), // the first snapshot contains everything
            ]);
            if (lease?.now) {
                this._readClock(lease.now, (before + Date.now()) / 2);
                const end = deserializeDateTime(lease.expires_at).toMillis();
                this.until = end - this.store.clockOffset;
            }
            this.store.setReach(lease?.reachable === false ? Reach.BUS : Reach.OK);
            if (lease?.changes) {
                this.onChanges(lease.changes, mark);
            }
            if (this.word !== word) {
                this._recover(); // the bus was faster than this answer
            }
        } catch (error) {
            if (Date.now() > this.until) {
                this.store.setReach(Reach.NETWORK);
            }
            // The next tick tries again; the server shows "unreachable" meanwhile, which is true.
            console.debug("Telephony: the lease could not be renewed", error);
        }
    }

    /** The bus delivers again: renew the lease at once, without waiting for the next tick. */
    _recover() {
        if (this.store.reach !== Reach.OK) {
            browser.clearTimeout(this.recovery);
            this.recovery = browser.setTimeout(() => this.renew(), RECOVERY_DELAY);
        }
    }

    /** Adopt the server's clock, by which the call timers count. */
    _readClock(serverNow, now) {
        this.store.setClockOffset(deserializeDateTime(serverNow).toMillis() - now);
    }

    release() {
        sendLast("telephony.agent", "release_lease", [this.clientUuid]);
    }
}

addPart(
    "lease",
    ["orm", "bus_service", "telephony.store", "telephony.serverSync"],
    ({ orm, bus_service, store, serverSync }) =>
        new Lease(orm, bus_service, store, (changes, mark) =>
            serverSync.applyChanges(changes, mark)
        )
);
