import {
    animationFrame,
    advanceTime,
    Deferred,
    expect,
    press,
    test,
    waitForNone,
} from "@odoo/hoot";
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
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { CallMe, CHECK_PERIOD } from "@crm_telephony/features/get_started/call_me";
import { GetStarted } from "@crm_telephony/features/get_started/get_started";

defineTelephony();

const BLOCKED = { can_call: false, cannot_call_reason: "Not connected.", is_started: false };
const line = (name, values = {}) => ({
    name,
    title: `Title of ${name}`,
    sentence: `About ${name}`,
    is_done: false,
    button: false,
    ...values,
});

function serve(server) {
    onRpc("telephony.account", "get_started", () => ({
        is_done: server.lines.every((one) => one.is_done),
        ask: false,
        can_test: false,
        ...server,
    }));
    onRpc("telephony.account", "action_get_started", ({ args: [name] }) => {
        expect.step(`act ${name}`);
        server.lines.find((one) => one.name === name).is_done = true;
        return false;
    });
}

const LINE = (name) => `.o_telephony_get_started_line[data-name=${name}]`;

test("the lines replace the keypad of an administrator who cannot call", async () => {
    const server = {
        lines: [line("account", { is_done: true }), line("me", { button: "Assign" })],
    };
    serve(server);
    const world = await startSoftphone({ snapshot: BLOCKED });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await seen(`${LINE("account")}[data-done=true]`);
    expect(".o_telephony_number_input").toHaveCount(0);
    expect(".o_telephony_softphone").not.toHaveText(/Not connected/);
    expect(".o_telephony_get_started_count").toHaveText("1 of 2 done");
    expect(`${LINE("account")} button`).toHaveCount(0);
    Object.assign(world.snapshot, { can_call: true, cannot_call_reason: false, is_started: true });
    await contains(`${LINE("me")} button:contains(Assign)`).click();
    await seen(".o_telephony_number_input");
    expect.verifySteps(["act me"]);
    expect(".o_telephony_get_started").toHaveCount(0);
});

test("who can call keeps the keypad, and opens the rest on demand", async () => {
    serve({ lines: [line("flow", { button: "Ring Everyone" })] });
    await startSoftphone({ snapshot: { is_started: false } });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_number_input");
    await contains(".o_telephony_finish_setup").click();
    await seen(LINE("flow"));
    expect(".o_telephony_number_input").toHaveCount(0);
    await contains(".o_telephony_finish_setup").click();
    await seen(".o_telephony_number_input");
});

test("who has finished, or cannot help, reads nothing and asks nothing", async () => {
    onRpc("telephony.account", "get_started", () => expect.step("asked"));
    await startSoftphone({ snapshot: { can_call: false, cannot_call_reason: "Ask Mitchell." } });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_blocked:contains(Ask Mitchell.)");
    expect(".o_telephony_get_started").toHaveCount(0);
    expect(".o_telephony_finish_setup").toHaveCount(0);
    expect.verifySteps([]);
});

test("a failure has its sentence, and a news of the bus reads the lines again", async () => {
    const server = { lines: [line("account", { button: "Connect" })], ask: "Ask Mitchell." };
    serve(server);
    let error = userError("The server is busy.");
    onRpc("telephony.account", "action_get_started", () => {
        if (error) {
            throw error;
        }
        return { type: "ir.actions.client", tag: "connect" };
    });
    await startSoftphone();
    patchWithCleanup(getService("action"), { doAction: async ({ tag }) => expect.step(tag) });
    await mountWithCleanup(GetStarted);
    expect(".o_telephony_get_started_ask").toHaveText("Ask Mitchell.");
    await contains(`${LINE("account")} button`).click();
    await seen(".o_telephony_get_started_error:contains(The server is busy.)");
    error = null;
    await contains(`${LINE("account")} button`).click();
    await expect.waitForSteps(["connect"]);
    server.lines[0].is_done = true;
    await sendBus("telephony/rights_changed", {});
    await waitForNone(".o_telephony_get_started");
});

test("the board shows the lines above its figures, and no empty page", async () => {
    serve({ lines: [line("account", { button: "Connect" })], can_test: true });
    onRpc("telephony.queue", "board", () => ({
        now: "2026-11-22 14:28:00",
        recheck_at: "2026-11-22 14:29:00",
        total: {},
        queues: [],
        agents: [],
        states: [],
        domains: {},
        is_manager: true,
        is_started: false,
    }));
    await startSoftphone();
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "crm_telephony.board" });
    await seen(`.o_telephony_board ${LINE("account")}`);
    expect(".o_telephony_board_empty").toHaveCount(0);
    expect(".o_telephony_board .o_telephony_call_me").toHaveCount(1);
});

// === Call Me Now === //

const STEP = (state) => `.o_telephony_call_me_step[data-state=${state}]`;

const testData = (values = {}) => ({
    uuid: "t-1",
    company_id: 1,
    state: "calling",
    number_display: "+32 471 22 23 33",
    shown_number_display: "+32 2 555 01 00",
    message: false,
    ...values,
});

/** Open the window; `server.test` is the state that the server returns. */
async function openCallMe(prepared = {}) {
    const server = { test: testData(), error: null };
    onRpc("telephony.test.call", "prepare", () => ({
        number: "+32471222333",
        test: false,
        ...prepared,
    }));
    onRpc("telephony.test.call", "start", ({ args }) => {
        expect.step(`start ${args[0]}`);
        if (server.error) {
            throw server.error;
        }
        return server.answer || server.test;
    });
    onRpc("telephony.test.call", "check", () => {
        expect.step("check");
        return server.test;
    });
    onRpc("telephony.test.call", "hang_up", ({ args }) => {
        expect.step(`hang up ${args[0]}`);
        return { ...server.test, state: "canceled" };
    });
    await startSoftphone();
    await mountWithCleanup(WebClient);
    server.close = getService("dialog").add(CallMe);
    await seen(".o_telephony_call_me_close");
    return server;
}

const tell = (values) => sendBus("telephony/call_me_updated", testData(values));

test("by keyboard alone: each step gets its tick, until the key is pressed", async () => {
    await openCallMe();
    expect(".o_telephony_call_me_number").toBeFocused();
    expect(".o_telephony_call_me_number").toHaveValue("+32471222333");
    await press("Enter");
    await expect.waitForSteps(["start +32471222333"]);
    await seen(".o_telephony_call_me_progress[data-state=calling]");
    expect(STEP("done")).toHaveCount(0);
    await tell({ state: "ringing" });
    await seen(".o_telephony_call_me_progress[data-state=ringing]");
    expect(STEP("done")).toHaveCount(1);
    await tell({ state: "answered" });
    await tell({ state: "ringing" }); // it comes late
    await seen(".o_telephony_call_me_progress[data-state=answered]");
    await tell({ state: "done" });
    await seen(".o_telephony_call_me_progress[data-state=done]");
    expect(STEP("done")).toHaveCount(4);
    expect(".o_telephony_call_me_hang_up").toHaveCount(0);
    await contains(".o_telephony_call_me_close").click();
    await animationFrame();
    expect.verifySteps([]);
});

test("a failure is explained at the step where it happened; the call can be repeated", async () => {
    const server = await openCallMe();
    await contains(".o_telephony_call_me_start").click();
    await tell({ state: "ringing" });
    await tell({ state: "failed", message: "Your phone is busy." });
    await seen(".o_telephony_call_me_sentence:contains(Your phone is busy.)");
    expect(STEP("done")).toHaveCount(1);
    expect(STEP("failed")).toHaveCount(1);
    server.test = testData({ uuid: "t-2" });
    await contains(".o_telephony_call_me_again").click();
    await seen(".o_telephony_call_me_progress[data-state=calling]");
    await tell({ uuid: "t-1", state: "done" }); // of the first call
    await animationFrame();
    expect(".o_telephony_call_me_progress").toHaveAttribute("data-state", "calling");
    expect.verifySteps(["start +32471222333", "start +32471222333"]);
    await contains(".o_telephony_call_me_hang_up").click();
    await seen(".o_telephony_call_me_progress[data-state=canceled]");
    expect.verifySteps(["hang up t-2"]);
    await contains(".o_telephony_call_me_change").click();
    await seen(".o_telephony_call_me_number");
});

test("a refused number keeps the form, with the reason", async () => {
    const server = await openCallMe();
    server.error = userError("“12” is not a valid phone number.");
    await contains(".o_telephony_call_me_number").edit("12", { confirm: false });
    await contains(".o_telephony_call_me_start").click();
    await seen(".o_telephony_field_error:contains(is not a valid phone number)");
    expect(".o_telephony_call_me_number").toHaveAttribute("aria-invalid", "true");
    expect.verifySteps(["start 12"]);
});

test("lost messages: the window asks the server, and stops when the call is over", async () => {
    const server = await openCallMe();
    await contains(".o_telephony_call_me_start").click();
    await seen(".o_telephony_call_me_progress[data-state=calling]");
    server.test = testData({ state: "failed", message: "Your phone was not answered." });
    await advanceTime(CHECK_PERIOD);
    await seen(".o_telephony_call_me_sentence:contains(not answered)");
    await advanceTime(3 * CHECK_PERIOD);
    expect.verifySteps(["start +32471222333", "check"]);
});

test("closing the window hangs up, even before the server has answered", async () => {
    const server = await openCallMe();
    server.answer = new Deferred();
    await contains(".o_telephony_call_me_start").click();
    server.close();
    await animationFrame();
    server.answer.resolve(server.test);
    await expect.waitForSteps(["start +32471222333", "hang up t-1"]);
});

test("two clicks start one call", async () => {
    const server = await openCallMe();
    server.answer = new Deferred();
    await contains(".o_telephony_call_me_start").click();
    expect(".o_telephony_call_me_start").not.toBeEnabled();
    await press("Enter");
    server.answer.resolve(server.test);
    await seen(".o_telephony_call_me_progress[data-state=calling]");
    expect.verifySteps(["start +32471222333"]);
    server.close();
    await expect.waitForSteps(["hang up t-1"]);
});

test("a page that was reloaded shows the call in progress", async () => {
    const server = await openCallMe({ test: testData({ state: "ringing" }) });
    await seen(".o_telephony_call_me_progress[data-state=ringing]");
    server.close();
    await expect.waitForSteps(["hang up t-1"]);
});
