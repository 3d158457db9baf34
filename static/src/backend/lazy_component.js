/** Components whose files are loaded when they are shown. */

import { onWillStart, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { registry } from "@web/core/registry";
import { SOFTPHONE_BUNDLE } from "./softphone_loader";

const BUNDLE = "crm_telephony.assets_client_actions";

/** Load a component of the softphone. @param {string} name its name in the registry */
export async function loadSoftphonePart(name) {
    await loadBundle(SOFTPHONE_BUNDLE);
    return registry.category("lazy_components").get(name);
}

/** Load a page, or a part of a form. @param {string} name its name in the registry */
export async function loadClientAction(name) {
    // The pages use files of the softphone.
    await loadBundle(SOFTPHONE_BUNDLE);
    await loadBundle(BUNDLE);
    return registry.category("lazy_components").get(name);
}

/**
 * @param {Function} load returns the component
 * @returns {{ Component: Function|null, load: Function }} the component, as soon as it is loaded;
 *     `load` tries again
 */
export function useLazyComponent(load) {
    const lazy = useState({
        Component: null,
        async load() {
            try {
                lazy.Component = await load();
            } catch (error) {
                console.warn("Telephony: a part of the page could not be loaded", error);
            }
        },
    });
    onWillStart(() => lazy.load());
    return lazy;
}
