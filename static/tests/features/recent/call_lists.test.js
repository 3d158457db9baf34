/** The tabs “Contacts” and “Activities”, “Log and call next”, and “Call …” of the palette. */

import {
    advanceTime,
    animationFrame,
    describe,
    expect,
    press,
    queryAllTexts,
    queryFirst,
    test,
    waitUntil,
} from "@odoo/hoot";
import { contains, mockService, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
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

const dueRow = (values = {}) => ({
    key: `activity-${values.activity_id || 1}`,
    activity_id: 1,
    callback_id: false,
    record: { model: "crm.lead", id: 8, name: "Twenty desks" },
    name: "Anna",
    number: "0470 12 34 56",
    number_display: "+32 470 12 34 56",
    summary: "Call back: missed call (×2, last at 14:05)",
    deadline: "2026-11-20",
    is_today: false,
    state: "overdue",
    tried_at: false,
    reason: false,
    ...values,
});
const BOB = {
    activity_id: 2,
    name: "Bob",
    number: "+32470000002",
    number_display: "+32 470 00 00 02",
    state: "today",
};
const CARL = {
    activity_id: 3,
    name: "Carl",
    number: "+32470000003",
    number_display: "+32 470 00 00 03",
    state: "today",
};
const contact = (values = {}) => ({
    partner_id: 7,
    name: "Anna",
    company_name: "Azure",
    number: "+32470123456",
    number_display: "+32 470 12 34 56",
    country_code: false,
    avatar_url: false,
    ...values,
});

/** Show a tab of the softphone with the given due calls. */
async function start(tab, rows = [], options = {}) {
    fakeVoice();
    const world = await startSoftphone(options);
    world.due = rows;
    onRpc("telephony.call", "due_calls", () => world.due);
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_model} ${kwargs.activity_id}`);
        return callData({ uuid: "u-9" });
    });
    await mountSoftphone({ withBus: options.withBus });
    await contains(".o_telephony_systray").click();
    if (tab) {
        await contains(`.o_telephony_tab_${tab}`).click();
    }
    return world;
}

describe("activities", () => {
    test("Z28: due calls are grouped, and the badge leaves out future ones", async () => {
        await start(
            "activities",
            [
                dueRow(),
                dueRow({ ...BOB, is_today: true }),
                dueRow({ ...CARL, state: "planned", deadline: "2030-01-01" }),
            ],
            { withBus: false }
        );
        await seen(".o_telephony_due");
        expect(queryAllTexts(".o_telephony_due_title")).toEqual([
            "Overdue (1)",
            "Due today (1)",
            "Planned for later (1)",
        ]);
        // The day is the server's: around midnight the browser's may differ.
        expect(".o_telephony_due:eq(0)").toHaveText(/Nov 20 ·/);
        expect(".o_telephony_due:eq(1)").toHaveText(/Today ·/);
        expect(".o_telephony_due:first .o_telephony_due_open").toHaveText("Anna");
        expect(".o_telephony_due:first .o_telephony_due_summary").toHaveText(/×2, last at 14:05/);
        expect(".o_telephony_tab_activities .badge").toHaveText("2");
    });

    test("Z15 Z28: one click calls and sends the activity with the call", async () => {
        await start("activities", [dueRow()], { withBus: false });
        await contains(".o_telephony_due_call").click();
        await seen(".o_telephony_call");
        expect.verifySteps(["dial 0470 12 34 56 crm.lead 1", "connect u-9"]);
    });

    test("an activity is marked as done without a call, and its record is opened", async () => {
        mockService("action", {
            doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
        });
        await start("activities", [dueRow(), dueRow(BOB)], { withBus: false });
        onRpc("mail.activity", "action_feedback", ({ args }) => expect.step(args[0]) || true);
        await contains(".o_telephony_due_open:first").click();
        await contains(".o_telephony_due_done:first").click();
        await seen(".o_telephony_due_today:first-child");
        expect(queryAllTexts(".o_telephony_due_open")).toEqual(["Bob"]);
        expect.verifySteps(["crm.lead 8", [1]]);
    });

    test("an error is shown and the line stays", async () => {
        await start("activities", [dueRow()], { withBus: false });
        onRpc("mail.activity", "action_feedback", () => {
            throw userError("You may not do this.");
        });
        await contains(".o_telephony_due_done").click();
        await seen(".o_telephony_activities [role=alert]");
        expect(".o_telephony_activities [role=alert]").toHaveText("You may not do this.");
        expect(".o_telephony_due").toHaveCount(1);
    });

    test("without a number, the button shows the reason", async () => {
        const reason = "This record has no phone number.";
        await start("activities", [dueRow({ number: false, number_display: false, reason })], {
            withBus: false,
        });
        await seen(".o_telephony_due_call:disabled");
        expect(".o_telephony_due").toHaveText(/has no phone number/);
    });

    test("the arrow keys move to the same button of the next line", async () => {
        await start("activities", [dueRow(), dueRow(BOB)], { withBus: false });
        await seen(".o_telephony_due");
        queryFirst(".o_telephony_due_call").focus();
        await press("ArrowDown");
        expect(".o_telephony_due[data-key=activity-2] .o_telephony_due_call").toBeFocused();
        await press("ArrowUp");
        expect(".o_telephony_due[data-key=activity-1] .o_telephony_due_call").toBeFocused();
    });

    test("the list is updated by the bus", async () => {
        const world = await start("activities", [dueRow()]);
        await seen(".o_telephony_due");
        world.due = [dueRow(BOB)];
        sendBus("telephony/activities_changed", {});
        await seen(".o_telephony_due[data-key=activity-2]");
        expect(".o_telephony_due").toHaveCount(1);
    });

    test("an empty list shows a text", async () => {
        await start("activities", [], { withBus: false });
        await seen(".o_telephony_activities .o_telephony_empty");
        expect(".o_telephony_tab_activities .badge").toHaveCount(0);
    });
});

describe("log and call next", () => {
    const mine = (values = {}) =>
        endedData({
            user: { id: serverState.userId, name: "Me" },
            record: { model: "crm.lead", id: 8, name: "Twenty desks" },
            ...values,
        });

    async function startEnded(rows) {
        const world = await start(false, rows, { withBus: false });
        onRpc("telephony.call", "get_dispositions", () => []);
        onRpc("telephony.call", "find_records", () => []);
        world.store.endedCall = mine();
        await seen(".o_telephony_ended");
        await waitUntil(() => world.softphone.dueCalls.isRead);
        await animationFrame();
        return world;
    }

    test("Z19 Z27: the input is saved and the next customer is called", async () => {
        const { softphone } = await startEnded([dueRow(), dueRow(BOB)]);
        onRpc("telephony.call", "wrap_up", ({ args: [uuid, values] }) => {
            expect.step([uuid, values]);
            return mine();
        });
        onRpc("telephony.call", "schedule_follow_up", ({ args: [, kind] }) => {
            expect.step(kind);
            return { activity_id: 31, record: mine().record };
        });
        softphone.notes.write("u-1", "wants oak");
        softphone.followUps.of("u-1").kind = "task";
        await contains(".o_telephony_call_next:enabled").click();
        await seen(".o_telephony_call");
        expect.verifySteps([
            "note wants oak",
            "task",
            ["u-1", { done: true }],
            "dial +32470000002 crm.lead 2",
            "connect u-9",
        ]);
    });

    test("tried calls come after untried ones", async () => {
        const { softphone } = await startEnded([
            dueRow({ ...BOB, tried_at: "2026-11-22 14:00:00" }),
            dueRow(CARL),
        ]);
        expect(softphone.dueCalls.next(mine()).name).toBe("Carl");
    });

    test("the button is there only when a further call is due", async () => {
        const { softphone, store } = await startEnded([
            dueRow(),
            dueRow({ ...BOB, state: "planned" }),
        ]);
        expect(".o_telephony_ended").toHaveCount(1);
        expect(".o_telephony_call_next").toHaveCount(0);
        expect(softphone.dueCalls.next(store.endedCall)).toBe(undefined);
    });

    test("a refused input shows the error and starts no call", async () => {
        await startEnded([dueRow(BOB)]);
        onRpc("telephony.call", "wrap_up", () => {
            throw userError("Choose a result first.");
        });
        await contains(".o_telephony_call_next:enabled").click();
        await seen(".o_telephony_error");
        expect(".o_telephony_error").toHaveText(/Choose a result first/);
        expect.verifySteps([]);
    });
});

describe("contacts", () => {
    test("Z16: a contact is found by name and called with one click", async () => {
        await start("contacts", [], { withBus: false });
        onRpc("telephony.call", "search_contacts", ({ args }) => {
            expect.step(args);
            return [contact(), contact({ partner_id: 8, name: "Annette", number: "+32470000008" })];
        });
        expect(".o_telephony_contacts .o_telephony_empty").toHaveCount(1);
        await contains(".o_telephony_contact_search").edit("ann", { confirm: false });
        await advanceTime(300);
        await seen(".o_telephony_contact");
        expect(queryAllTexts(".o_telephony_contact .o_telephony_name")).toEqual([
            "Anna",
            "Annette",
        ]);
        await contains(".o_telephony_contact_call:last").click();
        await seen(".o_telephony_call");
        expect.verifySteps([["ann", 30], "dial +32470000008 res.partner undefined", "connect u-9"]);
    });

    test("Z16: the list is used by keyboard, and Enter calls the first contact", async () => {
        await start("contacts", [], { withBus: false });
        onRpc("telephony.call", "search_contacts", () => [contact(), contact({ partner_id: 8 })]);
        await contains(".o_telephony_contact_search").edit("ann", { confirm: false });
        await advanceTime(300);
        await seen(".o_telephony_contact");
        expect(".o_telephony_contacts [role=status]").toHaveText("Contacts found: 2");
        await press("ArrowDown");
        expect(".o_telephony_contact_call:first").toBeFocused();
        await press("ArrowDown");
        expect(".o_telephony_contact_call:last").toBeFocused();
        await press("ArrowUp");
        await press("ArrowUp");
        expect(".o_telephony_contact_search").toBeFocused();
        await press("Enter");
        await seen(".o_telephony_call");
        expect.verifySteps(["dial +32470123456 res.partner undefined", "connect u-9"]);
    });

    test("without matches, Escape restores the last contacts", async () => {
        const recent = [endedData(), endedData({ uuid: "u-2" })];
        await start("contacts", [], { withBus: false, snapshot: { recent } });
        onRpc("telephony.call", "search_contacts", () => []);
        expect(queryAllTexts(".o_telephony_contact .o_telephony_name")).toEqual(["Anna"]);
        await contains(".o_telephony_contact_search").edit("zz", { confirm: false });
        await advanceTime(300);
        await seen(".o_telephony_none");
        await press("Escape");
        await seen(".o_telephony_contact");
        expect(".o_telephony_softphone").toHaveCount(1);
    });
});

describe("tabs", () => {
    test("each of the six tabs shows its name as label or title", async () => {
        await start(false, [], { withBus: false });
        expect(queryAllTexts(".o_telephony_tab_label")).toEqual([
            "Keypad",
            "Recent",
            "Contacts",
            "Activities",
            "Live",
            "Queue",
        ]);
        expect(".o_telephony_tabs button[title]").toHaveCount(6);
    });
});
