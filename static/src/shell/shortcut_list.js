import { Component } from "@odoo/owl";
import { SHORTCUTS, shortcutKeys } from "@crm_telephony/core/shortcuts";

/** The list of keyboard shortcuts, shown by a button of the window. */
export class ShortcutList extends Component {
    static template = "crm_telephony.ShortcutList";
    static props = { close: Function };

    get shortcuts() {
        return Object.entries(SHORTCUTS).map(([id, { label }]) => ({
            id,
            label: label(),
            keys: shortcutKeys(id),
        }));
    }
}
