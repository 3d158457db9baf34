/**
 * Saves notes of calls automatically while they are typed.
 *
 * Text that the server has not confirmed stays in this tab's storage, so that neither a reload nor
 * a lost network loses it. A text that the server refuses is not sent again before it changes.
 */

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { Reactive } from "@web/core/utils/reactive";
import { formatInteger } from "@web/views/fields/formatters";
import { sendLast } from "@crm_telephony/core/beacon";
import { humanError, isRefusal } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

const SAVE_DELAY = 800; // ms after the last key
const LONGEST_DELAY = 3_000; // ms; typing without a pause is saved as well
const RETRY_DELAY = 10_000; // ms after a failure, such as a lost connection
const PREFIX = "telephony.note.";
/** Characters that the server accepts */
const MOST = 20_000;

/** Remove what the database cannot store: zero bytes, and halves of characters. */
const storable = (text) => text.toWellFormed().replaceAll("\0", "");
/** @returns {number} the characters of a text, counted as the server does */
const lengthOf = (text) => (text.length > MOST ? [...text].length : text.length);

export class NoteKeeper extends Reactive {
    /** uuid → text that is not saved yet */
    drafts = {};
    /** uuid → text that the server confirmed last, newer than an older CallData */
    saved = {};
    error = "";
    /** Whether the text that could not be saved is sent again by itself */
    isRetried = false;
    isSaving = false;

    constructor(orm) {
        super();
        this._orm = orm;
        this._timers = {};
        this._since = {};
        this._sending = {};
        /** uuid → sent texts, oldest first, whose message has not come yet */
        this._sent = {};
        for (const key of Object.keys(browser.sessionStorage)) {
            if (key.startsWith(PREFIX)) {
                this.drafts[key.slice(PREFIX.length)] = browser.sessionStorage.getItem(key);
            }
        }
        browser.addEventListener("pagehide", () => this._sendAll());
    }

    /**
     * @param {CallData} call
     * @returns {string} content of the text area
     */
    text(call) {
        return this.drafts[call.uuid] ?? this.saved[call.uuid] ?? (call.note || "");
    }

    /** Show the server's text: the call has another owner now. @param {string} uuid of the call */
    forget(uuid) {
        delete this.saved[uuid];
        delete this._sent[uuid];
    }

    isSaved(call) {
        return call.uuid in this.saved && !(call.uuid in this.drafts);
    }

    /**
     * Drop a saved text when the server's differs: another tab or user wrote it.
     *
     * The messages of this tab's own texts may follow the answers of their requests, also after
     * the answer about a newer text.
     *
     * @param {CallData} call
     */
    onCall({ uuid, note }) {
        const sent = this._sent[uuid] || [];
        const place = sent.indexOf(note);
        if (place >= 0) {
            sent.splice(0, place + 1);
        } else if (note !== this.saved[uuid]) {
            delete this.saved[uuid];
        }
    }

    /** @param {string} uuid of the call, @param {string} text */
    write(uuid, text) {
        if (!uuid) {
            return;
        }
        this.drafts[uuid] = storable(text);
        try {
            browser.sessionStorage.setItem(PREFIX + uuid, this.drafts[uuid]);
        } catch {
            // The storage is full: the text is still in this page.
        }
        browser.clearTimeout(this._timers[uuid]);
        this._since[uuid] ||= Date.now();
        const left = Math.max(0, this._since[uuid] + LONGEST_DELAY - Date.now());
        this._timers[uuid] = browser.setTimeout(() => this.flush(uuid), Math.min(SAVE_DELAY, left));
    }

    /** Save the unsaved text of a call now. @param {string} uuid of the call */
    async flush(uuid) {
        browser.clearTimeout(this._timers[uuid]);
        delete this._since[uuid];
        const text = this.drafts[uuid];
        if (text === undefined || text === this._sending[uuid]) {
            return; // leaving the field and leaving the panel both save
        }
        if (this.isTooLong(uuid)) {
            this.isRetried = false;
            this.error = _t(
                "This note has more than %(count)s characters. Shorten it to save it.",
                { count: formatInteger(MOST) }
            );
            return;
        }
        this._sending[uuid] = text;
        (this._sent[uuid] ||= []).push(text);
        this.isSaving = true;
        try {
            await this._orm.silent.call("telephony.call", "save_note", [uuid, text]);
            this.error = "";
            this.saved[uuid] = text;
            if (this.drafts[uuid] === text) {
                delete this.drafts[uuid];
                browser.sessionStorage.removeItem(PREFIX + uuid);
            }
        } catch (error) {
            this.error = humanError(error);
            this.isRetried = !isRefusal(error);
            if (this.isRetried) {
                this._timers[uuid] = browser.setTimeout(() => this.flush(uuid), RETRY_DELAY);
            }
            this._sent[uuid] = this._sent[uuid].filter((sent) => sent !== text);
        }
        if (this._sending[uuid] === text) {
            delete this._sending[uuid];
        }
        this.isSaving = false;
    }

    /** @param {string} uuid of the call @returns {boolean} whether its text cannot be saved */
    isTooLong(uuid) {
        return lengthOf(this.drafts[uuid] || "") > MOST;
    }

    _sendAll() {
        const drafts = Object.entries(this.drafts).filter(([uuid]) => !this.isTooLong(uuid));
        for (const [uuid, text] of drafts) {
            sendLast("telephony.call", "save_note", [uuid, text]);
        }
    }
}

addPart("notes", ["orm"], ({ orm }) => new NoteKeeper(orm));
