/**
 * What the scripts of docs/integrate.md register. Hoot starts this file, and the scripts, for each
 * file of tests: the entries are removed at once, and restored only where they are tested.
 */

import { after, beforeEach } from "@odoo/hoot";
import { softphoneServices } from "@crm_telephony/backend/softphone_loader";
import { callActionRegistry } from "@crm_telephony/core/call_action_registry";
import { cardLineRegistry } from "@crm_telephony/core/card_line_registry";
import { tabRegistry } from "@crm_telephony/core/tab_registry";
import "./copy_number";
import "./last_caller";
import "./ticket_lines";
import "./tickets_tab";

const ENTRIES = [
    [callActionRegistry, "example_copy"],
    [cardLineRegistry, "example_tickets"],
    [tabRegistry, "example_tickets"],
    [softphoneServices, "crm_telephony_example.last_caller"],
].map(([registry, key]) => {
    const value = registry.get(key);
    registry.remove(key);
    return { registry, key, value };
});

/** Register the examples for the tests of a file. */
export function useExamples() {
    beforeEach(() => {
        for (const { registry, key, value } of ENTRIES) {
            registry.add(key, value);
            after(() => registry.remove(key));
        }
    });
}
