/** The client actions whose files are loaded when they are opened: the board and the dashboard. */

import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { loadClientAction, useLazyComponent } from "./lazy_component";

/** Loads the component that is registered under the tag of the action. */
export class LazyAction extends Component {
    static template = "crm_telephony.LazyAction";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.display = { controlPanel: {} };
        this.lazy = useLazyComponent(() => loadClientAction(this.props.action.tag));
    }
}

registry
    .category("actions")
    .add("crm_telephony.board", LazyAction)
    .add("crm_telephony.dashboard", LazyAction);
