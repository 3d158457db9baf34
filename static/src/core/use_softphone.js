import { useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { SERVICE_NAME } from "./constants";

/**
 * Give a component the softphone, and draw it again when what it reads of the store changes.
 *
 * @returns {{ softphone: import("@crm_telephony/shell/softphone_service").Softphone,
 *  store: import("./softphone_store").SoftphoneStore }}
 */
export function useSoftphone() {
    const softphone = useService(SERVICE_NAME);
    return { softphone, store: useState(softphone.store) };
}
