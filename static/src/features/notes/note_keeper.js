/**
 * Saves notes of calls automatically while they are typed.
 *
 * Text that the server has not confirmed stays in this tab's storage, so that neither a reload nor
 * a lost network loses it.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { sendLast } from "@crm_telephony/core/beacon";
import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

const SAVE_DELAY = 800; // ms after the last key
const LONGEST_DELAY = 3_000; // ms; typing without a pause is saved as well
const PREFIX = "telephony.note.";

export class NoteKeeper extends Reactive {
    /** uuid → text that is not saved yet */
    drafts = {};
    /** uuid → text that the server confirmed last, newer than an older CallData */
    saved = {};
    error = "";
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
        this.drafts[uuid] = text;
        browser.sessionStorage.setItem(PREFIX + uuid, text);
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
            this._sent[uuid] = this._sent[uuid].filter((sent) => sent !== text);
        }
        if (this._sending[uuid] === text) {
            delete this._sending[uuid];
        }
        this.isSaving = false;
    }

    _sendAll() {
        for (const [uuid, text] of Object.entries(this.drafts)) {
            sendLast("telephony.call", "save_note", [uuid, text]);
        }
    }
}

addPart("notes", ["orm"], ({ orm }) => new NoteKeeper(orm));
