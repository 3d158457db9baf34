/**
 * The client actions whose files are loaded when they are opened: the board, the dashboard, and the
 * drawing of a call flow.
 */

import { Component, onWillStart, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { registry } from "@web/core/registry";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { SOFTPHONE_BUNDLE } from "./softphone_loader";

const BUNDLE = "crm_telephony.assets_client_actions";

/** Load a component of the bundle. @param {string} name its name in the registry */
export async function loadClientAction(name) {
    // The actions use files of the softphone.
    await loadBundle(SOFTPHONE_BUNDLE);
    await loadBundle(BUNDLE);
    return registry.category("lazy_components").get(name);
}

/** Loads the component that is registered under the tag of the action. */
export class LazyAction extends Component {
    static template = "crm_telephony.LazyAction";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.display = { controlPanel: {} };
        this.state = useState({ isLoaded: false });
        onWillStart(() => this.load());
    }

    async load() {
        try {
            this.Component = await loadClientAction(this.props.action.tag);
            this.state.isLoaded = true;
        } catch (error) {
            console.warn("Telephony: the page could not be loaded", error);
        }
    }
}

registry
    .category("actions")
    .add("crm_telephony.board", LazyAction)
    .add("crm_telephony.dashboard", LazyAction);
