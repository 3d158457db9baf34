import { beforeEach, expect, queryAllTexts, test } from "@odoo/hoot";
import { Component, xml } from "@odoo/owl";
import { WebClient } from "@web/webclient/webclient";
import {
    contains,
    getService,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    seen,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { Dashboard } from "@crm_telephony/client_actions/dashboard/dashboard";

defineTelephony();

const NOTHING = {
    calls: 0,
    incoming: 0,
    answered: 0,
    missed: 0,
    talk_minutes: 0,
    average_wait: false,
    service_level: false,
};

/** Odoo renders the graphs: only their requests are tested here. */
class FakeView extends Component {
    static template = xml`<div class="fake_graph" t-esc="text"/>`;
    static props = ["*"];

    get text() {
        const { context, domain, resModel, type } = this.props;
        const measure = `${context.graph_measure} by ${context.graph_groupbys}`;
        return `${type} of ${resModel}: ${measure} ${JSON.stringify(domain)}`;
    }
}

beforeEach(() => {
    patchWithCleanup(Dashboard, { components: { ...Dashboard.components, View: FakeView } });
});

async function startDashboard(values = {}) {
    const server = { error: null, values };
    onRpc("telephony.call.report", "dashboard", ({ args }) => {
        expect.step(`read ${args[0]}`);
        if (server.error) {
            throw server.error;
        }
        return {
            start: "2026-10-24 22:00:00",
            is_supervisor: true,
            ...server.values,
            now: { ...NOTHING, ...server.values.now },
            before: { ...NOTHING, ...server.values.before },
        };
    });
    await startSoftphone();
    await mountWithCleanup(WebClient);
    const tag = "crm_telephony.dashboard";
    await getService("action").doAction({ type: "ir.actions.client", tag });
    await expect.waitForSteps(["read 30"]);
    return server;
}

test("Z30: the figures of thirty days are compared with the previous period", async () => {
    await startDashboard({
        now: {
            calls: 20,
            incoming: 12,
            answered: 9,
            missed: 3,
            talk_minutes: 90,
            average_wait: 62,
            service_level: 75,
        },
        before: {
            calls: 20,
            incoming: 12,
            answered: 6,
            missed: 6,
            talk_minutes: 30,
            average_wait: 30,
            service_level: false,
        },
    });
    await seen(".o_telephony_figure");
    const values = queryAllTexts(".o_telephony_figure_value");
    expect(values).toEqual(["20", "75%", "3", "1:02", "1.5 h", "75%"]);
    expect(queryAllTexts(".o_telephony_figure_detail")).toEqual([
        ...["no change", "from 50%", "from 6", "from 0:30", "from 30 min", ""],
    ]);
    const sign = (name) => `[data-figure=${name}] .o_telephony_figure_detail i`;
    expect(sign("missed")).toHaveClass("text-success");
    expect(sign("average_wait")).toHaveClass("text-danger");
    expect(sign("talk_minutes")).not.toHaveClass("text-success");
});

test("Z30: graphs of the period are shown, those of colleagues to supervisors only", async () => {
    const server = await startDashboard({ now: { calls: 1 } });
    await seen(".fake_graph");
    const since = '["started_at",">=","2026-10-24 22:00:00"]';
    const graph = "graph of telephony.call.report:";
    expect(queryAllTexts(".fake_graph")).toEqual([
        `${graph} call_count by started_at:day,outcome [${since}]`,
        `${graph} call_count by hour,direction [${since}]`,
        `${graph} call_count by weekday,direction [${since}]`,
        `${graph} call_count by user_id,direction [${since}]`,
        `${graph} service_level by queue_id [${since},["level_count","=",1]]`,
    ]);
    server.values.is_supervisor = false;
    await contains(".o_telephony_periods [data-days='90']").click();
    await expect.waitForSteps(["read 90"]);
    await seen(".o_telephony_graph[data-graph=day] .fake_graph:contains(started_at:week)");
    expect(".fake_graph").toHaveCount(3);
    expect(".o_telephony_periods [data-days='90']").toHaveAttribute("aria-pressed", "true");
});

test("Z30: a click on a figure opens its calls", async () => {
    await startDashboard({ now: { calls: 1 } });
    await seen(".o_telephony_figure");
    patchWithCleanup(getService("action"), {
        async doAction({ res_model, domain }) {
            expect.step(`${res_model} ${JSON.stringify(domain)}`);
        },
    });
    await contains("[data-figure=service_level]").click();
    expect.verifySteps([
        'telephony.call.report [["started_at",">=","2026-10-24 22:00:00"],["level_count","=",1]]',
    ]);
});

test("a period without calls shows the next step", async () => {
    await startDashboard();
    await seen(".o_telephony_dashboard_empty");
    expect(".fake_graph").toHaveCount(0);
    expect(queryAllTexts(".o_telephony_figure_value")).toEqual([
        ...["0", "–", "0", "–", "0 min", "–"],
    ]);
});

test("a failed read shows the reason, and a retry clears it", async () => {
    const server = await startDashboard({ now: { calls: 1 } });
    server.error = userError("The database is being updated.");
    await contains(".o_telephony_periods [data-days='7']").click();
    await seen(".o_telephony_dashboard .alert-danger");
    expect(".o_telephony_dashboard .alert-danger").toHaveText(/being updated/);
    server.error = null;
    await contains(".o_telephony_dashboard .alert-danger button").click();
    await seen(".o_telephony_figure");
    expect.verifySteps(["read 7", "read 7"]);
});
