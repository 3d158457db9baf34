/**
 * The current state of an agent, as an icon and a word. It is updated by the bus where the server
 * sends the states of colleagues (to supervisors), and with the record otherwise.
 */

import { Component, onWillDestroy, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { AgentState, STATE_ICONS } from "./agent_state";

export class AgentStateField extends Component {
    static template = "crm_telephony.AgentStateField";
    static props = { ...standardFieldProps };

    setup() {
        const bus = useService("bus_service");
        this.state = useState({ liveState: "" });
        const onAgentState = ({ id, state }) => {
            if (id === this.props.record.resId) {
                this.state.liveState = state;
            }
        };
        bus.subscribe("telephony/agent_state", onAgentState);
        onWillDestroy(() => bus.unsubscribe("telephony/agent_state", onAgentState));
        // The record was just read: it is newer than the last bus message.
        onWillUpdateProps((next) => {
            if (next.record.data[next.name] !== this.props.record.data[next.name]) {
                this.state.liveState = "";
            }
        });
    }

    get value() {
        return (
            this.state.liveState || this.props.record.data[this.props.name] || AgentState.OFFLINE
        );
    }

    get icon() {
        return STATE_ICONS[this.value] || STATE_ICONS[AgentState.OFFLINE];
    }

    get label() {
        const { selection } = this.props.record.fields[this.props.name];
        return selection.find(([value]) => value === this.value)?.[1] || "";
    }
}

export const agentStateField = {
    component: AgentStateField,
    displayName: _t("Phone user status"),
    supportedTypes: ["selection"],
};

registry.category("fields").add("telephony_agent_state", agentStateField);
