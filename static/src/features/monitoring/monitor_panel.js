import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { rowName } from "@crm_telephony/core/call_labels";
import { CallTimer } from "@crm_telephony/core/call_timer";
import { VoiceState } from "@crm_telephony/core/constants";
import { useFirstFocus } from "@crm_telephony/core/use_first_focus";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { MONITOR_MODES, monitorMode } from "./monitor_labels";

/** The monitored conversation: its agent, who hears the supervisor, and the button to leave. */
export class MonitorPanel extends Component {
    static template = "crm_telephony.MonitorPanel";
    static components = { CallTimer };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        useFirstFocus();
    }

    get monitoring() {
        return this.store.monitoring;
    }

    get name() {
        return rowName(this.monitoring);
    }

    get userName() {
        return this.monitoring.user?.name || "";
    }

    get modes() {
        return MONITOR_MODES.map(({ id, icon, label }) => ({ id, icon, label: label() }));
    }

    get stateText() {
        const { state, mode } = this.monitoring;
        if (state === VoiceState.CONNECTING) {
            return _t("Connecting…");
        }
        if (state === VoiceState.RECONNECTING) {
            return _t("The connection was lost. Reconnecting…");
        }
        return monitorMode(mode).hint(this.userName);
    }

    get seenText() {
        return _t("%(name)s can see that you are listening.", { name: this.userName });
    }
}
