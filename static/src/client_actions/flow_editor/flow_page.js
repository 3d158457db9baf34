import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { humanError } from "@crm_telephony/core/human_error";
import { FlowEditor } from "./flow_editor";
import { FlowGallery } from "./flow_gallery";

/** The part of a flow's form below its name: the templates of a new flow, then its drawing. */
export class FlowPage extends Component {
    static template = "crm_telephony.FlowPage";
    static components = { FlowEditor, FlowGallery };
    static props = { record: Object };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.state = useState({ isFilling: false });
    }

    get isNew() {
        return this.props.record.isNew || this.state.isFilling;
    }

    /** What the drawing shows of the form. */
    get stamp() {
        const { data, dirty } = this.props.record;
        // What is edited reaches the drawing when it is saved.
        return JSON.stringify([data.name, data.language, data.number_ids?.currentIds, dirty]);
    }

    /** Store the new flow, with the steps of a template. */
    async choose({ name, title }) {
        const { record } = this.props;
        this.state.isFilling = true;
        try {
            if (!record.data.name) {
                await record.update({ name: title });
            }
            if ((await record.save()) && name !== "blank") {
                await this.orm.call("telephony.flow", `action_template_${name}`, [[record.resId]]);
            }
        } catch (error) {
            this.notification.add(humanError(error), { type: "danger" });
        } finally {
            this.state.isFilling = false;
        }
    }
}

registry.category("lazy_components").add("crm_telephony.flow_page", FlowPage);
