/**
 * The registry in which features and other addons register their buttons of a running call.
 */

import { registry } from "@web/core/registry";

/** Entries have the type `CallAction` (`@types/telephony.d.ts`). */
export const callActionRegistry = registry.category("crm_telephony.call_actions");
