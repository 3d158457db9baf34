import { Component, onWillUnmount, useEffect, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CallbackHint, Flag } from "@crm_telephony/features/caller_ids/callback_hint";
import { defaultSenderOf, isSenderAsked, sendersOf } from "./senders";

/** Milliseconds without typing, after which the number is looked up. */
const PAUSE = 400;
/** Digits of the shortest number that is looked up. */
const SHORTEST = 6;

/** The line of the keypad that says what the customer will see, and changes it. */
export class SenderLine extends Component {
    static template = "crm_telephony.SenderLine";
    static components = { CallbackHint, Dropdown, DropdownItem, Flag };
    static props = { number: String };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.state = useState({ last: null });
        useEffect(
            (number) => this.lookUp(number),
            () => [this.props.number]
        );
        onWillUnmount(() => browser.clearTimeout(this.timer));
    }

    get senders() {
        return sendersOf(this.store.callerIds, this.store.numbers);
    }

    get shown() {
        const { last } = this.state;
        const usableLast = this.senders.find(({ key }) => key === last?.key);
        return this.store.draft.sender || usableLast || defaultSenderOf(this.store);
    }

    get text() {
        const { shown } = this;
        if (shown) {
            return _t("Calling from %(number)s", { number: shown.number_display });
        }
        return this.senders.length ? _t("You pick a caller ID for each call.") : "";
    }

    /** Find what the agent last chose for this customer, which the server uses again. */
    lookUp(number) {
        this.state.last = null;
        browser.clearTimeout(this.timer);
        const isLong = number.replace(/\P{Nd}/gu, "").length >= SHORTEST;
        if (isLong && this.senders.length > 1 && !isSenderAsked(this.store)) {
            this.timer = browser.setTimeout(async () => {
                const sender = await this.softphone.dialer.findLastSender(number);
                if (number === this.props.number) {
                    this.state.last = sender || null;
                }
            }, PAUSE);
        }
    }

    /** @param {import("./senders").Sender} sender */
    choose(sender) {
        this.store.clearError(); // it may have been about the one before
        this.store.fillDraft({ sender });
    }
}
