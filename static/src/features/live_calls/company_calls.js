/**
 * The calls of the company: running conversations, and callers who wait in a queue.
 *
 * Read when the window is first opened, and followed on the bus from then on. A window that
 * stays closed costs no request and keeps no rows.
 */

import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { Reactive } from "@web/core/utils/reactive";
import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

/** Milliseconds after which lists on the screen are read again: a message may have been lost */
const RECHECK = 60_000;

/** Compare by arrival, as the server orders the rows. Its dates sort as text. */
function byArrival(a, b) {
    return a.started_at < b.started_at ? -1 : Number(a.started_at > b.started_at) || a.id - b.id;
}

export class CompanyCalls extends Reactive {
    /** @type {LiveRowData[]} rows of `live_calls`; replaced, never mutated */
    talking = markRaw([]);
    /** @type {{ row: LiveRowData, position: number }[]} rows of `queued_calls`, place in queue */
    waiting = markRaw([]);
    isRead = false;
    error = "";

    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     */
    constructor(orm, bus, store) {
        super();
        Object.assign(this, { _orm: orm, _bus: bus, _store: store });
        this._rows = markRaw(new Map());
        /** uuid → revision, including rows that have left the lists */
        this._revisions = markRaw(new Map());
        /** Rows received from the bus while the lists are being read */
        this._news = markRaw([]);
        /** When the lists on the screen were requested (ms) */
        this._readAt = 0;
        /** Number of the current read; 0 if there is none */
        this._reading = 0;
        this._readings = 0;
    }

    start() {
        this._bus.subscribe("telephony/live_updated", (row) => this.onRow(row));
        this._bus.addEventListener("BUS:RECONNECT", () => this._catchUp());
        browser.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") {
                this._catchUp();
            }
        });
    }

    /** Load the lists: the window is open and needs them from now on. */
    async open() {
        if (!this.isRead && !this._reading) {
            await this.refresh();
        }
    }

    /**
     * Keep the lists true while a panel shows them. A row that was not announced cannot be missed,
     * so they are read again once a minute.
     *
     * @returns {() => void} function to call when the panel is closed
     */
    watch() {
        if (this.isRead && Date.now() - this._readAt >= RECHECK) {
            this.refresh();
        }
        const timer = browser.setInterval(() => !document.hidden && this.refresh(), RECHECK);
        return () => browser.clearInterval(timer);
    }

    /** Read the lists again, now or when the window is next opened: messages may be lost. */
    _catchUp() {
        const wasNeeded = this.isRead || this._reading;
        if (wasNeeded && this._store.isOpen) {
            this.refresh();
        } else {
            this.isRead = false;
        }
    }

    async refresh() {
        const reading = ++this._readings;
        this._reading = reading;
        this._news = markRaw([]);
        const now = Date.now();
        try {
            const lists = await Promise.all(
                ["live_calls", "queued_calls"].map((method) =>
                    this._orm.silent.call("telephony.call", method, [])
                )
            );
            if (reading === this._reading) {
                this._rows = markRaw(new Map());
                this._revisions = markRaw(new Map());
                lists.flat().forEach((row) => this._put(row));
                this._news.forEach((row) => this._put(row));
                Object.assign(this, { isRead: true, error: "", _reading: 0, _readAt: now });
                this._sort();
            }
        } catch (error) {
            if (reading === this._reading) {
                Object.assign(this, { error: humanError(error), _reading: 0 });
            }
        }
    }

    /** @param {LiveRowData} row as in the lists; `list` is its current list, if any */
    onRow(row) {
        if (!user.activeCompanies.some((company) => company.id === row.company_id)) {
            return;
        }
        if (this._reading) {
            this._news.push(row);
        }
        if (this.isRead) {
            this._put(row);
            this._sort();
        }
    }

    _put(row) {
        const known = this._revisions.get(row.uuid);
        if (row.revision < known) {
            return; // a late message of the bus
        }
        this._revisions.set(row.uuid, row.revision);
        if (row.list) {
            this._rows.set(row.uuid, row);
        } else {
            this._rows.delete(row.uuid);
        }
    }

    _sort() {
        const rows = [...this._rows.values()].sort(byArrival);
        const positions = {};
        this.talking = markRaw(rows.filter((row) => row.list === "conversation"));
        this.waiting = markRaw(
            rows
                .filter((row) => row.list === "queue")
                .map((row) => {
                    const queueId = row.queue?.id;
                    positions[queueId] = (positions[queueId] || 0) + 1;
                    return { row, position: positions[queueId] };
                })
        );
    }
}

addPart(
    "companyCalls",
    ["orm", "bus_service", "telephony.store"],
    ({ orm, bus_service, store }) => new CompanyCalls(orm, bus_service, store)
);
