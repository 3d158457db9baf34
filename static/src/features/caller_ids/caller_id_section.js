import { Component, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CallbackHint, Flag } from "./callback_hint";
import { NewCallerId } from "./new_caller_id";
import { Verification } from "./verification";

const LOOKS = {
    calling: { icon: "fa-circle-o-notch text-info", label: () => _t("Calling") },
    waiting: { icon: "fa-clock-o text-info", label: () => _t("Waiting for the code") },
    verified: { icon: "fa-check-circle text-success", label: () => _t("Verified") },
    failed: { icon: "fa-times-circle text-danger", label: () => _t("Not verified") },
    expired: { icon: "fa-clock-o text-warning", label: () => _t("Expired") },
    lost: { icon: "fa-exclamation-triangle text-danger", label: () => _t("No longer verified") },
};
const UNUSABLE = ["failed", "expired", "lost"];

/** The agent's own caller IDs, and the form to add one. */
export class CallerIdSection extends Component {
    static template = "crm_telephony.CallerIdSection";
    static components = { CallbackHint, Flag, NewCallerId, Verification };
    static props = {};

    setup() {
        this.store = useSoftphoneStore();
        this.callerIds = useState(useSoftphone().callerIds);
        this.dialog = useService("dialog");
        this.state = useState({ isAdding: false });
    }

    /** Return all caller IDs except the one whose verification is shown below. */
    get rows() {
        const { verification } = this.callerIds;
        return this.store.myCallerIds.filter(({ id }) => id !== verification?.id);
    }

    look(callerId) {
        return LOOKS[callerId.state] || LOOKS.failed;
    }

    canRetry(callerId) {
        return UNUSABLE.includes(callerId.state) && !this.callerIds.verification;
    }

    removeLabel(callerId) {
        return _t("Remove %(name)s", { name: callerId.name });
    }

    add() {
        this.callerIds.error = "";
        this.state.isAdding = true;
    }

    onFormClosed() {
        this.callerIds.error = "";
        this.state.isAdding = false;
    }

    remove(callerId) {
        this.dialog.add(ConfirmationDialog, {
            title: _t("Remove the caller ID?"),
            body: _t(
                "You will no longer be able to call with %(number)s. To use it again, you'll have to verify it again.",
                { number: callerId.number_display }
            ),
            confirmLabel: _t("Remove"),
            confirmClass: "btn-danger",
            confirm: () => this.callerIds.remove(callerId.id),
            cancel: () => {},
        });
    }
}
