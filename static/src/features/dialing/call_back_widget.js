import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** Calls the customer of a callback, from a row, a card or the form. */
export class CallBackWidget extends Component {
    static template = "crm_telephony.CallBackWidget";
    static props = { ...standardWidgetProps };

    setup() {
        Object.assign(this, useSoftphone());
    }

    get data() {
        return this.props.record.data;
    }

    get isShown() {
        return this.store.isUser && this.data.state === "open";
    }

    get label() {
        return _t("Call %(name)s", { name: this.data.customer_display });
    }

    call() {
        const { resModel, resId } = this.props.record;
        this.softphone.dialer.dial({
            number: this.data.customer_number,
            name: this.data.customer_display,
            target: { resModel, resId },
        });
    }
}

export const callBackWidget = {
    component: CallBackWidget,
    fieldDependencies: [
        { name: "state", type: "selection", readonly: true },
        { name: "customer_number", type: "char", readonly: true },
        { name: "customer_display", type: "char", readonly: true },
    ],
};

registry.category("view_widgets").add("telephony_call_back", callBackWidget);
