/**
 * What a person is asked before a call is placed.
 */

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
     * With several caller IDs the person chooses one at each call; the only one needs no question.
     *
     * @param {{ number: string, name: string }} customer
     * @returns {Promise<number|false|undefined>} false: the server decides; undefined: given up
     */
    async chooseCallerId(customer) {
        if (this.store.callerIds.length < 2) {
            return false;
        }
        if (this.isAsking) {
            return undefined; // a second click, while the first one's answer is awaited
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
     * @param {string} sentence what forbids the call
     * @returns {Promise<string|undefined>} why it is made all the same; undefined: given up
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
