import {
    advanceTime,
    animationFrame,
    Deferred,
    describe,
    expect,
    press,
    queryAllTexts,
    test,
    waitUntil,
} from "@odoo/hoot";
import { startBusService } from "@bus/../tests/bus_test_helpers";
import { serializeDateTime } from "@web/core/l10n/dates";
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
    liveRow,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { BoardData } from "@crm_telephony/client_actions/board/board_data";
import {
    goalSigns,
    percentText,
    worstLevel,
} from "@crm_telephony/client_actions/board/board_labels";

defineTelephony();

const { DateTime } = luxon;
const ago = (seconds) => serializeDateTime(DateTime.now().minus({ seconds }));
const STATES = [
    { id: "offline", name: "Offline" },
    { id: "unreachable", name: "Disconnected" },
    { id: "available", name: "Available" },
    { id: "ringing", name: "Ringing" },
    { id: "in_call", name: "In a Call" },
];
const FIGURES = {
    waiting: 0,
    waiting_since: false,
    answered: 0,
    missed: 0,
    abandoned: 0,
    voicemail: 0,
    average_wait: false,
    service_level: false,
    level_count: 0,
    in_target_count: 0,
};

function queueRow(values = {}) {
    return {
        ...FIGURES,
        id: 5,
        name: "Helpdesk",
        target_seconds: 20,
        goal: 80,
        amber_seconds: 60,
        red_seconds: 120,
        ...values,
    };
}

function agentRow(values = {}) {
    return {
        id: 1,
        user_id: 2,
        name: "Ana",
        state: "available",
        status: "online",
        since: ago(10),
        customer: false,
        company: "Alpha",
        ...values,
    };
}

function boardData(values = {}) {
    const domain = [["company_id", "in", [1]]];
    const names = ["waiting", "talking", "answered", "missed", "abandoned", "voicemail", "level"];
    return {
        now: serializeDateTime(DateTime.now()),
        recheck_at: serializeDateTime(DateTime.now().plus({ seconds: 60 })),
        queues: [queueRow()],
        agents: [agentRow()],
        states: STATES,
        domains: Object.fromEntries(names.map((name) => [name, domain])),
        is_manager: true,
        ...values,
        total: { ...FIGURES, talking: 0, ...values.total },
    };
}

/** Show the board with the data of `server.board`. */
async function startBoard(values = {}) {
    const server = { board: boardData(values), error: null };
    onRpc("telephony.queue", "board", () => {
        expect.step("read");
        if (server.error) {
            throw server.error;
        }
        return server.board;
    });
    await startSoftphone();
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "crm_telephony.board" });
    await expect.waitForSteps(["read"]);
    return server;
}

const figure = (name) => `.o_telephony_figure[data-figure=${name}]`;

describe("content of the board", () => {
    test("Z24 Z30: the figures of all queues and of each queue are shown", async () => {
        const figures = { waiting: 2, answered: 12, missed: 3, abandoned: 1, voicemail: 4 };
        const level = { service_level: 75, level_count: 4, in_target_count: 3 };
        await startBoard({
            total: { ...figures, ...level, talking: 5 },
            queues: [queueRow({ ...figures, ...level, average_wait: 62 })],
        });
        await seen(figure("waiting"));
        const shown = queryAllTexts(".o_telephony_figure_value");
        expect(shown).toEqual(["2", "–", "5", "12", "3", "1", "4", "75%"]);
        expect(`${figure("level")} .o_telephony_figure_detail`).toHaveText("3 of 4 on time");
        const row = ".o_telephony_board_queues tbody tr";
        expect(`${row} [data-figure=answered]`).toHaveText("12");
        expect(`${row} [data-figure=level]`).toHaveText("75%");
        expect(`${row} [data-figure=level] i`).toHaveAttribute("title", "Below the target of 80%.");
        expect(".o_telephony_definition").toHaveText(/within the queue's target answer time/);
    });

    test("Z24: the longest wait turns amber and red at the queue's thresholds", async () => {
        await startBoard({
            recheck_at: serializeDateTime(DateTime.now().plus({ hours: 1 })),
            total: { waiting: 1, waiting_since: ago(50) },
            queues: [queueRow({ waiting: 1, waiting_since: ago(50) })],
        });
        await seen(`${figure("longest")}[data-tone=""]`);
        await advanceTime(15_000);
        await animationFrame();
        expect(figure("longest")).toHaveAttribute("data-tone", "warning");
        expect(figure("longest")).toHaveText(/Long wait/);
        await advanceTime(60_000);
        await animationFrame();
        expect(figure("longest")).toHaveAttribute("data-tone", "danger");
        expect(`${figure("longest")} .o_telephony_figure_value`).toHaveText(/^2:0\d$/);
    });

    test("the color is that of the worst queue, not of the longest wait", () => {
        const now = DateTime.now().toMillis();
        const patient = queueRow({ waiting_since: ago(100), amber_seconds: 0, red_seconds: 0 });
        const strict = queueRow({ waiting_since: ago(30), amber_seconds: 10, red_seconds: 20 });
        expect(worstLevel([patient, strict], now).id).toBe("too_long");
        expect(worstLevel([patient], now).id).toBe("normal");
        expect(worstLevel([], now).id).toBe("normal");
    });

    test("a percentage and its goal can be read without colors", async () => {
        await startSoftphone();
        expect(percentText(false)).toBe("–");
        expect(percentText(0)).toBe("0%");
        expect(goalSigns(queueRow({ service_level: 80 })).icon).toBe("fa-check");
        expect(goalSigns(queueRow({ service_level: 79.9 })).icon).toBe("fa-arrow-down");
        expect(goalSigns(queueRow({ service_level: 10, goal: 0 })).icon).toBe("");
        expect(goalSigns(queueRow()).icon).toBe("");
    });

    test("Z22: phone users are counted by state, and a click on a state lists them", async () => {
        await startBoard({
            agents: [
                agentRow({ id: 1, name: "Ana", state: "offline", status: "offline" }),
                agentRow({ id: 2, name: "Bob", state: "in_call", customer: "Anna Peeters" }),
                agentRow({ id: 3, name: "Cleo" }),
                agentRow({ id: 4, name: "Dan" }),
            ],
        });
        await seen(".o_telephony_agent");
        const names = () => queryAllTexts(".o_telephony_agent bdi:first-child");
        expect(names().filter((name) => name !== "Anna Peeters")).toEqual([
            ...["Bob", "Cleo", "Dan", "Ana"],
        ]);
        const counts = queryAllTexts(".o_telephony_state_count");
        expect(counts).toEqual(["1", "0", "2", "0", "1"]);
        await contains(".o_telephony_state[data-state=available]").click();
        expect(names()).toEqual(["Cleo", "Dan"]);
        expect(".o_telephony_state[data-state=available]").toHaveAttribute("aria-pressed", "true");
        await contains(".o_telephony_state[data-state=ringing]").click();
        expect(".o_telephony_no_agent").toHaveText("No one has this status.");
        await contains(".o_telephony_state[data-state=ringing]").click();
        expect(".o_telephony_agent").toHaveCount(4);
    });

    test("a board without phone users shows the next step", async () => {
        await startBoard({ queues: [], agents: [] });
        await seen(".o_telephony_board_empty");
        expect(".o_telephony_figure").toHaveCount(0);
        expect(".o_telephony_board_empty button").toHaveText("Add phone users");
    });
});

describe("updates of the board", () => {
    test("Z22 Z24: several bus messages cause one request", async () => {
        const server = await startBoard();
        await startBusService();
        await seen(figure("waiting"));
        server.board = boardData({ total: { waiting: 7 } });
        sendBus("telephony/live_updated", liveRow());
        sendBus("telephony/live_updated", liveRow({ uuid: "q-2" }));
        sendBus("telephony/agent_state", { id: 1, state: "ringing" });
        await expect.waitForSteps(["read"]);
        await animationFrame();
        expect(`${figure("waiting")} .o_telephony_figure_value`).toHaveText("7");
        await advanceTime(2000);
        expect.verifySteps([]);
    });

    test("bus messages of companies that are not shown are ignored", async () => {
        await startBoard();
        await startBusService();
        const heard = new Deferred();
        getService("bus_service").subscribe("telephony/live_updated", () => heard.resolve());
        sendBus("telephony/live_updated", liveRow({ company_id: 77 }));
        await heard;
        await advanceTime(2000);
        await animationFrame();
        expect.verifySteps([]);
    });

    test("without messages, the board is read again at the server's interval", async () => {
        await startBoard();
        await seen(figure("waiting"));
        await advanceTime(50_000);
        expect.verifySteps([]);
        await advanceTime(12_000);
        await expect.waitForSteps(["read"]);
    });

    test("a closed board sends no more requests", async () => {
        const server = await startBoard();
        const data = new BoardData(getService("orm"), getService("bus_service"));
        await data.start();
        expect.verifySteps(["read"]);
        server.board = boardData({ total: { waiting: 7 } });
        const reading = data.refresh();
        data.stop();
        await reading;
        expect(data.data.total.waiting).toBe(0, { message: "a late answer is dropped" });
        expect.verifySteps(["read"]);
        const other = new BoardData(getService("orm"), getService("bus_service"));
        await other.start();
        server.error = userError("The database is being updated.");
        const failing = other.refresh();
        other.stop();
        await failing;
        expect(other.error).toBe("", { message: "so is a late error" });
        server.error = null;
        expect.verifySteps(["read", "read"]);
        getService("bus_service").trigger("BUS:RECONNECT");
        await expect.waitForSteps(["read"]); // only the visible board reads
    });

    test("a lost connection is shown, and the board is read after the reconnect", async () => {
        const { board } = await startBoard();
        let reads = 0;
        onRpc("telephony.queue", "board", () => {
            reads++;
            return board;
        });
        const bus = getService("bus_service");
        const isShown = () => Boolean(document.querySelector(".o_telephony_board_lost"));
        await waitUntil(() => {
            // The connection that the board itself begins may come later, and end the lost one.
            if (!isShown()) {
                bus.trigger("BUS:DISCONNECT");
            }
            return isShown();
        });
        const before = reads;
        bus.trigger("BUS:RECONNECT");
        await waitUntil(() => reads > before && !isShown());
    });

    test("a failed read shows the reason, and a retry clears it", async () => {
        const server = await startBoard();
        await seen(figure("waiting"));
        server.error = userError("The database is being updated.");
        window.dispatchEvent(new Event("visibilitychange"));
        await seen(".o_telephony_board_error");
        expect(".o_telephony_board_error").toHaveText(/being updated/);
        server.error = null;
        await contains(".o_telephony_board_error button").click();
        await animationFrame();
        expect(".o_telephony_board_error").toHaveCount(0);
        expect.verifySteps(["read", "read"]);
    });
});

describe("actions on the board", () => {
    test.tags("desktop"); // a phone shows fewer columns
    test("Z24: a click on a figure opens its calls, of all queues or of one", async () => {
        await startBoard({
            total: { missed: 2 },
            queues: [queueRow({ missed: 2, level_count: 1, service_level: 100 })],
        });
        await seen(figure("missed"));
        patchWithCleanup(getService("action"), {
            async doAction({ name, res_model, domain }) {
                expect.step(`${name}: ${res_model} ${JSON.stringify(domain.slice(1))}`);
            },
        });
        await contains(figure("missed")).click();
        await contains(".o_telephony_board_queues [data-figure=missed]").click();
        await contains(".o_telephony_board_queues [data-figure=level]").click();
        expect.verifySteps([
            "Missed calls today: telephony.call []",
            'Missed calls today (Helpdesk): telephony.call [["queue_id","=",5]]',
            "Calls counted in today's service level (Helpdesk): telephony.call.report " +
                '[["queue_id","=",5]]',
        ]);
    });

    test("Z02: a phone user is set offline after a confirmation", async () => {
        const server = await startBoard({
            agents: [agentRow({ id: 3 }), agentRow({ id: 4, status: "offline", state: "offline" })],
        });
        onRpc("telephony.agent", "set_offline", ({ args }) => {
            expect.step(`set_offline ${JSON.stringify(args[0])}`);
            return true;
        });
        await seen(".o_telephony_agent_menu");
        expect(".o_telephony_agent_menu").toHaveCount(1);
        await contains(".o_telephony_agent_menu").click();
        await contains(".o_telephony_set_offline").click();
        await seen(".modal");
        expect(".modal").toHaveText(/Set Ana offline\?/);
        expect.verifySteps([]);
        server.board = boardData({ agents: [agentRow({ state: "offline", status: "offline" })] });
        await contains(".modal .btn-primary").click();
        await expect.waitForSteps(["set_offline [3]", "read"]);
        await animationFrame();
        expect(".o_telephony_agent").toHaveAttribute("data-state", "offline");
    });

    test("an error of the server is shown", async () => {
        await startBoard();
        onRpc("telephony.agent", "set_offline", () => {
            throw userError("Only Telephony supervisors can do this.");
        });
        await contains(".o_telephony_agent_menu").click();
        await contains(".o_telephony_set_offline").click();
        await contains(".modal .btn-primary").click();
        await seen(".o_notification");
        expect(".o_notification").toHaveText(/Only Telephony supervisors/);
        await expect.waitForSteps(["read"]);
    });

    test("the wallboard fills the screen, and Escape closes it", async () => {
        await startBoard();
        await seen(".o_telephony_wall_on");
        await contains(".o_telephony_wall_on").click();
        await seen(".o_telephony_wall");
        expect(".o_telephony_wall_title").toHaveText("Live board");
        await press("escape");
        await animationFrame();
        expect(".o_telephony_wall").toHaveCount(0);
    });
});
