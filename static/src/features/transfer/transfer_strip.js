import { Component, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { TransferState } from "@crm_telephony/core/constants";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { transferText } from "./transfer_labels";

const GRACE = 1_000; // ms after the deadline

/** The progress of a transfer: who hears whom, and the possible next actions. */
export class TransferStrip extends Component {
    static template = "crm_telephony.TransferStrip";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.state = useState({ isBusy: false });
        useEffect(
            () => this.watch(),
            () => [this.transfer.id, this.transfer.state, this.transfer.expires_at]
        );
    }

    /** Make the server check the transfer shortly after its deadline. */
    watch() {
        const { is_mine, expires_at } = this.transfer;
        if (!is_mine || !expires_at) {
            return;
        }
        const left = deserializeDateTime(expires_at).toMillis() - this.now;
        const timer = browser.setTimeout(
            () => this.softphone.transfer.check(this.props.call),
            Math.max(0, left) + GRACE
        );
        return () => browser.clearTimeout(timer);
    }

    get now() {
        return luxon.DateTime.now().toMillis() + this.store.clockOffset;
    }

    get transfer() {
        return this.props.call.transfer;
    }

    get text() {
        return transferText(this.props.call);
    }

    get icon() {
        return this.transfer.state === TransferState.RINGING ? "fa-bell-o" : "fa-users";
    }

    /**
     * Return whether the transfer can be completed. A number rings inside the call: before it
     * answers, the customer would be left alone.
     */
    get canComplete() {
        const { state, mode, kind } = this.transfer;
        const isThere = [TransferState.TALKING, TransferState.CONFERENCE].includes(state);
        return isThere || (state === TransferState.RINGING && mode === "warm" && kind === "agent");
    }

    get completeText() {
        return (
            {
                [TransferState.RINGING]: _t("Transfer now"),
                [TransferState.CONFERENCE]: _t("Leave the call"),
            }[this.transfer.state] || _t("Complete transfer")
        );
    }

    get cancelText() {
        return this.transfer.state === TransferState.CONFERENCE
            ? _t("Remove %(name)s", { name: this.transfer.target })
            : _t("Return to customer");
    }

    /** @param {"complete"|"merge"|"cancel"} name */
    async act(name) {
        this.state.isBusy = true;
        await this.softphone.transfer[name](this.props.call);
        this.state.isBusy = false;
    }
}
