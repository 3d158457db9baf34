import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { callActionRegistry } from "@crm_telephony/core/call_action_registry";

callActionRegistry.add(
    "example_copy",
    {
        className: "o_example_copy",
        label: () => _t("Copy"),
        icon: () => "fa fa-clipboard",
        isVisible: ({ call }) => Boolean(call.customer.number),
        onSelected: ({ call }) => browser.navigator.clipboard.writeText(call.customer.number),
    },
    { sequence: 90 }
);
