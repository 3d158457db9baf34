import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { withExtension } from "./extension";
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
            number: withExtension(this.data.customer_number, this.data.extension),
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

registry.category("view_widgets").add("telephony_call_again", {
    ...callBackWidget,
    component: CallAgainWidget,
    fieldDependencies: [
        ...callBackWidget.fieldDependencies,
        { name: "extension", type: "char", readonly: true },
    ],
});

/** Calls the customer of an order, a task or another linked record, from its form. */
export class CallRecordWidget extends CallBackWidget {
    get isShown() {
        const { data, resId } = this.props.record;
        return this.loader.isUser && resId && data.telephony_number;
    }

    get label() {
        return _t("Call %(number)s", { number: this.data.telephony_number });
    }

    call() {
        const { resModel, resId } = this.props.record;
        this.loader.dial({ number: this.data.telephony_number, target: { resModel, resId } });
    }
}

registry.category("view_widgets").add("telephony_call_record", {
    component: CallRecordWidget,
    fieldDependencies: [{ name: "telephony_number", type: "char", readonly: true }],
});

/** Opens the user's own note and result of a call that another user had last. */
export class OwnPartWidget extends Component {
    static template = "crm_telephony.OwnPartWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.loader = useState(useService(LOADER_NAME));
    }

    open() {
        return this.loader.openPart(this.props.record.data.uuid);
    }
}

registry.category("view_widgets").add("telephony_own_part", {
    component: OwnPartWidget,
    fieldDependencies: [{ name: "uuid", type: "char", readonly: true }],
});
