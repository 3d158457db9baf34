/**
 * Proof, for the server, that this page is open and awake: a lease renewed again and again.
 *
 * The server answers each renewal with a word over the bus, and the next renewal brings it back:
 * a page that the bus does not reach cannot be rung.
 *
 * The page says what it shows, and is told what it has missed.
 *
 * A closed tab gives its lease back at once, a crashed or frozen one loses it when it runs out.
 */

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { uuid } from "@web/core/utils/strings";
import { sendLast } from "@crm_telephony/core/beacon";
import { Reach } from "@crm_telephony/core/constants";
import { startTicker } from "@crm_telephony/core/ticker";

export const RENEW_PERIOD = 35_000; // ms; three chances within the 100 s of a lease
const RECOVERY_DELAY = 1_000; // ms

export class Lease {
    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {(changes: Object, mark: number) => void} onChanges told what the page has missed
     */
    constructor(orm, bus, store, onChanges) {
        this.orm = orm;
        this.bus = bus;
        this.onChanges = onChanges;
        this.word = "";
        /** Until when this page counts as reachable, by this computer's clock (ms) */
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
        // A tab that the browser had put to sleep may have lost its lease meanwhile.
        document.addEventListener("resume", () => this.renew());
        return this.renew();
    }

    /** @returns {Promise<void>} never fails; two at once are one */
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
                ...(isReady ? [known] : []), // the first snapshot tells everything
            ]);
            if (lease?.now) {
                this._readClock(lease.now, (before + Date.now()) / 2);
                const end = deserializeDateTime(lease.expires_at).toMillis();
                this.until = end - this.store.clockOffset;
            }
            this.store.reach = lease?.reachable === false ? Reach.BUS : Reach.OK;
            if (lease?.changes) {
                this.onChanges(lease.changes, mark);
            }
            if (this.word !== word) {
                this._recover(); // the bus was faster than this answer
            }
        } catch (error) {
            if (Date.now() > this.until) {
                this.store.reach = Reach.NETWORK;
            }
            // The next tick tries again; the server says "unreachable" meanwhile, which is true.
            console.debug("Telephony: the lease could not be renewed", error);
        }
    }

    /** The bus delivers again: say so to the server now, not at the next tick. */
    _recover() {
        if (this.store.reach !== Reach.OK) {
            browser.clearTimeout(this.recovery);
            this.recovery = browser.setTimeout(() => this.renew(), RECOVERY_DELAY);
        }
    }

    /** The call timers count in the server's time. */
    _readClock(serverNow, now) {
        this.store.clockOffset = deserializeDateTime(serverNow).toMillis() - now;
    }

    release() {
        sendLast("telephony.agent", "release_lease", [this.clientUuid]);
    }
}
