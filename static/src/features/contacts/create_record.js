import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { getCreatableModels, isUnknown } from "@crm_telephony/core/new_customer";

/**
 * Creates a contact or lead for an unknown customer, with the number filled in. The server links
 * the call to the saved record.
 */
export class CreateRecord extends Component {
    static template = "crm_telephony.CreateRecord";
    static props = { call: Object };

    setup() {
        this.action = useService("action");
        this.state = useState({ choices: [] });
        onWillStart(() => {
            this.loadRights(); // not awaited: the card of a caller must not wait for it
        });
    }

    get isUnknown() {
        return isUnknown(this.props.call);
    }

    async loadRights() {
        const choices = [
            { model: "res.partner", icon: "fa-user-plus", label: _t("Create contact") },
            { model: "crm.lead", icon: "fa-star-o", label: _t("Create lead") },
        ];
        const models = await getCreatableModels();
        this.state.choices = choices.filter(({ model }) => models.includes(model));
    }

    /** @param {string} model */
    create(model) {
        const { uuid, customer } = this.props.call;
        const number = customer.number_display || customer.number;
        // The agent checks what the telephone network says before saving it.
        const { name, city, country_id: country } = customer.network || {};
        const named = model === "crm.lead" ? "default_contact_name" : "default_name";
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            views: [[false, "form"]],
            context: {
                default_phone: number,
                ...(name && { [named]: name }),
                ...(city && { default_city: city }),
                ...(country && { default_country_id: country }),
                ...(model === "crm.lead" && { default_name: _t("Call with %s", number) }),
                telephony_call: uuid,
            },
        });
    }
}
