/**
 * Transfers a call or adds a party: each action is a request to the server, which owns the state.
 */

import { attempt } from "@crm_telephony/core/attempt";
import { isRuleError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

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
        this.serverSync.onNews("telephony/transfer_ended", ({ message }) => this._notify(message));
    }

    /**
     * @param {string} uuid of the call
     * @param {string} term part of a name, or a number
     * @returns {Promise<Object[]>} targets of a transfer, with the reason if one is unavailable
     */
    async targets(uuid, term) {
        try {
            return await this._ask("transfer_targets", uuid, term);
        } catch (error) {
            this.store.fail(error); // shown until the next action
            return [];
        }
    }

    /**
     * @param {CallData} call
     * @param {Object} target one of `targets`
     * @param {"blind"|"warm"|"conference"} mode
     * @param {string} [reason] reason to override a rule of the company
     * @returns {Promise<boolean>} whether the request succeeded
     */
    async transfer(call, { type, id, number }, mode, reason) {
        const target = type === "number" ? { type, number, reason } : { type, id };
        this.store.clearError(); // also the question that the reason answers
        await this.notes.flush(call.uuid); // the target receives the note with the call
        try {
            this._apply(await this._ask("transfer", call.uuid, target, mode));
            return true;
        } catch (error) {
            this.store.fail(error);
            if (isRuleError(error)) {
                const given = await this.questions.askReason(this.store.error);
                return Boolean(given) && this.transfer(call, { type, id, number }, mode, given);
            }
            return false;
        }
    }

    /** Complete a transfer: the target takes over the call. @param {CallData} call */
    async complete(call) {
        await this.notes.flush(call.uuid);
        return this._act("complete_transfer", call);
    }

    /** Start a three-way call with the customer. @param {CallData} call */
    merge(call) {
        return this._act("merge_transfer", call);
    }

    /** Cancel the transfer and return to the customer. @param {CallData} call */
    cancel(call) {
        return this._act("cancel_transfer", call);
    }

    /** Make the server check a transfer whose deadline has passed. @param {CallData} call */
    async check(call) {
        try {
            this._apply(await this._ask("check_transfer", call.uuid));
        } catch (error) {
            // Other tabs and a job of the server check it, too.
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
        this.store.hideTransfer();
        if (call.has_left) {
            this.onLeft(call);
        } else {
            this.calls.onCall(call);
        }
    }

    /** @param {LeftCallData} call whose `message` is the reason why it left the agent */
    onLeft(call) {
        // The answer and the bus carry the same message: only the first one is shown.
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

addPart(
    "transfer",
    [
        "orm",
        "notification",
        "telephony.store",
        "telephony.serverSync",
        "telephony.calls",
        "telephony.notes",
        "telephony.questions",
    ],
    (parts) => new TransferControl(parts)
);
