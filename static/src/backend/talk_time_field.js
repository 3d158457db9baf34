/** A talk time in minutes and seconds. It is empty until it is entered, and replaced as a whole. */

import { registry } from "@web/core/registry";
import { FloatTimeField, floatTimeField } from "@web/views/fields/float_time/float_time_field";

export class TalkTimeField extends FloatTimeField {
    static template = "crm_telephony.TalkTimeField";
    static props = { ...FloatTimeField.props, placeholder: { type: String, optional: true } };

    /** A zero would stand in front of what is typed, as in “00:004:30”. */
    get formattedValue() {
        return this.props.record.data[this.props.name] ? super.formattedValue : "";
    }

    /** The keyboard selects the text of a number with the focus; the mouse would place the cursor. */
    onClick(ev) {
        ev.target.select();
    }
}

registry.category("fields").add("telephony_talk_time", {
    ...floatTimeField,
    component: TalkTimeField,
    supportedOptions: [],
    extractProps: ({ placeholder }) => ({ placeholder }),
});
