import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { AgentState, STATE_ICONS } from "./agent_state";

/** Keeps the place of the softphone in the systray until it is loaded, or says that it cannot be. */
export class SystrayPlaceholder extends Component {
    static template = "crm_telephony.SystrayPlaceholder";
    static props = { loader: Object };

    setup() {
        this.loader = useState(this.props.loader);
        this.presence = AgentState.CONNECTING;
        this.icon = STATE_ICONS[AgentState.CONNECTING];
        this.label = _t("Phone: connecting…");
    }
}
