/**
 * Saves how an agent makes calls. `BrowserSettings` saves the settings of the computer.
 */

import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

export class PreferencesControl {
    /**
     * @param {Object} orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     */
    constructor(orm, store) {
        Object.assign(this, { orm, store });
    }

    /**
     * @param {Object} values of `call_via`, `phone_number`, `press_to_accept`,
     *  `default_number_id`, `shows_number`, `call_waiting`
     * @returns {Promise<string>} the server's reason for refusing the values; empty if saved
     */
    async save(values) {
        try {
            this.store.applyAgent(
                await this.orm.silent.call("telephony.agent", "save_preferences", [values])
            );
            return "";
        } catch (error) {
            return humanError(error);
        }
    }
}

addPart(
    "preferences",
    ["orm", "telephony.store"],
    ({ orm, store }) => new PreferencesControl(orm, store)
);
