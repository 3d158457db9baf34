import { useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { SERVICE_NAME } from "@crm_telephony/backend/softphone_loader";

/**
 * Return the softphone; the component is rendered again when the store values it reads change.
 *
 * @returns {{ softphone: import("@crm_telephony/shell/softphone_service").Softphone,
 *  store: import("./softphone_store").SoftphoneStore }}
 */
export function useSoftphone() {
    const softphone = useService(SERVICE_NAME);
    return { softphone, store: useState(softphone.store) };
}
