import { Component, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useLiveClock } from "@crm_telephony/core/live_clock";
import { useFirstFocus } from "@crm_telephony/core/use_first_focus";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { ConversationRow } from "./conversation_row";
import { reasonNotToPickUp } from "./live_labels";
import { LiveRows } from "./live_rows";
import { QueueRow } from "./queue_row";

/** The common part of both lists: their rows, a clock, and the text of an empty list. */
class LivePanel extends Component {
    // Each list has its own template.
    static template = "";
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.companyCalls = useState(this.softphone.companyCalls);
        this.clock = useLiveClock(this.store);
        useFirstFocus();
        useEffect(
            () => this.companyCalls.watch(),
            () => []
        );
    }
}

/** Every running conversation of the user's companies. */
export class ConversationPanel extends LivePanel {
    static template = "crm_telephony.ConversationPanel";
    static components = { ConversationRow, LiveRows };
    rowLines = ConversationRow.lines;

    get items() {
        return this.companyCalls.talking.map((row) => ({ row }));
    }

    get countText() {
        const count = this.companyCalls.talking.length;
        return count === 1
            ? _t("1 call in progress")
            : _t("%(count)s calls in progress", { count });
    }
}

/** The waiting callers, longest wait first. */
export class QueuePanel extends LivePanel {
    static template = "crm_telephony.QueuePanel";
    static components = { LiveRows, QueueRow };
    rowLines = QueueRow.lines;

    get countText() {
        const count = this.companyCalls.waiting.length;
        return count === 1 ? _t("1 caller waiting") : _t("%(count)s callers waiting", { count });
    }

    /** Return the text above the list; during an own call the reason is obvious. */
    get notice() {
        if (!this.companyCalls.waiting.length || this.store.hasCall) {
            return "";
        }
        return this.store.isOnline || this.store.isBusy
            ? reasonNotToPickUp(this.store)
            : _t("You are offline. Answering a caller sets you online.");
    }
}
