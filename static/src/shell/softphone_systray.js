import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { AgentState, STATE_ICONS } from "@crm_telephony/backend/agent_state";
import { shortcutText, withShortcut } from "@crm_telephony/core/shortcuts";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";

/** Each state has its own icon and text, besides its color. */
const LOOKS = {
    [AgentState.OFFLINE]: {
        icon: "fa-minus-circle text-muted",
        label: () => _t("Phone: offline"),
    },
    [AgentState.UNREACHABLE]: {
        icon: "fa-exclamation-triangle text-danger",
        label: () => _t("Phone: unreachable"),
    },
    [AgentState.AVAILABLE]: {
        icon: "fa-check-circle text-success",
        label: () => _t("Phone: online"),
    },
    [AgentState.RINGING]: {
        icon: "fa-bell text-warning",
        label: () => _t("Phone: incoming call"),
    },
    [AgentState.IN_CALL]: {
        icon: "fa-volume-up text-info",
        label: () => _t("Phone: in a call"),
    },
    [AgentState.WRAP_UP]: {
        icon: "fa-pencil text-info",
        label: () => _t("Phone: wrap-up"),
    },
    [AgentState.CONNECTING]: {
        icon: STATE_ICONS[AgentState.CONNECTING],
        label: () => _t("Phone: connecting…"),
    },
};

export class SoftphoneSystray extends Component {
    static template = "crm_telephony.SoftphoneSystray";
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.keys = shortcutText("open");
    }

    get look() {
        return LOOKS[this.store.presence] || LOOKS[AgentState.OFFLINE];
    }

    get counter() {
        return this.store.offers.length || this.store.missedCount;
    }

    get title() {
        return withShortcut(this.label, "open");
    }

    get label() {
        const { missedCount, offers } = this.store;
        if (offers.length || !missedCount) {
            return this.look.label();
        }
        return missedCount === 1
            ? _t("%(state)s. 1 missed call.", { state: this.look.label() })
            : _t("%(state)s. %(count)s missed calls.", {
                  state: this.look.label(),
                  count: missedCount,
              });
    }
}
