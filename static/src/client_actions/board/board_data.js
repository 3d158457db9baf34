/**
 * What the supervisors' board shows: asked of the server once, and again whenever the bus tells
 * that something has changed. There is one place where figures are counted, which is the server.
 */

import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { user } from "@web/core/user";
import { Reactive } from "@web/core/utils/reactive";
import { humanError } from "@crm_telephony/core/human_error";

/** News come in twos and threes: milliseconds in which they count as one */
const BATCH = 100;
/** Milliseconds between two readings at least */
const PAUSE = 400;
/** Browsers cannot wait longer than this many milliseconds */
const LONGEST_TIMER = 2 ** 31 - 1;

export class BoardData extends Reactive {
    /** @type {Object|null} answer of `board`; replaced, never changed */
    data = null;
    error = "";
    /** Whether the server can tell what happens */
    isLive = true;
    /** Milliseconds to add to this computer's clock to get the server's */
    clockOffset = 0;

    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     */
    constructor(orm, bus) {
        super();
        Object.assign(this, { _orm: orm, _bus: bus });
        /** Number of the last request: answers of older ones are dropped */
        this._asked = 0;
        this._readAt = 0;
        this._timer = 0;
        this._recheckTimer = 0;
        this._stops = markRaw([]);
    }

    start() {
        const onCall = (row) => {
            if (user.activeCompanies.some((company) => company.id === row.company_id)) {
                this._refreshSoon();
            }
        };
        const onAgent = () => this._refreshSoon();
        const onLive = ({ type }) => {
            const isNews = !this.isLive || type === "BUS:RECONNECT";
            this.isLive = true;
            if (isNews) {
                this.refresh(); // what was told meanwhile is lost
            }
        };
        const onVisible = () => document.visibilityState === "visible" && this.refresh();
        const onLost = () => (this.isLive = false);
        this._subscribe("telephony/live_updated", onCall);
        this._subscribe("telephony/agent_state", onAgent);
        this._listen(this._bus, "BUS:DISCONNECT", onLost);
        this._listen(this._bus, "BUS:CONNECT", onLive);
        this._listen(this._bus, "BUS:RECONNECT", onLive);
        this._listen(browser, "visibilitychange", onVisible);
        this._bus.start();
        return this.refresh();
    }

    stop() {
        this._stops.forEach((stop) => stop());
        browser.clearTimeout(this._timer);
        browser.clearTimeout(this._recheckTimer);
        this._asked = NaN; // no answer is waited for any more
    }

    _subscribe(type, onTold) {
        this._bus.subscribe(type, onTold);
        this._stops.push(() => this._bus.unsubscribe(type, onTold));
    }

    _listen(target, type, onEvent) {
        target.addEventListener(type, onEvent);
        this._stops.push(() => target.removeEventListener(type, onEvent));
    }

    _refreshSoon() {
        if (!this._timer) {
            const rest = this._readAt + PAUSE - Date.now();
            this._timer = browser.setTimeout(() => this.refresh(), Math.max(BATCH, rest));
        }
    }

    async refresh() {
        browser.clearTimeout(this._timer);
        this._timer = 0;
        this._readAt = Date.now();
        const asked = ++this._asked;
        try {
            const data = await this._orm.silent.call("telephony.queue", "board", []);
            if (asked === this._asked) {
                this._put(data);
            }
        } catch (error) {
            if (asked === this._asked) {
                this.error = humanError(error);
            }
        }
    }

    _put(data) {
        const now = deserializeDateTime(data.now).toMillis();
        this.clockOffset = now - Date.now();
        this.data = markRaw(data);
        this.error = "";
        // Nobody tells that a browser has disappeared, or that a new day has begun.
        const wait = deserializeDateTime(data.recheck_at).toMillis() - now;
        browser.clearTimeout(this._recheckTimer);
        this._recheckTimer = browser.setTimeout(
            () => this.refresh(),
            Math.min(wait, LONGEST_TIMER)
        );
    }
}
