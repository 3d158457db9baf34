/** The keys of a menu in a call flow: a list whose columns have fixed widths. */

import { registry } from "@web/core/registry";
import { ListRenderer } from "@web/views/list/list_renderer";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/**
 * Odoo measures a list to choose the widths of its columns, and each measurement styles the whole
 * page, which is long beside the drawing of a large flow (see text_area.js).
 */
class FlowKeysRenderer extends ListRenderer {
    static useMagicColumnWidths = false;
}

class FlowKeysField extends X2ManyField {
    static components = { ...X2ManyField.components, ListRenderer: FlowKeysRenderer };
}

registry.category("fields").add("telephony_flow_keys", {
    ...x2ManyField,
    component: FlowKeysField,
    additionalClasses: ["o_field_one2many"],
});
