/** The tab “Recent”: what happened to each call, voicemails, owed callbacks, filters and pages. */

import {
    animationFrame,
    Deferred,
    describe,
    expect,
    press,
    queryAllTexts,
    queryFirst,
    test,
} from "@odoo/hoot";
import { contains, mockService, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    recentData,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const me = () => ({ id: serverState.userId, name: "Me" });
const missed = (values = {}) =>
    recentData(
        endedData({
            uuid: "m-1",
            id: 11,
            direction: "incoming",
            outcome: "missed",
            duration: 0,
            answered_at: false,
            ...values,
        })
    );

/** Open the tab with the given rows, or with a function that answers the request. */
async function start(rows, options = {}) {
    fakeVoice();
    const world = await startSoftphone(options);
    world.recent = typeof rows === "function" ? rows : () => rows;
    await mountSoftphone({ withBus: options.withBus });
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_tab_recent").click();
    return world;
}

test("each row tells direction, outcome, length and time", async () => {
    await start([
        missed(),
        recentData(endedData({ uuid: "o-2", outcome: "failed", outcome_display: "Failed" })),
        recentData(endedData({ uuid: "o-1", outcome_display: "Answered", duration: 242 })),
    ]);
    await seen(".o_telephony_recent_call");
    expect(queryAllTexts(".o_telephony_recent_outcome")).toEqual(["Missed", "Failed", "Answered"]);
    expect("[data-uuid=o-2] .o_telephony_recent_outcome i").not.toHaveClass("text-danger");
    expect(".o_telephony_recent_outcome:first i").toHaveClass("text-danger");
    expect(".o_telephony_recent_outcome:last i").not.toHaveClass("text-danger");
    expect(".o_telephony_recent_outcome:first i").toHaveAttribute("aria-label", "Incoming call.");
    expect(queryAllTexts(".o_telephony_recent_length")).toEqual(["4:02"]);
});

test("the row of a hidden number has the same columns and no call button", async () => {
    const customer = { number: false, number_display: "Hidden number", name: false };
    await start([missed({ customer }), missed({ uuid: "m-2" })]);
    await seen(".o_telephony_recent_call");
    expect(".o_telephony_call_again").toHaveCount(1);
    const [first, second] = [...document.querySelectorAll(".o_telephony_recent_open")].map(
        (element) => element.getBoundingClientRect().right
    );
    expect(Math.abs(first - second)).toBeLessThan(1);
});

test("a voicemail is played in its row, and an owed callback is shown", async () => {
    await start([
        missed({
            outcome_display: "Voicemail",
            voicemail: {
                id: 5,
                url: "/telephony/recording/5",
                duration: 7,
                peaks: [],
                is_new: true,
            },
        }),
        missed({
            uuid: "m-2",
            callback: { id: 9, due_at: "2026-11-22 16:00:00", is_overdue: true, user: me() },
        }),
    ]);
    await seen(".o_telephony_recent_voicemail audio");
    expect(".o_telephony_recent_voicemail").toHaveCount(1);
    expect(".o_telephony_recent_voicemail audio").toHaveAttribute(
        "src",
        /\/telephony\/recording\/5$/
    );
    expect(".o_telephony_recent_callback").toHaveText("Callback overdue: Me");
});

test("Z27: a call that the user has left to others opens the end window of the own part", async () => {
    onRpc("telephony.call", "get_dispositions", () => []);
    onRpc("telephony.call", "find_records", () => []);
    const call = endedData({ uuid: "t-1", user: { id: 99, name: "Marc" }, note: "Marc's" });
    const part = { ...call, is_part: true, user: me(), note: "Mine", end_message: "You left." };
    await start([recentData({ ...call, part })]);
    await contains(".o_telephony_recent_open").click();
    await seen(".o_telephony_ended");
    expect(".o_telephony_note").toHaveValue("Mine");
    expect(".o_telephony_outcome").toHaveText("You left.");
    expect(".o_telephony_classification_toggle, .o_telephony_link_change").toHaveCount(0);
});

test("an own call opens its end window, any other one its form", async () => {
    mockService("action", {
        doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
    });
    onRpc("telephony.call", "get_dispositions", () => []);
    onRpc("telephony.call", "find_records", () => []);
    await start([
        // It rang at the user, and Marc answered.
        recentData(endedData({ uuid: "t-1", id: 21, user: { id: 99, name: "Marc" } })),
        recentData(endedData({ uuid: "o-1", id: 22, user: me() })),
    ]);
    await contains(".o_telephony_recent_call[data-uuid=t-1] .o_telephony_recent_open").click();
    expect.verifySteps(["telephony.call 21"]);
    await contains(".o_telephony_recent_call[data-uuid=o-1] .o_telephony_recent_open").click();
    await seen(".o_telephony_ended[data-uuid=o-1]");
});

test("the filters ask the server, and an empty list says what is missing", async () => {
    await start((kind) => {
        expect.step(kind);
        return kind === "all" ? [missed()] : [];
    });
    await seen(".o_telephony_recent_call");
    await contains(".o_telephony_recent_kinds [data-kind=missed]").click();
    await seen(".o_telephony_recent .o_telephony_empty");
    expect(".o_telephony_recent .o_telephony_empty").toHaveText("No missed calls.");
    expect("[data-kind=missed]").toHaveAttribute("aria-pressed", "true");
    expect("[data-kind=all]").toHaveAttribute("aria-pressed", "false");
    await contains("[data-kind=voicemail]").click();
    await seen(".o_telephony_recent .o_telephony_empty:contains(No voicemails)");
    expect.verifySteps(["all", "missed", "voicemail"]);
});

test("the late answer about the calls of another filter is dropped", async () => {
    const late = new Deferred();
    await start((kind) => (kind === "all" ? late : [missed({ uuid: "m-2" })]));
    await contains(".o_telephony_recent_kinds [data-kind=missed]").click();
    await seen(".o_telephony_recent_call[data-uuid=m-2]");
    late.resolve({ calls: [missed()], has_more: false });
    await animationFrame();
    await animationFrame();
    expect(".o_telephony_recent_call").toHaveCount(1);
    expect(".o_telephony_recent_call[data-uuid=m-2]").toHaveCount(1);
});

test("the next page is read at the end of the list, from the last row on", async () => {
    const row = (number) => missed({ uuid: `m-${number}`, id: number });
    const asked = [];
    await start((kind, date, id) => {
        asked.push(id);
        return id
            ? { calls: [row(2), row(1)], has_more: false }
            : { calls: [row(4), row(3)], has_more: true };
    });
    await seen(".o_telephony_recent_call[data-uuid=m-1]");
    expect(
        [...document.querySelectorAll(".o_telephony_recent_call")].map(
            ({ dataset }) => dataset.uuid
        )
    ).toEqual(["m-4", "m-3", "m-2", "m-1"]);
    expect(".o_telephony_recent_more").toHaveCount(0);
    // A page that connects late reads the list again.
    expect(asked.slice(0, 2)).toEqual([undefined, 3]);
});

test("a failed request shows its reason, and is repeated with a click", async () => {
    let isBroken = true;
    await start(() => {
        if (isBroken) {
            throw userError("The server is away.");
        }
        return [missed()];
    });
    await seen(".o_telephony_recent_error");
    expect(".o_telephony_recent_error span").toHaveText("The server is away.");
    isBroken = false;
    await contains(".o_telephony_recent_error button").click();
    await seen(".o_telephony_recent_call");
    expect(".o_telephony_recent_error").toHaveCount(0);
});

describe("live", () => {
    test("a call that is missed now appears at once", async () => {
        const world = await start([]);
        await seen(".o_telephony_recent .o_telephony_empty");
        const call = missed();
        world.snapshot.recent = [call];
        world.recent = () => [call];
        sendBus("telephony/call_missed", call);
        await seen(".o_telephony_recent_call[data-uuid=m-1]");
    });

    test("a voicemail replaces the notification of its missed call", async () => {
        await start([]);
        const call = missed();
        sendBus("telephony/call_missed", call);
        await seen(".o_telephony_missed_alert");
        sendBus("telephony/voicemail_received", { call, recording_id: 5, duration: 7 });
        await seen(".o_telephony_voicemail_alert");
        expect(".o_telephony_missed_alert").toHaveCount(0);
        sendBus("telephony/call_missed", call);
        sendBus("telephony/call_missed", missed({ uuid: "m-2" }));
        await seen(".o_telephony_missed_alert");
        expect(".o_telephony_missed_alert").toHaveCount(1);
    });
});

test("Z15: one click calls again, and the arrow keys move from row to row", async () => {
    const record = { model: "crm.lead", id: 8, name: "Desks" };
    await start([missed(), missed({ uuid: "m-2", record, extension: "12" })], { withBus: false });
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_model} ${kwargs.res_id}`);
        return callData({ uuid: "u-9" });
    });
    await seen(".o_telephony_recent_call");
    queryFirst(".o_telephony_recent_open").focus();
    await press("ArrowDown");
    expect(".o_telephony_recent_call[data-uuid=m-2] .o_telephony_recent_open").toBeFocused();
    await contains(".o_telephony_recent_call[data-uuid=m-2] .o_telephony_call_again").click();
    await seen(".o_telephony_call");
    expect.verifySteps(["dial +32470123456 ext. 12 crm.lead 8", "connect u-9"]);
});
