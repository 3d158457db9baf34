/**
 * Bringing somebody else into a call: each act is a request to the server, which says what is true.
 */

import { attempt } from "@crm_telephony/core/attempt";
import { humanError, isRuleError } from "@crm_telephony/core/human_error";

export class TransferControl {
    /**
     * @param {Object} parts
     * @param {Object} parts.orm the orm service
     * @param {Object} parts.notification the notification service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/core/server_sync").ServerSync} parts.serverSync
     * @param {import("@crm_telephony/features/in_call/call_control").CallControl} parts.calls
     * @param {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} parts.notes
     * @param {import("@crm_telephony/features/dialing/call_questions").CallQuestions} parts.questions
     */
    constructor(parts) {
        Object.assign(this, parts);
    }

    start() {
        this.serverSync.onCall("telephony/call_left", (call) => this.onLeft(call));
        this.serverSync.on("telephony/transfer_ended", ({ message }) => this._notify(message));
    }

    /**
     * @param {string} uuid of the call
     * @param {string} term part of a name, or a number
     * @returns {Promise<Object[]>} to whom the call can go, and why not
     */
    async targets(uuid, term) {
        try {
            return await this._ask("transfer_targets", uuid, term);
        } catch (error) {
            this.store.error = humanError(error); // what stands there stays until the next act
            return [];
        }
    }

    /**
     * @param {CallData} call
     * @param {Object} target one of `targets`
     * @param {"blind"|"warm"|"conference"} mode
     * @param {string} [reason] why a rule of the company does not count this time
     * @returns {Promise<boolean>} whether it was done
     */
    async transfer(call, { type, id, number }, mode, reason) {
        const target = type === "number" ? { type, number, reason } : { type, id };
        this.notes.flush(call.uuid); // the note travels with the call
        try {
            this._apply(await this._ask("transfer", call.uuid, target, mode));
            return true;
        } catch (error) {
            this.store.error = humanError(error);
            if (isRuleError(error)) {
                const given = await this.questions.askReason(this.store.error);
                return Boolean(given) && this.transfer(call, { type, id, number }, mode, given);
            }
            return false;
        }
    }

    /** Leave the call to the person who was asked. @param {CallData} call */
    complete(call) {
        this.notes.flush(call.uuid);
        return this._act("complete_transfer", call);
    }

    /** Let the customer take part. @param {CallData} call */
    merge(call) {
        return this._act("merge_transfer", call);
    }

    /** Go on without the person who was asked. @param {CallData} call */
    cancel(call) {
        return this._act("cancel_transfer", call);
    }

    /** The time of the person who is asked is up: let the server look. @param {CallData} call */
    async check(call) {
        try {
            this._apply(await this._ask("check_transfer", call.uuid));
        } catch (error) {
            // Other clocks look, too.
            console.warn("Telephony: the transfer could not be checked", error);
        }
    }

    _act(method, call) {
        return attempt(this.store, async () => this._apply(await this._ask(method, call.uuid)));
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, args);
    }

    _apply(call) {
        this.store.isTransferShown = false;
        if (call.has_left) {
            this.onLeft(call);
        } else {
            this.calls.onCall(call);
        }
    }

    /** @param {LeftCallData} call whose `message` says why it is somebody else's now */
    onLeft(call) {
        // The answer of a request and the bus say the same: the first one is shown.
        const isNews = this.store.calls.some(({ uuid }) => uuid === call.uuid);
        if (this.calls.onLeft(call) && isNews) {
            this._notify(call.message);
        }
    }

    _notify(message) {
        if (message && !document.hidden) {
            this.notification.add(message, { type: "info" });
        }
    }
}
