import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { numberBelow, rowName } from "@crm_telephony/core/call_labels";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { Elapsed } from "./elapsed";
import { reasonNotToPickUp } from "./live_labels";

/** A waiting caller, and the button and the menu to pick up that caller. */
export class QueueRow extends Component {
    static template = "crm_telephony.QueueRow";
    static components = { Dropdown, DropdownItem, Elapsed };
    static props = { row: Object, position: Number, clock: Object };
    /** Number of lines of a row in the template. */
    static lines = (row) => 2 + Boolean(numberBelow(row)) + Boolean(row.is_queue_callback);

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
    }

    get name() {
        return rowName(this.props.row);
    }

    get numberBelow() {
        return numberBelow(this.props.row);
    }

    /** Return the number's name, or the number itself if the queue has the same name. */
    get calledNumber() {
        const { our_number, our_number_display, queue } = this.props.row;
        return (our_number !== queue?.name && our_number) || our_number_display;
    }

    get menuLabel() {
        return _t("More actions for %(name)s", { name: this.name });
    }

    get positionText() {
        return _t("Position %(position)s", { position: this.props.position });
    }

    get isAnswering() {
        return this.store.accepting === this.props.row.uuid;
    }

    get reason() {
        return reasonNotToPickUp(this.store);
    }

    get actionText() {
        if (!this.store.isOnline) {
            return _t("Go online and answer");
        }
        return this.props.row.is_queue_callback ? _t("Call now") : _t("Answer call");
    }

    get answerLabel() {
        const { name } = this;
        if (!this.store.isOnline) {
            return _t("Go online and answer %(name)s", { name });
        }
        return this.props.row.is_queue_callback
            ? _t("Call %(name)s now", { name })
            : _t("Answer %(name)s", { name });
    }

    get itemAttrs() {
        return this.reason ? { "aria-disabled": "true", title: this.reason } : {};
    }

    pickUp() {
        if (!this.reason) {
            this.softphone.calls.pickUp(this.props.row.uuid, !this.store.isOnline);
        }
    }
}
