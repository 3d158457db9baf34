/**
 * A phone number in readable form, with the call button. The server formats it in a second field,
 * the option `display_field`.
 */

import { registry } from "@web/core/registry";
import { PhoneField, phoneField } from "@web/views/fields/phone/phone_field";

export class NumberField extends PhoneField {
    static template = "crm_telephony.NumberField";

    /** Other addons, such as `sms`, add to the properties of the field later. */
    static get props() {
        return { ...PhoneField.props, displayField: { type: String, optional: true } };
    }

    get text() {
        const { data } = this.props.record;
        return data[this.props.displayField] || data[this.props.name];
    }
}

export const numberField = {
    ...phoneField,
    component: NumberField,
    supportedOptions: [],
    fieldDependencies: ({ options }) =>
        options.display_field
            ? [{ name: options.display_field, type: "char", readonly: true }]
            : [],
    extractProps: ({ options, placeholder }) => ({
        placeholder,
        displayField: options.display_field,
        // The button that sends a paid text message belongs to contacts, not to lists of calls.
        ...("enableButton" in PhoneField.props && { enableButton: false }),
    }),
};

registry.category("fields").add("telephony_number", numberField);
