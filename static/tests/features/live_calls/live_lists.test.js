import {
    advanceTime,
    animationFrame,
    describe,
    expect,
    press,
    queryAll,
    queryAllTexts,
    queryRect,
    scroll,
    test,
} from "@odoo/hoot";
import { serializeDateTime } from "@web/core/l10n/dates";
import { contains, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    liveRow,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { waitingLevel } from "@crm_telephony/features/live_calls/live_labels";

defineTelephony();

const { DateTime } = luxon;
const ago = (seconds) => serializeDateTime(DateTime.now().minus({ seconds }));
const talkRow = (values = {}) =>
    liveRow({
        uuid: "t-1",
        list: "conversation",
        user: { id: 99, name: "Bob" },
        answered_at: ago(65),
        queue: false,
        ...values,
    });
const picked = (values = {}) =>
    callData({ uuid: "q-1", direction: "incoming", state: "queued", ...values });

/** Open the window with the server's lists. */
async function startLists({ talking = [], waiting = [], snapshot = {}, withBus = true } = {}) {
    fakeVoice();
    const world = await startSoftphone({ snapshot });
    Object.assign(world, { talking, waiting });
    await mountSoftphone({ withBus });
    await contains(".o_telephony_systray").click();
    return world;
}

describe("calls in progress", () => {
    test("Z22 Z23: the list shows user, customer, duration and state of each call", async () => {
        await startLists({
            withBus: false,
            talking: [
                talkRow(),
                talkRow({
                    id: 2,
                    uuid: "t-2",
                    direction: "outgoing",
                    customer_name: false,
                    user: { id: serverState.userId, name: "Me" },
                    on_hold: true,
                    queue: { id: 5, name: "Helpdesk" },
                    answered_at: ago(3600),
                }),
            ],
        });
        await seen(".o_telephony_tab_live .o_telephony_tab_count");
        expect(".o_telephony_tab_live").toHaveAttribute("title", "Calls in conversation");
        expect(".o_telephony_tab_count").toHaveText("2");
        await contains(".o_telephony_tab_live").click();
        expect(".o_telephony_live_row").toHaveCount(2);
        const [first, second] = [".o_telephony_live_row:eq(0)", ".o_telephony_live_row:eq(1)"];
        expect(`${first} .o_telephony_row_name`).toHaveText("Anna");
        expect(`${first} .o_telephony_row_user`).toHaveText("Bob");
        expect(`${first} .o_telephony_timer`).toHaveText(/^1:0\d$/);
        expect(`${first} [role=img][aria-label="Incoming call"]`).toHaveCount(1);
        expect(`${second} .o_telephony_row_name`).toHaveText("+32 470 12 34 56");
        expect(`${second} .o_telephony_row_user`).toHaveText("You");
        expect(`${second} .o_telephony_row_queue`).toHaveText("Helpdesk");
        expect(`${second} .o_telephony_row_hold`).toHaveText("On hold");
        expect(`${second} .o_telephony_timer`).toHaveText(/^1:00:0\d$/);
    });

    test("Z22: all durations are updated by one clock", async () => {
        await startLists({ talking: [talkRow({ answered_at: ago(10) })], withBus: false });
        await contains(".o_telephony_tab_live").click();
        const [before] = queryAllTexts(".o_telephony_live_row .o_telephony_timer");
        await advanceTime(5000);
        await animationFrame();
        const [after] = queryAllTexts(".o_telephony_live_row .o_telephony_timer");
        const seconds = (text) => Number(text.split(":")[1]);
        expect(seconds(after) - seconds(before)).toBeWithin(5, 6);
    });

    test("Z22: bus messages add, move and remove rows without a request", async () => {
        const world = await startLists();
        await contains(".o_telephony_tab_live").click();
        await seen(".o_telephony_empty");
        onRpc("telephony.call", "live_calls", () => expect.step("read"));
        sendBus("telephony/live_updated", liveRow());
        await seen(".o_telephony_tab_queue .o_telephony_tab_count");
        sendBus("telephony/live_updated", talkRow({ uuid: "q-1" }));
        await seen(".o_telephony_live_row[data-uuid=q-1]");
        expect(".o_telephony_tab_queue .o_telephony_tab_count").toHaveCount(0);
        sendBus("telephony/live_updated", talkRow({ uuid: "q-1", on_hold: true }));
        await seen(".o_telephony_row_hold");
        sendBus("telephony/live_updated", talkRow({ uuid: "q-1", list: false }));
        await seen(".o_telephony_empty");
        expect(world.softphone.companyCalls.talking).toHaveLength(0);
        expect.verifySteps([]);
    });

    test("a row whose message was lost is corrected within a minute, while the list is shown", async () => {
        const world = await startLists({ talking: [talkRow()], withBus: false });
        await contains(".o_telephony_tab_live").click();
        await seen(".o_telephony_live_row[data-uuid=t-1]");
        world.talking = [talkRow({ uuid: "t-2" })]; // the bus says nothing
        await advanceTime(60_000);
        await seen(".o_telephony_live_row[data-uuid=t-2]");
        expect(".o_telephony_live_row").toHaveCount(1);
    });

    test("lists that are not on the screen are not read again until they are shown", async () => {
        const world = await startLists({ withBus: false });
        await contains(".o_telephony_tab_live").click();
        await seen(".o_telephony_empty");
        await contains(".o_telephony_tab_keypad").click();
        onRpc("telephony.call", "live_calls", () => {
            expect.step("read");
            return world.talking;
        });
        world.talking = [talkRow()];
        await advanceTime(150_000);
        expect.verifySteps([]);
        await contains(".o_telephony_tab_live").click();
        await seen(".o_telephony_live_row");
        expect.verifySteps(["read"]);
    });

    test("rows of companies that are not shown are ignored", async () => {
        const { softphone } = await startLists({ withBus: false });
        await contains(".o_telephony_tab_live").click();
        softphone.companyCalls.onRow(talkRow({ company_id: 77 }));
        softphone.companyCalls.onRow(talkRow({ uuid: "t-2" }));
        await seen(".o_telephony_live_row");
        expect(".o_telephony_live_row").toHaveCount(1);
        expect(".o_telephony_live_row").toHaveAttribute("data-uuid", "t-2");
    });

    test("nothing is read before the window is opened", async () => {
        fakeVoice();
        const { softphone } = await startSoftphone();
        onRpc("telephony.call", "live_calls", () => expect.step("read") || []);
        await mountSoftphone({ withBus: false });
        softphone.companyCalls.onRow(talkRow());
        expect(softphone.companyCalls.isRead).toBe(false);
        expect.verifySteps([]);
        await contains(".o_telephony_systray").click();
        await expect.waitForSteps(["read"]);
    });

    test("changes during a read of the lists are kept", async () => {
        const { softphone } = await startLists({ withBus: false });
        const answer = Promise.withResolvers();
        onRpc("telephony.call", "queued_calls", () => answer.promise);
        const reading = softphone.companyCalls.refresh();
        softphone.companyCalls.onRow(liveRow({ uuid: "q-1", list: false }));
        softphone.companyCalls.onRow(liveRow({ uuid: "q-2" }));
        answer.resolve([liveRow({ uuid: "q-1" })]);
        await reading;
        expect(softphone.companyCalls.waiting.map(({ row }) => row.uuid)).toEqual(["q-2"]);
    });

    test("a failed read shows an error, and a retry clears it", async () => {
        fakeVoice();
        await startSoftphone();
        let isDown = true;
        onRpc("telephony.call", "live_calls", () => {
            if (isDown) {
                throw userError("The database is being updated.");
            }
            return [talkRow()];
        });
        await mountSoftphone({ withBus: false });
        await contains(".o_telephony_systray").click();
        await contains(".o_telephony_tab_live").click();
        await seen(".o_telephony_live_error");
        expect(".o_telephony_live_error").toHaveText(/being updated/);
        isDown = false;
        await contains(".o_telephony_live_retry").click();
        await seen(".o_telephony_live_row");
    });

    test("an update of one of two hundred rows renders that row only", async () => {
        const talking = Array.from({ length: 200 }, (_value, id) =>
            talkRow({ id, uuid: `t-${id}`, customer_name: `Customer ${id}` })
        );
        const { softphone } = await startLists({ talking, withBus: false });
        await contains(".o_telephony_tab_live").click();
        const drawn = queryAll(".o_telephony_live_row").length;
        expect(drawn).toBeWithin(10, 100, { message: "only what is near the screen is drawn" });
        expect(".o_telephony_live_row:first").toHaveAttribute("aria-setsize", "200");
        await scroll(".o_telephony_live .overflow-auto", { y: 150 * 80 });
        await seen("[data-uuid=t-150]");
        const touched = new Set();
        const observer = new MutationObserver((records) => {
            for (const { target } of records) {
                const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
                touched.add(element.closest(".o_telephony_live_row")?.dataset.uuid);
            }
        });
        const list = document.querySelector(".o_telephony_live ul");
        observer.observe(list, { subtree: true, childList: true, attributes: true });
        softphone.companyCalls.onRow(talkRow({ id: 150, uuid: "t-150", on_hold: true }));
        await seen(".o_telephony_row_hold");
        await animationFrame();
        observer.disconnect();
        expect([...touched]).toEqual(["t-150"]);
        await scroll(".o_telephony_live .overflow-auto", { y: 0 });
        await seen("[data-uuid=t-0]");
        expect("[data-uuid=t-150]").toHaveCount(0);
        for (const element of queryAll(".o_telephony_live_row")) {
            expect(element.scrollHeight).toBe(element.clientHeight);
        }
    });
});

describe("calls in queue", () => {
    test("Z24: the number of callers is within the last tab, at whose side the window ends", async () => {
        const waiting = Array.from({ length: 120 }, (_value, id) =>
            liveRow({ id, uuid: `q-${id}` })
        );
        await startLists({ withBus: false, waiting });
        const tabs = queryAll(".o_telephony_tabs button");
        expect(tabs).toHaveLength(6);
        expect(tabs.at(-1)).toHaveClass("o_telephony_tab_queue");
        const count = ".o_telephony_tab_queue .o_telephony_tab_count";
        await seen(count);
        expect(count).toHaveText("99+");
        const [{ left, right }, tab] = [queryRect(count), queryRect(tabs.at(-1))];
        expect(left).toBeGreaterThan(tab.left);
        expect(right).toBeLessThan(tab.right);
    });

    test("Z24: callers are listed with queue and waiting time, the longest first", async () => {
        await startLists({
            withBus: false,
            waiting: [
                liveRow({ id: 3, uuid: "q-3", started_at: ago(20), customer_name: false }),
                liveRow({ id: 1, uuid: "q-1", started_at: ago(310) }),
                liveRow({ id: 2, uuid: "q-2", started_at: ago(190) }),
                liveRow({
                    id: 4,
                    uuid: "q-4",
                    started_at: ago(5),
                    queue: { id: 6, name: "Sales" },
                    our_number: "Sales",
                }),
            ],
        });
        await contains(".o_telephony_tab_queue").click();
        expect(".o_telephony_live_count").toHaveText("4 callers waiting");
        const of = (index) => `.o_telephony_queue_row:eq(${index})`;
        expect(queryAllTexts(".o_telephony_row_position [aria-hidden]")).toEqual([
            ...["1", "2", "3", "1"],
        ]);
        expect(of(0)).toHaveAttribute("data-uuid", "q-1");
        expect(`${of(0)} .o_telephony_elapsed`).toHaveAttribute("data-level", "too_long");
        expect(`${of(0)} .o_telephony_level_word`).toHaveText("Critical wait");
        expect(`${of(0)} .o_telephony_row_number`).toHaveText("Support");
        expect(`${of(0)} .o_telephony_row_queue`).toHaveText("Helpdesk");
        // A name that says the same as the queue gives way to the number.
        expect(`${of(3)} .o_telephony_row_number`).toHaveText("+32 2 555 01 01");
        expect(`${of(1)} .o_telephony_level_word`).toHaveText("Long wait");
        expect(`${of(2)} .o_telephony_row_name`).toHaveText("+32 470 12 34 56");
        expect(`${of(2)} .o_telephony_level_word`).toHaveCount(0);
    });

    test("Z24: each queue has its own thresholds, or none", () => {
        const queue = { amber_seconds: 60, red_seconds: 0 };
        expect(waitingLevel(queue, 59).id).toBe("normal");
        expect(waitingLevel(queue, 60).id).toBe("long");
        expect(waitingLevel(queue, 9999).id).toBe("long");
        expect(waitingLevel({ amber_seconds: 60, red_seconds: 90 }, 90).id).toBe("too_long");
        expect(waitingLevel(false, 9999).id).toBe("normal");
    });

    test("Z25: the chosen caller is answered by the menu and the keyboard", async () => {
        await startLists({ withBus: false, waiting: [liveRow(), liveRow({ id: 2, uuid: "q-2" })] });
        onRpc("telephony.call", "pick_up", ({ args }) => {
            expect.step(`pick_up ${args[0]}`);
            return { accepted: true, call: picked({ uuid: args[0] }) };
        });
        await contains(".o_telephony_tab_queue").click();
        const menu = ".o_telephony_queue_row[data-uuid=q-2] .o_telephony_row_menu";
        await contains(menu).focus();
        await press("Enter");
        await seen(".o_telephony_pick_up");
        await contains(".o_telephony_pick_up").press("Enter");
        await seen(".o_telephony_call[data-voice=connected]");
        expect(".o_telephony_call").toHaveAttribute("data-uuid", "q-2");
        expect.verifySteps(["pick_up q-2", "connect q-2"]);
    });

    test("Z24: a queue callback is marked in the list", async () => {
        const places = [liveRow(), liveRow({ id: 2, uuid: "q-2", is_queue_callback: true })];
        await startLists({ withBus: false, waiting: places });
        await contains(".o_telephony_tab_queue").click();
        await seen(".o_telephony_row_callback");
        expect(".o_telephony_row_callback").toHaveCount(1);
        expect("[data-uuid=q-2] .o_telephony_row_callback").toHaveText("Callback requested");
        await contains("[data-uuid=q-2] .o_telephony_row_menu").click();
        await seen(".o_telephony_pick_up");
        expect(".o_telephony_pick_up").toHaveText("Call now");
    });

    test("Z25: a call picked up by a colleague shows the name", async () => {
        const { store } = await startLists({ withBus: false, waiting: [liveRow()] });
        const message = "This call was already answered by Ana.";
        onRpc("telephony.call", "pick_up", () => ({ accepted: false, message }));
        await contains(".o_telephony_tab_queue").click();
        await contains(".o_telephony_row_menu").click();
        await contains(".o_telephony_pick_up").click();
        await seen(".o_notification");
        expect(".o_notification_content").toHaveText(message);
        expect(".o_telephony_queue").toHaveCount(1);
        expect(store.session).toBe(null);
        expect.verifySteps([]);
    });

    for (const [title, agent, reason] of [
        ["in a call", { state: "in_call" }, "You are already in a call."],
        ["who is unreachable", { state: "unreachable" }, /cannot receive calls/],
    ]) {
        test(`Z26: a user ${title} cannot pick up and sees the reason`, async () => {
            await startLists({
                withBus: false,
                waiting: [liveRow()],
                snapshot: { agent: { ...AGENT, ...agent } },
            });
            onRpc("telephony.call", "pick_up", () => expect.step("pick_up"));
            await contains(".o_telephony_tab_queue").click();
            await contains(".o_telephony_row_menu").click();
            await seen(".o_telephony_pick_up");
            expect(".o_telephony_pick_up").toHaveAttribute("aria-disabled", "true");
            expect(".o_telephony_pick_up_reason").toHaveText(reason);
            await contains(".o_telephony_pick_up").click();
            await press("Escape");
            expect(".o_telephony_row_answer").toHaveAttribute("aria-disabled", "true");
            await contains(".o_telephony_row_answer").click();
            await animationFrame();
            expect.verifySteps([]);
        });
    }

    test("Z25: the button in the row answers, by mouse and keyboard", async () => {
        await startLists({ withBus: false, waiting: [liveRow(), liveRow({ id: 2, uuid: "q-2" })] });
        onRpc("telephony.call", "pick_up", ({ args, kwargs }) => {
            expect.step(`pick_up ${args[0]} ${Boolean(kwargs.go_online)}`);
            return { accepted: true, call: picked({ uuid: args[0] }) };
        });
        await contains(".o_telephony_tab_queue").click();
        const button = ".o_telephony_queue_row[data-uuid=q-2] .o_telephony_row_answer";
        await seen(button);
        expect(button).toHaveAttribute("aria-label", /^Answer /);
        await contains(button).focus();
        await contains(button).press("Enter");
        await seen(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["pick_up q-2 false", "connect q-2"]);
    });

    test("Z25 Z26: an offline user goes online and answers in one click", async () => {
        await startLists({
            withBus: false,
            waiting: [liveRow()],
            snapshot: { agent: { ...AGENT, status: "offline", state: "offline" } },
        });
        onRpc("telephony.call", "pick_up", ({ args, kwargs }) => {
            expect.step(`pick_up ${args[0]} ${kwargs.go_online}`);
            return { accepted: true, call: picked({ uuid: args[0] }) };
        });
        await contains(".o_telephony_tab_queue").click();
        await seen(".o_telephony_queue_notice");
        expect(".o_telephony_queue_notice").toHaveText(
            "You are offline. Answering a caller sets you online."
        );
        await contains(".o_telephony_row_menu").click();
        await seen(".o_telephony_pick_up");
        expect(".o_telephony_pick_up").toHaveText("Go online and answer");
        await press("Escape");
        await contains(".o_telephony_row_answer").click();
        await seen(".o_telephony_call[data-voice=connected]");
        const uuid = liveRow().uuid;
        expect.verifySteps([`pick_up ${uuid} true`, `connect ${uuid}`]);
    });

    test("Z26: the queue can be opened during a call, which is one click away", async () => {
        const call = callData({ state: "in_progress", answered_at: ago(5), agent_connected: true });
        await startLists({ withBus: false, waiting: [liveRow()], snapshot: { calls: [call] } });
        await seen(".o_telephony_call");
        await contains(".o_telephony_tab_queue").click();
        await contains(".o_telephony_row_menu").click();
        await seen(".o_telephony_pick_up_reason");
        expect(".o_telephony_pick_up_reason").toHaveText("You are already in a call.");
        await press("Escape");
        await animationFrame();
        expect(".o_telephony_queue").toHaveCount(1);
        await contains(".o_telephony_tab_call").click();
        expect(".o_telephony_call").toHaveCount(1);
    });

    test("a call that begins or ends replaces the list", async () => {
        const { softphone } = await startLists({ withBus: false });
        await contains(".o_telephony_tab_queue").click();
        expect(".o_telephony_empty").toHaveText(/No one is waiting/);
        softphone.calls.onCall(callData({ state: "in_progress", answered_at: ago(5) }));
        await seen(".o_telephony_call");
        await contains(".o_telephony_tab_queue").click();
        softphone.calls.onCall(endedData());
        await seen(".o_telephony_ended");
    });
});
