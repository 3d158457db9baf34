/**
 * The models, besides contacts and leads, of which the user can create records during a call.
 *
 * Read once, with the first call: an app that is installed later reloads the page.
 */

import { addPart } from "@crm_telephony/core/softphone_part";

export class LinkedModels {
    /** @param {Object} orm the orm service */
    constructor(orm) {
        this._orm = orm;
        this._models = null;
    }

    /** @returns {Promise<{ model: string, name: string, icon: string, needs_contact: boolean }[]>} */
    async load() {
        this._models ||= this._orm.silent.call("telephony.call", "get_creatable", []);
        try {
            return await this._models;
        } catch (error) {
            console.warn("Telephony:", error);
            this._models = null; // the next call asks again
            return [];
        }
    }
}

addPart("linkedModels", ["orm"], ({ orm }) => new LinkedModels(orm));
