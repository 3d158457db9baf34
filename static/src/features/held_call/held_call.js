import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { customerName } from "@crm_telephony/core/call_labels";
import { shortcutText, withShortcut } from "@crm_telephony/core/shortcuts";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { HoldTime } from "./hold_time";

/** The held call, above the rest of the window, with the button to resume it. */
export class HeldCall extends Component {
    static template = "crm_telephony.HeldCall";
    static components = { HoldTime };
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.keys = shortcutText("resume_held");
    }

    get name() {
        return customerName(this.props.call);
    }

    get label() {
        return _t("On hold: %(name)s", { name: this.name });
    }

    get resumeText() {
        return this.store.hasCall ? _t("Swap") : _t("Resume");
    }

    get resumeTitle() {
        const text = this.store.hasCall
            ? _t("Put this call on hold and resume the other one")
            : _t("Resume the call on hold");
        return withShortcut(text, "resume_held");
    }

    get hangUpTitle() {
        return _t("End the call with %(name)s", { name: this.name });
    }
}
