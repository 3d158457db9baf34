import { Component, onWillStart, useState } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { useService } from "@web/core/utils/hooks";
import { useSoftphoneStore } from "@crm_telephony/core/use_softphone";

/**
 * Creates a record of another installed model for a call, such as a task. The server fills it in,
 * and links the call to the saved record.
 */
export class CreateLinked extends Component {
    static template = "crm_telephony.CreateLinked";
    static components = { Dropdown, DropdownItem };
    static props = { call: Object };

    setup() {
        this.linkedModels = useService("telephony.linkedModels");
        this.store = useSoftphoneStore();
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ models: [] });
        onWillStart(() => {
            this.load(); // not awaited: the call must not wait for it
        });
    }

    /** Return the models of which a record can be created for this call. */
    get choices() {
        const { uuid, customer } = this.props.call;
        const isContact = Boolean(customer.partner_id);
        return uuid ? this.state.models.filter((one) => isContact || !one.needs_contact) : [];
    }

    async load() {
        this.state.models = await this.linkedModels.load();
    }

    /** @param {string} model */
    async create(model) {
        const { uuid } = this.props.call;
        try {
            const args = [uuid, model];
            const action = await this.orm.silent.call(
                "telephony.call",
                "action_create_record",
                args
            );
            await this.action.doAction(action);
        } catch (error) {
            this.store.fail(error);
        }
    }
}
