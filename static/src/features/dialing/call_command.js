/**
 * “Call …” in the command palette: a contact by name or number, or any number.
 */

import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { SERVICE_NAME } from "@crm_telephony/backend/softphone_loader";

/** Numbers begin with this character, and no other part of Odoo uses it. */
const NAMESPACE = "+";
const SEARCH_DELAY = 250; // ms
const LETTER = /\p{L}/u;

registry.category("command_setup").add(NAMESPACE, {
    debounceDelay: SEARCH_DELAY,
    emptyMessage: _t("No matching contacts with a phone number."),
    name: _t("telephone"),
    placeholder: _t("Call a contact or a number…"),
});

/** Return the typed number with the character that opened the list, which is part of it. */
function typedNumber(term) {
    const digits = term.replace(/\P{Nd}/gu, "");
    return digits.length < 3 || LETTER.test(term) ? "" : term.startsWith("0") ? term : `+${term}`;
}

async function provideCalls(env, { searchValue }) {
    const softphone = env.services[SERVICE_NAME];
    const term = (searchValue || "").trim();
    if (!softphone) {
        return [];
    }
    const number = typedNumber(term);
    const contacts = await softphone.agent.searchContacts(number || term);
    const commands = contacts.map((contact) => ({
        name: _t("Call %(name)s, %(number)s", {
            name: contact.name,
            number: contact.number_display || contact.number,
        }),
        action: () => {
            softphone.dialer.dial({
                number: contact.number,
                name: contact.name,
                target: { resModel: "res.partner", resId: contact.partner_id },
            });
        },
    }));
    if (number) {
        commands.push({
            name: _t("Call %(number)s", { number }),
            action: () => {
                softphone.dialer.dial({ number });
            },
        });
    }
    return commands;
}

registry
    .category("command_provider")
    .add("crm_telephony.call", { namespace: NAMESPACE, provide: provideCalls })
    .add("crm_telephony.open", {
        provide: (env) =>
            env.services[SERVICE_NAME]
                ? [
                      {
                          name: _t("Call …"),
                          category: "app",
                          action: () => ({ searchValue: NAMESPACE }),
                      },
                  ]
                : [],
    });
