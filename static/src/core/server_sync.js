/**
 * Keeps the store equal to the server: first a snapshot, then the messages of the bus.
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { debounce } from "@web/core/utils/timing";
import { addPart } from "./softphone_part";
import { Age } from "./softphone_store";

/**
 * Return whether a payload belongs to a company that is selected in this page. The bus delivers the
 * messages of all companies of the user.
 * @param {{ company_id?: number, call?: Object }} payload
 * @returns {boolean}
 */
function isShown(payload) {
    const companyId = (payload.call || payload).company_id;
    return !companyId || user.activeCompanies.some(({ id }) => id === companyId);
}

/**
 * Return whether a record belongs to the first selected company, the only one whose telephone is in
 * the page.
 * @param {{ company_id?: number }} record
 * @returns {boolean}
 */
function isOfTelephone({ company_id: companyId }) {
    return !companyId || companyId === user.activeCompany.id;
}

const MAX_READS = 3;
const REPLAY_DELAY = 200; // ms; replayed messages come all at once

export class ServerSync {
    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("./softphone_store").SoftphoneStore} store
     * @param {Object} [listener] set before `start`; called after the store is updated:
     *  `onSnapshot()`, `onCall(call)`, `onLeft(call)`, `onOfferMade(offer)`,
     *  `onOfferClosed(message)`
     */
    constructor(orm, bus, store, listener) {
        Object.assign(this, { orm, bus, store, listener });
        this.reading = null;
        this.mustReadAgain = false;
        this.busId = Infinity; // before the first snapshot, every message may be an old one
        this.firstBusId = Infinity;
        this.refreshSoon = debounce(() => this.refresh(), REPLAY_DELAY);
    }

    start() {
        const { bus, listener } = this;
        this.onCall("telephony/call_updated", (call) => listener.onCall(call));
        this.on("telephony/offer_made", (offer) => {
            if (isOfTelephone(offer.call)) {
                listener.onOfferMade(offer);
            }
        });
        this.on("telephony/offer_rings", (message) => {
            if (isOfTelephone(message) && !this.store.hasHeardOf(message)) {
                this.catchUp(); // the message that it rings was lost
            }
        });
        this.on("telephony/offer_closed", (message) => listener.onOfferClosed(message));
        bus.subscribe("telephony/rights_changed", () => this.refresh());
        this.on("telephony/agent_updated", (agent) => this._applyAgent(agent));
        // Messages sent without a connection may be lost: read the whole snapshot again.
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
     * Subscribe to messages of the companies that are shown.
     *
     * The bus replays the last minute to a browser that it has never seen, which must not ring or
     * notify again. Bus ids are assigned before the commit, so that a message with an id up to the
     * snapshot's may still be new: the server is asked.
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

    /**
     * Subscribe to messages of which a snapshot contains nothing, such as an explanation.
     *
     * Only messages from before the first snapshot may be replayed. A later snapshot must not drop
     * a message that it has overtaken.
     *
     * @param {string} type
     * @param {(payload: Object) => void} apply
     */
    onNews(type, apply) {
        this.bus.subscribe(type, (payload, { id } = {}) => {
            if (isShown(payload) && (id === undefined || id > this.firstBusId)) {
                apply(payload);
            }
        });
    }

    /**
     * Subscribe to messages that are a call: its revision shows whether they are new.
     *
     * @param {string} type
     * @param {(call: Object) => void} apply
     */
    onCall(type, apply) {
        this.bus.subscribe(type, (call, { id } = {}) => {
            const age = this.store.ageOf(call);
            if (!isShown(call) || age === Age.OLDER) {
                return;
            }
            if (age === Age.UNKNOWN && id !== undefined && id <= this.busId) {
                this.refreshSoon();
            } else {
                apply(call);
            }
        });
    }

    /**
     * Read everything that is shown. The answer is newer than the request.
     *
     * @returns {Promise<boolean>} false if the server did not answer
     */
    refresh() {
        this.mustReadAgain = true;
        this.reading ||= this._read();
        return this.reading;
    }

    async _read() {
        const { store } = this;
        let isOvertaken = false;
        for (let read = 1; this.mustReadAgain || isOvertaken; read++) {
            if (read > MAX_READS) {
                this.refreshSoon(); // changes come so fast that waiting a little is better
                break;
            }
            this.mustReadAgain = false;
            const { mark } = store;
            try {
                const data = await this._ask("softphone_snapshot");
                isOvertaken = store.mark !== mark;
                this._keepBusId(data.bus_id ?? 0);
                store.applySnapshot(data, mark);
            } catch (error) {
                console.warn("Telephony: the snapshot could not be read", error);
                this.reading = null;
                return false;
            }
        }
        if (!isOvertaken) {
            store.confirm();
        }
        this.reading = null; // a later request needs a newer answer
        this.listener.onSnapshot();
        return true;
    }

    _keepBusId(busId) {
        if (!Number.isFinite(this.busId)) {
            this.firstBusId = busId;
        }
        this.busId = Number.isFinite(this.busId) ? Math.max(this.busId, busId) : busId;
    }

    /**
     * Ask the server for changes that this page has missed; usually there are none.
     *
     * @returns {Promise<boolean>} false if the server did not answer
     */
    async catchUp() {
        const { mark } = this.store;
        try {
            this.applyChanges(await this._ask("softphone_changes"), mark);
            return true;
        } catch (error) {
            console.debug("Telephony: missed changes could not be read", error);
            return false;
        }
    }

    _ask(method) {
        return this.orm.silent.call("telephony.agent", method, [this.store.known]);
    }

    /**
     * @param {ChangesData} changes
     * @param {number} mark mark of the store at the time of the request
     */
    applyChanges(changes, mark) {
        const { listener, store } = this;
        const isOvertaken = store.mark !== mark;
        changes.calls.forEach((call) => listener.onCall(call));
        changes.left.forEach((call) => listener.onLeft(call));
        for (const { id, call } of store.offers.filter(({ id }) => changes.closed.includes(id))) {
            const message = { uuid: call.uuid, offer_id: id, reason: "withdrawn", message: false };
            listener.onOfferClosed(message);
        }
        changes.offers
            .filter(({ call }) => isOfTelephone(call))
            .forEach((offer) => {
                listener.onOfferMade(offer);
            });
        this._applyAgent(changes.agent);
        if (!isOvertaken) {
            store.confirm();
        }
    }

    _applyAgent(agent) {
        if (isOfTelephone(agent)) {
            this.store.applyAgent(agent);
        }
    }
}

addPart(
    "serverSync",
    ["orm", "bus_service", "telephony.store"],
    ({ orm, bus_service, store }) => new ServerSync(orm, bus_service, store)
);
