/**
 * The registry in which other addons register tabs of the softphone.
 */

import { registry } from "@web/core/registry";

/** Entries have the type `SoftphoneTab` (`@types/telephony.d.ts`); their keys name the panels. */
export const tabRegistry = registry.category("crm_telephony.tabs");
