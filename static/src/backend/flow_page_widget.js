/** The drawing of a call flow in its form. Its files are loaded when a flow is opened. */

import { Component, onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { loadClientAction } from "./lazy_action";

export class FlowPageWidget extends Component {
    static template = "crm_telephony.FlowPageWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ isLoaded: false });
        onWillStart(() => this.load());
    }

    async load() {
        try {
            this.Component = await loadClientAction("crm_telephony.flow_page");
            this.state.isLoaded = true;
        } catch (error) {
            console.warn("Telephony: the drawing could not be loaded", error);
        }
    }
}

registry.category("view_widgets").add("telephony_flow_page", { component: FlowPageWidget });
