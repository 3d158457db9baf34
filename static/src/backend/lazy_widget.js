/** The parts of forms whose files are loaded when the form is opened. */

import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { loadClientAction, loadSoftphonePart, useLazyComponent } from "./lazy_component";

export class LazyWidget extends Component {
    static template = "crm_telephony.LazyWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.lazy = useLazyComponent(() => this.load());
    }

    /** Props of the component. */
    get values() {
        return {};
    }
}

/** The drawing of a call flow, in the form of the flow. */
export class FlowPageWidget extends LazyWidget {
    load() {
        return loadClientAction("crm_telephony.flow_page");
    }

    get values() {
        return { record: this.props.record };
    }
}

/** What is left to do before calls are possible, in the settings. */
export class GetStartedWidget extends LazyWidget {
    static template = "crm_telephony.GetStartedWidget";

    load() {
        return loadSoftphonePart("crm_telephony.get_started");
    }
}

/** Opens *Call Me Now*. */
export class CallMeWidget extends Component {
    static template = "crm_telephony.CallMeWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.dialog = useService("dialog");
    }

    async open() {
        this.dialog.add(await loadSoftphonePart("crm_telephony.call_me"));
    }
}

registry
    .category("view_widgets")
    .add("telephony_flow_page", { component: FlowPageWidget })
    .add("telephony_get_started", { component: GetStartedWidget })
    .add("telephony_call_me", { component: CallMeWidget });
