import { Component, onWillStart, useState, xml } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { tabRegistry } from "@crm_telephony/core/tab_registry";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

export class TicketsTab extends Component {
    static template = xml`
        <ul class="o_example_tickets list-unstyled p-3 mb-0">
            <li t-foreach="state.tickets" t-as="ticket" t-key="ticket.id">
                <button class="btn btn-link p-0" t-on-click="() => this.call(ticket)" t-esc="ticket.name"/>
            </li>
        </ul>`;
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.softphone = useSoftphone();
        this.state = useState({ tickets: [] });
        onWillStart(async () => {
            this.state.tickets = await this.orm.searchRead(
                "example.ticket",
                [
                    ["is_open", "=", true],
                    ["partner_id.phone", "!=", false],
                ],
                ["name", "partner_id"],
                { limit: 20 }
            );
        });
    }

    /** Call the customer of a ticket. The server links the call to the ticket. */
    async call({ id, partner_id: [partnerId, name] }) {
        const [{ phone }] = await this.orm.read("res.partner", [partnerId], ["phone"]);
        const target = { resModel: "example.ticket", resId: id };
        await this.softphone.dialer.dial({ number: phone, name, target });
    }
}

tabRegistry.add(
    "example_tickets",
    { icon: "fa-ticket", label: () => _t("Tickets"), Component: TicketsTab },
    { sequence: 10 }
);
