import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { LOADER_NAME } from "./softphone_loader";

/** Calls the customer of a callback, from a row, a card or the form. */
export class CallBackWidget extends Component {
    static template = "crm_telephony.CallBackWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.loader = useState(useService(LOADER_NAME));
    }

    get data() {
        return this.props.record.data;
    }

    get isShown() {
        return this.loader.isUser && this.data.state === "open";
    }

    get label() {
        return _t("Call %(name)s", { name: this.data.customer_display });
    }

    get text() {
        return _t("Call");
    }

    call() {
        const { resModel, resId } = this.props.record;
        this.loader.dial({
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

/** Calls the customer of an ended call again, from its form. */
export class CallAgainWidget extends CallBackWidget {
    get isShown() {
        return this.loader.isUser && this.data.state === "ended" && this.data.customer_number;
    }

    /** The name of the customer is the title of the form. */
    get label() {
        return this.text;
    }

    get text() {
        return _t("Call again");
    }
}

registry
    .category("view_widgets")
    .add("telephony_call_again", { ...callBackWidget, component: CallAgainWidget });
