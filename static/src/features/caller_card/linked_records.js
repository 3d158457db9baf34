/** The customer's open orders, tasks and other records on the card of a call. */

import { cardLineRegistry } from "@crm_telephony/core/card_line_registry";

cardLineRegistry.add("linked_records", {
    getLines: ({ card }) =>
        (card.records || []).map(({ model, id, name, detail, icon }) => ({
            icon,
            text: `${detail} · ${name}`,
            record: { model, id, name },
        })),
});
