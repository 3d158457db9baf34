/** What can become of a customer whom Odoo does not know. */

import { user } from "@web/core/user";

const MODELS = ["res.partner", "crm.lead"];

/**
 * @param {CallData} call
 * @returns {boolean} whether its customer has a number, but neither contact nor lead
 */
export function isUnknown({ uuid, record, customer }) {
    return Boolean(uuid && customer.number && !record && !customer.name);
}

/** @returns {Promise<string[]>} models of which the user may create a record for a customer */
export async function getCreatableModels() {
    const rights = await Promise.all(MODELS.map((model) => user.checkAccessRight(model, "create")));
    return MODELS.filter((_model, index) => rights[index]);
}
