import { Component, onMounted, useEffect, useRef, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { withExtension } from "@crm_telephony/backend/extension";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { Player } from "@crm_telephony/backend/player";
import { attempt } from "@crm_telephony/core/attempt";
import { customerName } from "@crm_telephony/core/call_labels";
import { Caller } from "@crm_telephony/core/caller";
import { moveInList } from "@crm_telephony/core/list_keys";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

const { DateTime } = luxon;
const NEWS_DELAY = 300; // ms; the end of one call often sends several messages
const UNANSWERED = ["missed", "abandoned", "voicemail", "declined", "failed", "queue_callback"];

/** @returns {boolean} whether a row is below another one */
const isBelow = (row, other) =>
    row.created_at < other.created_at || (row.created_at === other.created_at && row.id < other.id);

/** The calls the user had or missed, newest first, a page at a time. */
export class RecentPanel extends Component {
    static template = "crm_telephony.RecentPanel";
    static components = { Caller, Player };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.orm = useService("orm");
        this.action = useService("action");
        this.list = useRef("list");
        this.more = useRef("more");
        /** @type {{ rows: RecentCallData[] }} */
        this.state = useState({ kind: "all", rows: [], hasMore: false, isRead: false, error: "" });
        this.readings = 0;
        const readSoon = useDebounced(() => this.read(), NEWS_DELAY);
        onMounted(() => {
            this.softphone.missed.markSeen();
            this.read();
        });
        // The bus and the reconnect renew the latest calls of the store.
        useEffect(
            () => {
                if (this.readings) {
                    readSoon();
                }
            },
            () => [this.store.recent]
        );
        useEffect(
            (element) => {
                if (!element) {
                    return;
                }
                const observer = new IntersectionObserver((entries) => {
                    if (entries.some((entry) => entry.isIntersecting)) {
                        this.readMore();
                    }
                });
                observer.observe(element);
                return () => observer.disconnect();
            },
            () => [this.more.el, this.state.rows.length]
        );
    }

    get kinds() {
        return [
            { kind: "all", label: _t("All") },
            { kind: "missed", label: _t("Missed") },
            { kind: "voicemail", label: _t("Voicemail") },
        ];
    }

    get emptyText() {
        return {
            all: _t(
                "Your calls appear here. Enter a number on the keypad to make your first call."
            ),
            missed: _t("No missed calls."),
            voicemail: _t("No voicemails. Messages that callers leave for you appear here."),
        }[this.state.kind];
    }

    /** @param {string} kind the calls to show */
    choose(kind) {
        if (kind !== this.state.kind) {
            Object.assign(this.state, { kind, rows: [], hasMore: false, isRead: false });
            this.read();
        }
    }

    /** Read the first page. Rows of further pages stay. */
    async read() {
        const page = await this._readPage();
        if (page) {
            const last = page.calls.at(-1);
            const rest = page.has_more ? this.state.rows.filter((row) => isBelow(row, last)) : [];
            this._show([...page.calls, ...rest], rest.length ? this.state.hasMore : page.has_more);
        }
    }

    /** Read the page below the last row. */
    async readMore() {
        const last = this.state.rows.at(-1);
        const page = last && this.state.hasMore && (await this._readPage(last));
        if (page) {
            this._show([...this.state.rows, ...page.calls], page.has_more);
        }
    }

    /** @returns {Promise<Object|null>} null if it failed, or another reading has begun */
    async _readPage(last = null) {
        const reading = ++this.readings;
        const place = last ? [last.created_at, last.id] : [];
        const page = await attempt(this.state, () =>
            this.orm.silent.call("telephony.call", "recent_calls", [this.state.kind, ...place])
        );
        return reading === this.readings && page ? page : null;
    }

    _show(rows, hasMore) {
        Object.assign(this.state, { rows, hasMore, isRead: true });
    }

    isMissed(call) {
        return call.direction === "incoming" && UNANSWERED.includes(call.outcome);
    }

    directionIcon(call) {
        return call.direction === "incoming" ? "fa-long-arrow-down" : "fa-long-arrow-up";
    }

    directionText(call) {
        return call.direction === "incoming" ? _t("Incoming call.") : _t("Outgoing call.");
    }

    when(call) {
        const date = deserializeDateTime(call.created_at);
        return date.hasSame(DateTime.now(), "day")
            ? date.toLocaleString(DateTime.TIME_SIMPLE)
            : date.toLocaleString({ month: "short", day: "numeric" });
    }

    length(call) {
        return call.duration ? formatSeconds(call.duration) : "";
    }

    callbackText({ callback }) {
        if (callback.is_overdue) {
            return callback.user
                ? _t("Callback overdue: %(name)s", { name: callback.user.name })
                : _t("Callback overdue");
        }
        const date = deserializeDateTime(callback.due_at);
        const time = date.hasSame(DateTime.now(), "day")
            ? date.toLocaleString(DateTime.TIME_SIMPLE)
            : date.toLocaleString(DateTime.DATETIME_SHORT);
        return callback.user
            ? _t("Call back by %(time)s: %(name)s", { time, name: callback.user.name })
            : _t("Call back by %(time)s", { time });
    }

    isMine(call) {
        return call.user && call.user.id === user.userId;
    }

    /** Return what the end window shows: the own call, or the own part of one that went on. */
    ownPart(call) {
        return this.isMine(call) ? call : call.part;
    }

    /** Open the end window of an own call; its note and result can still be changed. */
    open(call) {
        const part = this.ownPart(call);
        if (part) {
            return this.store.showEnded(part);
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Call"),
            res_model: "telephony.call",
            res_id: call.id,
            views: [[false, "form"]],
        });
    }

    openLabel(call) {
        const name = customerName(call);
        return this.ownPart(call)
            ? _t("Note and follow-up for the call with %(name)s", { name })
            : _t("Open the call with %(name)s", { name });
    }

    callAgainLabel(call) {
        return _t("Call %(name)s", { name: customerName(call) });
    }

    callAgain(call) {
        this.softphone.dialer.dial({
            number: withExtension(call.customer.number, call.extension),
            name: call.customer.name || "",
            target: call.record ? { resModel: call.record.model, resId: call.record.id } : null,
        });
    }

    onKeydown(ev) {
        moveInList(ev, this.list.el, ".o_telephony_recent_call");
    }
}
