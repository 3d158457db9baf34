import {
    advanceTime,
    describe,
    expect,
    mockDate,
    queryOne,
    test,
    waitForNone,
    waitUntil,
} from "@odoo/hoot";
import { contains, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const MISSING = "Choose a result first. Your company requires one after every call.";
const gone = (selector) => waitForNone(selector, { timeout: 3000 });
const mine = (values = {}) =>
    endedData({ user: { id: serverState.userId, name: "Me" }, disposition: false, ...values });
const wrappingUp = (values = {}) => ({
    ...AGENT,
    state: "wrap_up",
    wrap_up: {
        uuid: "u-1",
        started_at: "2026-11-22 14:32:12",
        until: "2026-11-22 14:33:12",
        extension: 60,
        is_disposition_missing: false,
        ...values,
    },
});

/** Show the end window of a call in wrap-up; requests to the server are stepped. */
async function startWrapUp(values = {}, answer = () => ({ ...mine(), agent: { ...AGENT } })) {
    mockDate("2026-11-22 14:32:12", 0);
    fakeVoice();
    onRpc("telephony.call", "get_dispositions", () => [{ id: 1, name: "Interested" }]);
    onRpc("telephony.call", "find_records", () => []);
    onRpc("telephony.call", "wrap_up", ({ args: [uuid, input] }) => {
        expect.step([uuid, input]);
        return answer(input);
    });
    onRpc("telephony.agent", "check_wrap_up", () => {
        expect.step("check");
        return { ...AGENT };
    });
    const agent = wrappingUp(values);
    const world = await startSoftphone({ snapshot: { agent, recent: [mine()] } });
    await mountSoftphone({ withBus: false });
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_ended .o_telephony_wrap_up");
    await seen(".o_telephony_disposition option[value='1']");
    return world;
}

const secondsLeft = () =>
    Number(queryOne(".o_telephony_wrap_up .progress").getAttribute("aria-valuenow"));

describe("countdown", () => {
    test("Z27: time, bar and state are shown until the wrap-up ends by itself", async () => {
        const { store } = await startWrapUp();
        // The seconds of a slow computer count, too.
        expect(".o_telephony_wrap_up_left").toHaveText(/^(1:00|0:5\d)$/);
        // The switch has two positions; the line below it shows the wrap-up.
        expect(".o_telephony_status").toHaveText("Online");
        expect(".o_telephony_systray").toHaveAttribute("data-presence", "wrap_up");
        await advanceTime(15_000);
        await waitUntil(() => secondsLeft() <= 45);
        expect(secondsLeft()).toBeGreaterThan(15);
        expect(".o_telephony_wrap_up_left").toHaveText(/^0:[1-4]\d$/);
        expect(".o_telephony_wrap_up [aria-live=polite]").toHaveText(
            "You won't receive calls until you're done."
        );
        await advanceTime((secondsLeft() - 9) * 1000);
        await seen(".o_telephony_wrap_up [aria-live=polite]:contains(ends in a few seconds)");
        await advanceTime(10_000);
        await expect.waitForSteps(["check"]);
        await gone(".o_telephony_wrap_up");
        // A draft that was started is kept.
        expect(".o_telephony_ended .o_telephony_note").toHaveCount(1);
        expect(store.presence).toBe("available");
    });

    test("Z27: the time can be extended once", async () => {
        const longer = wrappingUp({ until: "2026-11-22 14:34:12", extension: 0 });
        await startWrapUp({}, () => ({ ...mine(), agent: longer }));
        await contains(".o_telephony_wrap_up_extend").click();
        await gone(".o_telephony_wrap_up_extend");
        expect(".o_telephony_wrap_up_left").toHaveText("2:00");
        expect.verifySteps([["u-1", { extend: true }]]);
    });

    test("Z27: Done and closing the window end the wrap-up", async () => {
        const { store } = await startWrapUp();
        await contains(".o_telephony_done").click();
        await seen(".o_telephony_keypad");
        expect.verifySteps([["u-1", { done: true }]]);
        store.agent = wrappingUp();
        store.endedCall = mine();
        await seen(".o_telephony_wrap_up");
        await contains(".o_telephony_close").click();
        await gone(".o_telephony_softphone");
        expect.verifySteps([["u-1", { done: true }]]);
    });
});

describe("required result", () => {
    const refuse = (input) => {
        if (input.done) {
            throw userError(MISSING);
        }
        const disposition = { id: 1, name: "Interested" };
        return { ...mine({ disposition }), agent: { ...AGENT } };
    };

    test("Z27: without a result, the wrap-up does not end and the reason is shown", async () => {
        const { store } = await startWrapUp({ is_disposition_missing: true }, refuse);
        expect(".o_telephony_wrap_up_sentence").toHaveText("Choose a result before you finish.");
        expect(".o_telephony_disposition").toHaveAttribute("aria-required", "true");
        await contains(".o_telephony_done").click();
        await seen(".o_telephony_error");
        expect(".o_telephony_error").toHaveText(MISSING);
        await contains(".o_telephony_close").click();
        await advanceTime(61_000);
        await gone(".o_telephony_wrap_up_left");
        expect(".o_telephony_ended").toHaveCount(1);
        expect(".o_telephony_wrap_up_sentence").toHaveText(/^Time's up, but the result/);
        expect.verifySteps([
            ["u-1", { done: true }],
            ["u-1", { done: true }],
        ]);
        await contains(".o_telephony_disposition").select("1");
        await gone(".o_telephony_wrap_up");
        expect(store.presence).toBe("available");
        expect.verifySteps([["u-1", { disposition_id: 1 }]]);
    });

    test("Z16: the keypad can be opened during the wrap-up, which is one click away", async () => {
        const { store, softphone } = await startWrapUp({ is_disposition_missing: true }, refuse);
        await contains(".o_telephony_wrap_up_hide").click();
        await seen(".o_telephony_keypad");
        expect(".o_telephony_wrap_up_bar").toHaveText(/Wrap-up 1:00/);
        await softphone.serverSync.refresh();
        expect(".o_telephony_keypad").toHaveCount(1);
        await contains(".o_telephony_wrap_up_show").click();
        await seen(".o_telephony_wrap_up");
        expect(".o_telephony_wrap_up_bar").toHaveCount(0);
        softphone.calls.onCall(callData({ uuid: "u-2" }));
        store.agent = { ...AGENT, state: "in_call" };
        await seen(".o_telephony_call[data-uuid=u-2]");
        expect(".o_telephony_wrap_up_bar").toHaveCount(0);
        expect.verifySteps([]);
    });
});

describe("other tabs and users", () => {
    test("Z27: a wrap-up ended in another tab ends here", async () => {
        const { store } = await startWrapUp();
        const message = { uuid: "u-1", reason: "done", message: false };
        store.agent = { ...AGENT };
        sendBus("telephony/wrap_up_ended", message);
        await seen(".o_telephony_keypad");
        expect(store.endedCall).toBe(null);
    });

    test("Z27: the end is shown although a snapshot has overtaken its message", async () => {
        const { store } = await startWrapUp();
        sendBus("telephony/agent_updated", { ...AGENT });
        await seen(".o_telephony_wrap_up_over");
        expect(store.endedCall.uuid).toBe("u-1");
    });

    test("Z27: a supervisor who ends the wrap-up is named, and the window stays", async () => {
        const { store } = await startWrapUp();
        const message = "Sue ended your wrap-up. You can receive calls again.";
        sendBus("telephony/agent_updated", { ...AGENT });
        sendBus("telephony/wrap_up_ended", { uuid: "u-1", reason: "supervisor", message });
        await seen(".o_notification");
        expect(".o_notification_content").toHaveText(message);
        await gone(".o_telephony_wrap_up");
        expect(".o_telephony_wrap_up_over").toHaveText(
            "Wrap-up is over. You can receive calls again."
        );
        expect(store.endedCall.uuid).toBe("u-1");
    });
});
