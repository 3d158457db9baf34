import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { Elapsed } from "./elapsed";
import { rowName } from "./live_texts";

/** One conversation of anybody: with whom, by whom, for how long. */
export class ConversationRow extends Component {
    static template = "crm_telephony.ConversationRow";
    static components = { Elapsed };
    static props = { row: Object, clock: Object };

    get isIncoming() {
        return this.props.row.direction === "incoming";
    }

    get directionText() {
        return this.isIncoming ? _t("Incoming call") : _t("Outgoing call");
    }

    get name() {
        return rowName(this.props.row);
    }

    get userName() {
        const { row } = this.props;
        return row.user && row.user.id === user.userId ? _t("You") : row.user?.name;
    }
}
