/**
 * Proof, for the server, that this page is open and awake: a lease renewed again and again.
 *
 * A closed tab gives its lease back at once, a crashed or frozen one loses it when it runs out.
 */

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { sendLast } from "./beacon";
import { startTicker } from "./ticker";

export const RENEW_PERIOD = 35_000; // ms; three chances within the 100 s of a lease

export class Lease {
    /**
     * @param {Object} orm the orm service
     * @param {import("./softphone_store").SoftphoneStore} store
     */
    constructor(orm, store) {
        this.orm = orm;
        this.store = store;
        this.clientUuid = crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`;
        this.stopTicker = null;
    }

    start() {
        this.stopTicker = startTicker(RENEW_PERIOD, () => this.renew());
        browser.addEventListener("pagehide", () => this.release());
        browser.addEventListener("pageshow", (ev) => ev.persisted && this.renew());
        return this.renew();
    }

    async renew() {
        try {
            const before = Date.now();
            const lease = await this.orm.silent.call("telephony.agent", "renew_lease", [
                this.clientUuid,
            ]);
            if (lease?.expires_at) {
                this._readClock(lease.expires_at, (before + Date.now()) / 2);
            }
        } catch (error) {
            // The next tick tries again; the server says "unreachable" meanwhile, which is true.
            console.debug("Telephony: the lease could not be renewed", error);
        }
    }

    /** The end of the lease tells the server's clock, which the call timers need. */
    _readClock(expiresAt, now) {
        const serverNow =
            deserializeDateTime(expiresAt).toMillis() - this.store.leaseSeconds * 1000;
        this.store.clockOffset = serverNow - now;
    }

    release() {
        sendLast("telephony.agent", "release_lease", [this.clientUuid]);
    }
}
