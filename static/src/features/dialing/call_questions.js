/**
 * The questions that an agent answers before a call is placed.
 */

import { addPart } from "@crm_telephony/core/softphone_part";
import { CallReasonDialog } from "./call_reason_dialog";
import { CallerIdChooser } from "./caller_id_chooser";

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
     * Ask which caller ID to show if there are several; a single one needs no question.
     *
     * @param {{ number: string, name: string }} customer
     * @returns {Promise<number|false|undefined>} false: the server decides; undefined: canceled
     */
    async chooseCallerId(customer) {
        if (this.store.callerIds.length < 2) {
            return false;
        }
        if (this.isAsking) {
            return undefined; // a second click, while the first question is open
        }
        this.isAsking = true;
        try {
            const { choices, preselected_id: preselectedId } = await this.orm.silent.call(
                "telephony.caller.id",
                "get_choices",
                [customer.number.trim()]
            );
            if (choices.length < 2) {
                return false;
            }
            return await this._ask(CallerIdChooser, { choices, preselectedId, customer });
        } finally {
            this.isAsking = false;
        }
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
