/**
 * The questions that an agent answers before a call is placed.
 */

import { addPart } from "@crm_telephony/core/softphone_part";
import { CallReasonDialog } from "./call_reason_dialog";
import { CallerIdChooser } from "./caller_id_chooser";
import { isSenderAsked, preselectedOf, sendersOf } from "./senders";

export class CallQuestions {
    /**
     * @param {Object} orm the orm service
     * @param {Object} dialog the dialog service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     */
    constructor(orm, dialog, store) {
        Object.assign(this, { orm, dialog, store });
        this.isAsking = false;
    }

    /**
     * Ask what to show to the customer, if the agent has several caller IDs.
     *
     * @param {{ number: string, name: string }} customer
     * @returns {Promise<import("./senders").Sender|false|undefined>} false: the server decides;
     *  undefined: canceled
     */
    async chooseSender(customer) {
        if (!isSenderAsked(this.store)) {
            return false;
        }
        if (this.isAsking) {
            return undefined; // a second click, while the first question is open
        }
        this.isAsking = true;
        try {
            const answer = await this._getChoices(customer.number);
            if (answer.choices.length < 2) {
                return false;
            }
            const senders = sendersOf(answer.choices, answer.numbers || []);
            const preselected = preselectedOf(answer) || senders[0];
            return await this._ask(CallerIdChooser, { senders, preselected, customer });
        } finally {
            this.isAsking = false;
        }
    }

    /**
     * @param {string} number of a customer, as typed
     * @returns {Promise<import("./senders").Sender|undefined>} what a call shows without a choice;
     *  nothing if that is not known
     */
    async findLastSender(number) {
        try {
            return preselectedOf(await this._getChoices(number));
        } catch (error) {
            console.debug("Telephony: the last caller ID of a customer is not known", error);
            return undefined;
        }
    }

    _getChoices(number) {
        return this.orm.silent.call("telephony.caller.id", "get_choices", [number.trim()]);
    }

    /**
     * @param {string} sentence the rule that forbids the call
     * @returns {Promise<string|undefined>} reason to call despite the rule; undefined: canceled
     */
    askReason(sentence) {
        return this._ask(CallReasonDialog, { sentence });
    }

    _ask(component, props) {
        return new Promise((resolve) => {
            this.dialog.add(
                component,
                { ...props, onAnswer: resolve },
                { onClose: () => resolve(undefined) }
            );
        });
    }
}

addPart(
    "questions",
    ["orm", "dialog", "telephony.store"],
    ({ orm, dialog, store }) => new CallQuestions(orm, dialog, store)
);
