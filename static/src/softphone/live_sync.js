/**
 * Keeps the store equal to the server: a snapshot first, then what the bus tells.
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { debounce } from "@web/core/utils/timing";

/**
 * The bus tells a person everything; a page shows the companies that were chosen in it.
 *
 * @param {{ company_id?: number, call?: Object }} payload
 * @returns {boolean}
 */
function isShown(payload) {
    const companyId = (payload.call || payload).company_id;
    return !companyId || user.activeCompanies.some(({ id }) => id === companyId);
}

/**
 * Of several companies, only the first one's telephone is in the page.
 *
 * @param {{ company_id?: number }} record
 * @returns {boolean}
 */
function isOfTelephone({ company_id: companyId }) {
    return !companyId || companyId === user.activeCompany.id;
}

const MAX_READS = 3;
const REPLAY_DELAY = 200; // ms; replayed messages come all at once

export class LiveSync {
    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("./softphone_store").SoftphoneStore} store
     * @param {Object} listener told of everything, after the store: `onSnapshot()`, `onCall(call)`,
     *  `onOfferMade(offer)`, `onOfferClosed(message)`
     */
    constructor(orm, bus, store, listener) {
        Object.assign(this, { orm, bus, store, listener });
        this.reading = null;
        this.mustReadAgain = false;
        this.busId = Infinity; // before the first snapshot, every message may be an old one
        this.refreshSoon = debounce(() => this.refresh(), REPLAY_DELAY);
    }

    start() {
        const { bus, listener, store } = this;
        this.on("telephony/call_updated", (call) => listener.onCall(call));
        this.on("telephony/offer_made", (offer) => {
            if (isOfTelephone(offer.call)) {
                listener.onOfferMade(offer);
            }
        });
        this.on("telephony/offer_closed", (message) => listener.onOfferClosed(message));
        bus.subscribe("telephony/rights_changed", () => this.refresh());
        this.on("telephony/agent_updated", (agent) => {
            if (isOfTelephone(agent)) {
                store.revision++;
                store.agent = agent;
            }
        });
        // Messages of the time without a connection may be lost: ask for the whole truth.
        bus.addEventListener("BUS:RECONNECT", () => this.refresh());
        browser.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") {
                this.refresh();
            }
        });
        bus.start();
        return this.refresh();
    }

    /**
     * Listen to news of the companies that are shown. The bus replays the last minute to a browser it has never seen: what is
     * older than the snapshot is not news, and must not ring or bring a call back to life.
     *
     * @param {string} type
     * @param {(payload: Object) => void} apply
     */
    on(type, apply) {
        this.bus.subscribe(type, (payload, { id } = {}) => {
            if (id !== undefined && id <= this.busId) {
                this.refreshSoon();
            } else if (isShown(payload)) {
                apply(payload);
            }
        });
    }

    /** @returns {Promise<boolean>} false when the server could not be asked */
    async refresh() {
        this.mustReadAgain = true;
        this.reading ||= this._read();
        try {
            return await this.reading;
        } finally {
            this.reading = null;
        }
    }

    async _read() {
        for (let read = 1; this.mustReadAgain && read <= MAX_READS; read++) {
            this.mustReadAgain = false;
            const { revision } = this.store;
            let data;
            try {
                data = await this.orm.silent.call("telephony.agent", "softphone_snapshot", []);
            } catch (error) {
                console.warn("Telephony: the snapshot could not be read", error);
                return false;
            }
            if (this.store.revision !== revision && read < MAX_READS) {
                this.mustReadAgain = true; // something changed while the answer was on its way
                continue;
            }
            this.busId = data.bus_id ?? 0;
            this.store.applySnapshot(data);
        }
        this.listener.onSnapshot();
        return true;
    }
}
