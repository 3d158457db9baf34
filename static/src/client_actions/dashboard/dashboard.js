import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { View } from "@web/views/view";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { humanError } from "@crm_telephony/core/human_error";
import { graphsOf, PERIODS, readFigures } from "./dashboard_labels";

const DEFAULT_DAYS = 30;

/** The figures of a period beside those of the previous one, and graphs that open their calls. */
export class Dashboard extends Component {
    static template = "crm_telephony.Dashboard";
    static components = { Layout, View };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = { controlPanel: {} };
        this.periods = PERIODS.map(({ days, name }) => ({ days, name: name() }));
        this.state = useState({ days: DEFAULT_DAYS, data: null, error: "" });
        onWillStart(() => this.read(DEFAULT_DAYS));
    }

    get figures() {
        return readFigures(this.state.data);
    }

    get graphs() {
        const { data, days } = this.state;
        return graphsOf(data.is_supervisor, days);
    }

    get isEmpty() {
        return !this.state.data.now.calls;
    }

    /** @param {number} days length of the period */
    async read(days) {
        this.state.days = days;
        try {
            const data = await this.orm.call("telephony.call.report", "dashboard", [days]);
            if (this.state.days === days) {
                Object.assign(this.state, { data, error: "" });
            }
        } catch (error) {
            Object.assign(this.state, { error: humanError(error), data: null });
        }
    }

    domainOf({ domain = [] }) {
        return [["started_at", ">=", this.state.data.start], ...domain];
    }

    graphProps(graph) {
        return {
            type: "graph",
            resModel: "telephony.call.report",
            domain: this.domainOf(graph),
            context: graph.context,
            display: { controlPanel: false },
            noContentHelp: _t("No calls in this period"),
            useSampleModel: false,
            views: [
                [false, "graph"],
                [false, "list"],
                [false, "search"],
            ],
        };
    }

    /** Open the calls behind a figure. */
    open(figure) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: figure.label,
            res_model: "telephony.call.report",
            domain: this.domainOf(figure),
            views: [
                [false, "list"],
                [false, "graph"],
                [false, "pivot"],
            ],
        });
    }
}

registry.category("lazy_components").add("crm_telephony.dashboard", Dashboard);
