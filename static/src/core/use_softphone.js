import { useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { SERVICE_NAME } from "@crm_telephony/backend/softphone_loader";

/**
 * Return the parts of the softphone by their names.
 *
 * @returns {import("@crm_telephony/shell/softphone_service").Softphone}
 */
export function useSoftphone() {
    return useService(SERVICE_NAME);
}

/**
 * Return the store; the component is rendered again when the values that it reads change.
 *
 * @returns {import("./softphone_store").SoftphoneStore}
 */
export function useSoftphoneStore() {
    return useState(useSoftphone().store);
}
