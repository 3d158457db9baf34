/**
 * The place where every feature, and every other addon, registers its button of a running call.
 */

import { registry } from "@web/core/registry";

/** Entries are of the type `CallAction` (`@types/telephony.d.ts`). */
export const callActionRegistry = registry.category("crm_telephony.call_actions");
