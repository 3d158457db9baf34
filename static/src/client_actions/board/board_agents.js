import { Component, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { STATE_ICONS } from "@crm_telephony/backend/agent_state";
import { humanError } from "@crm_telephony/core/human_error";
import { Elapsed } from "@crm_telephony/features/live_calls/elapsed";

/** The agent states, in order of importance to a supervisor. */
const ORDER = ["in_call", "ringing", "wrap_up", "available", "unreachable", "offline"];

/** The agents grouped by state; a click on a state lists its agents. */
export class BoardAgents extends Component {
    static template = "crm_telephony.BoardAgents";
    static components = { Dropdown, DropdownItem, Elapsed };
    static props = { agents: Array, states: Array, clock: Object, onChanged: Function };

    setup() {
        this.orm = useService("orm");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.filter = useState({ state: "" });
    }

    get states() {
        const rank = ({ id }) => (ORDER.indexOf(id) + ORDER.length + 1) % (ORDER.length + 1);
        return [...this.props.states]
            .sort((a, b) => rank(a) - rank(b))
            .map((state) => ({
                ...state,
                icon: STATE_ICONS[state.id] || "fa-user-o text-muted",
                count: this.props.agents.filter((agent) => agent.state === state.id).length,
            }));
    }

    get agents() {
        const { state } = this.filter;
        return this.states
            .filter(({ id }) => !state || id === state)
            .flatMap(({ id, icon, name }) =>
                this.props.agents
                    .filter((agent) => agent.state === id)
                    .map((agent) => ({ ...agent, icon, stateName: name }))
            );
    }

    toggle(state) {
        this.filter.state = this.filter.state === state.id ? "" : state.id;
    }

    menuLabel(agent) {
        return _t("Phone actions for %(name)s", { name: agent.name });
    }

    setOffline(agent) {
        this.dialog.add(ConfirmationDialog, {
            title: _t("Set %(name)s offline?", { name: agent.name }),
            body: _t(
                "%(name)s will not receive calls until they go back online. A call in progress continues. %(name)s will be notified that you did this.",
                { name: agent.name }
            ),
            confirmLabel: _t("Set offline"),
            confirm: () => this.act("set_offline", agent),
            cancelLabel: _t("Keep online"),
            cancel: () => {},
        });
    }

    async act(method, agent) {
        try {
            await this.orm.call("telephony.agent", method, [[agent.id]]);
        } catch (error) {
            this.notification.add(humanError(error), { type: "danger" });
        }
        this.props.onChanged();
    }
}
