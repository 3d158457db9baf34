/**
 * The first hour in the settings. Its files are in the bundle of the softphone, and are loaded when
 * they are shown.
 */

import { Component, onWillStart, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { SOFTPHONE_BUNDLE } from "./softphone_loader";

async function loadComponent(name) {
    await loadBundle(SOFTPHONE_BUNDLE);
    return registry.category("lazy_components").get(name);
}

/** What is left to do before calls are possible. */
export class GetStartedWidget extends Component {
    static template = "crm_telephony.GetStartedWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.state = useState({ isLoaded: false });
        onWillStart(() => this.load());
    }

    async load() {
        try {
            this.Component = await loadComponent("crm_telephony.get_started");
            this.state.isLoaded = true;
        } catch (error) {
            console.warn("Telephony: the list could not be loaded", error);
        }
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
        this.dialog.add(await loadComponent("crm_telephony.call_me"));
    }
}

registry
    .category("view_widgets")
    .add("telephony_get_started", { component: GetStartedWidget })
    .add("telephony_call_me", { component: CallMeWidget });
