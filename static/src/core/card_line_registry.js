/**
 * The registry in which other addons register lines of the customer's card.
 */

import { registry } from "@web/core/registry";

/** Entries have the type `CardLineSource` (`@types/telephony.d.ts`). */
export const cardLineRegistry = registry.category("crm_telephony.card_lines");
