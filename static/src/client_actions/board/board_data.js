/**
 * The data of the supervisors' board: read on opening, and again after each change announced on
 * the bus. All figures are counted by the server, in one place.
 */

import { markRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { user } from "@web/core/user";
import { Reactive } from "@web/core/utils/reactive";
import { humanError } from "@crm_telephony/core/human_error";

/** Milliseconds in which bus messages count as one; they often come in twos and threes */
const BATCH = 100;
/** Minimum milliseconds between two reads */
const PAUSE = 400;
/** Maximum delay of a browser timer, in milliseconds */
const LONGEST_TIMER = 2 ** 31 - 1;

export class BoardData extends Reactive {
    /** @type {Object|null} answer of `board`; replaced, never mutated */
    data = null;
    error = "";
    /** Whether the bus delivers changes */
    isLive = true;
    /** Offset from this computer's clock to the server's, in milliseconds */
    clockOffset = 0;

    /**
     * @param {Object} orm the orm service
     * @param {Object} bus the bus service
     */
    constructor(orm, bus) {
        super();
        Object.assign(this, { _orm: orm, _bus: bus });
        /** Number of the last request; answers to older requests are dropped */
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
                this.refresh(); // messages of the time without a connection are lost
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
        this._asked = NaN; // drops the answer of a pending request
    }

    _subscribe(type, onMessage) {
        this._bus.subscribe(type, onMessage);
        this._stops.push(() => this._bus.unsubscribe(type, onMessage));
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
        // A message may be lost, and none announces that a browser has disappeared.
        const wait = deserializeDateTime(data.recheck_at).toMillis() - now;
        browser.clearTimeout(this._recheckTimer);
        this._recheckTimer = browser.setTimeout(
            () => this.refresh(),
            Math.min(wait, LONGEST_TIMER)
        );
    }
}
