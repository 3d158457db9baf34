import { cardLineRegistry } from "@crm_telephony/core/card_line_registry";

cardLineRegistry.add("example_tickets", {
    getLines({ card }) {
        return (card.tickets || []).map(({ id, name }) => ({
            icon: "fa-ticket",
            text: name,
            record: { model: "example.ticket", id, name },
        }));
    },
});
