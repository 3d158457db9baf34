import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus } from "@web/core/utils/hooks";

/**
 * Asks for the reason to call a blacklisted number or, as an administrator, to override a rule. It
 * is stored with the call.
 */
export class CallReasonDialog extends Component {
    static template = "crm_telephony.CallReasonDialog";
    static components = { Dialog };
    static props = { sentence: String, onAnswer: Function, close: Function };

    setup() {
        this.title = _t("Call anyway?");
        this.state = useState({ reason: "" });
        useAutofocus({ refName: "reason" });
    }

    get reason() {
        return this.state.reason.trim();
    }

    onKeydown(ev) {
        if (ev.key === "Enter" && !ev.isComposing) {
            ev.preventDefault();
            ev.stopPropagation();
            this.confirm();
        }
    }

    confirm() {
        if (this.reason) {
            this.props.onAnswer(this.reason);
            this.props.close();
        }
    }
}
