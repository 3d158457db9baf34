/**
 * The tour of the phone, as Odoo's other apps have one. It calls no one and changes nothing.
 */

import { markup } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_telephony_tour", {
    url: "/odoo",
    steps: () => [
        {
            trigger: ".o_telephony_systray[data-presence]:not([aria-busy=true])",
            content: markup(_t("This is <b>your phone</b>. It is here on every page.")),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".o_telephony_softphone .o_telephony_line_state",
            content: markup(
                _t("<b>Green</b> means that calls can reach this page. Click for an explanation.")
            ),
            tooltipPosition: "left",
            run: "click",
        },
        {
            trigger: ".o_telephony_softphone .o_telephony_tab_recent",
            content: markup(_t("<b>Call back</b>: your last calls, and those you missed.")),
            tooltipPosition: "top",
            run: "click",
        },
        {
            trigger: ".o_telephony_softphone .o_telephony_tab_queue",
            content: markup(_t("<b>Pick up</b> a caller who waits in a queue.")),
            tooltipPosition: "top",
            run: "click",
        },
        {
            trigger: ".o_telephony_softphone .o_telephony_preferences_toggle",
            content: markup(
                _t("Choose your <b>headset</b> and your ring here, and test both before a call.")
            ),
            tooltipPosition: "bottom",
            run: "click",
        },
    ],
});
