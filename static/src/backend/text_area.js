/** A text of several lines, as high as what is written. */

import { useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useSpellCheck } from "@web/core/utils/hooks";
import { useInputField } from "@web/views/fields/input_field_hook";
import { TextField, textField } from "@web/views/fields/text/text_field";

/**
 * Odoo's field measures its height when it is mounted, and again whenever it is resized. Odoo has
 * styles that depend on any descendant of the body, so each measurement styles the whole page, which
 * is long beside the drawing of a large flow. Where the browser can do it, it sets the height itself.
 */
export class TextArea extends TextField {
    setup() {
        if (!CSS.supports("field-sizing", "content")) {
            super.setup();
            return;
        }
        this.divRef = useRef("div");
        this.textareaRef = useRef("textarea");
        useInputField({
            getValue: () => this.props.record.data[this.props.name] || "",
            refName: "textarea",
            parse: (text) => this.parse(text),
        });
        useSpellCheck({ refName: "textarea" });
    }
}

registry.category("fields").add("telephony_text", {
    ...textField,
    component: TextArea,
    additionalClasses: ["o_field_text"],
});
