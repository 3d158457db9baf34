import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { numberBelow, rowName } from "@crm_telephony/core/call_labels";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import {
    MONITOR_MODES,
    reasonNotToMonitor,
} from "@crm_telephony/features/monitoring/monitor_labels";
import { liveTransferText } from "@crm_telephony/features/transfer/transfer_labels";
import { Elapsed } from "./elapsed";

/** A running conversation: customer, agent, duration; supervisors may monitor it. */
export class ConversationRow extends Component {
    static template = "crm_telephony.ConversationRow";
    static components = { Dropdown, DropdownItem, Elapsed };
    static props = { row: Object, clock: Object };
    /** Number of lines of a row in the template; the text of a transfer may take two. */
    static lines = (row) => 2 + Boolean(numberBelow(row)) + 2 * Boolean(row.transfer);

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
    }

    get isIncoming() {
        return this.props.row.direction === "incoming";
    }

    get directionText() {
        return this.isIncoming ? _t("Incoming call") : _t("Outgoing call");
    }

    get name() {
        return rowName(this.props.row);
    }

    get numberBelow() {
        return numberBelow(this.props.row);
    }

    get transferText() {
        return liveTransferText(this.props.row.transfer);
    }

    get menuLabel() {
        return _t("More actions for %(name)s", { name: this.name });
    }

    get reason() {
        return reasonNotToMonitor(this.store, this.props.row);
    }

    get itemAttrs() {
        return this.reason ? { "aria-disabled": "true", title: this.reason } : {};
    }

    get modes() {
        const name = this.props.row.user?.name || "";
        return MONITOR_MODES.map(({ id, icon, label, hint }) => ({
            id,
            icon,
            label: label(),
            hint: hint(name),
        }));
    }

    monitor(mode) {
        if (!this.reason) {
            this.softphone.monitor.enter(this.props.row, mode);
        }
    }

    get userName() {
        const { row } = this.props;
        return row.user && row.user.id === user.userId ? _t("You") : row.user?.name;
    }
}
