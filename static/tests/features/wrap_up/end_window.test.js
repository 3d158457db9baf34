import {
    advanceTime,
    animationFrame,
    click,
    Deferred,
    describe,
    edit,
    expect,
    queryAllTexts,
    queryOne,
    queryRect,
    test,
    waitFor,
    waitForNone,
} from "@odoo/hoot";
import { serializeDate, serializeDateTime } from "@web/core/l10n/dates";
import { contains, mockService, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    liveRow,
    mountSoftphone,
    offerData,
    seen,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const { DateTime } = luxon;
const inDays = (days) => serializeDate(DateTime.local().plus({ days }));
const LEAD = { model: "crm.lead", id: 8, name: "Twenty desks" };
const CONTACT = { model: "res.partner", id: 7, name: "Anna" };
const UNKNOWN = {
    number: "+32470999888",
    number_display: "+32 470 99 98 88",
    name: false,
    partner_id: false,
};
const mine = (values = {}) =>
    endedData({ user: { id: serverState.userId, name: "Me" }, record: LEAD, ...values });

const chosenDate = () => queryOne(".o_telephony_follow_up_date").value;

/** Show the end window of a call. */
async function startEnded(values = {}, found = []) {
    fakeVoice();
    const world = await startSoftphone();
    onRpc("telephony.call", "get_dispositions", () => [
        { id: 1, name: "Interested" },
        { id: 2, name: "Wrong number" },
    ]);
    onRpc("telephony.call", "find_records", ({ args }) => (args[1] ? [CONTACT] : found));
    await mountSoftphone({ withBus: false });
    await contains(".o_telephony_systray").click();
    world.store.endedCall = mine(values);
    await seen(".o_telephony_disposition option[value='2']");
    return world;
}

test("the customer is called again with the extension that was dialed", async () => {
    await startEnded({ extension: "12" });
    onRpc("telephony.call", "dial", ({ args }) => {
        expect.step(`dial ${args[0]}`);
        return callData({ uuid: "u-9" });
    });
    await contains(".o_telephony_call_again").click();
    await expect.waitForSteps(["dial +32470123456 ext. 12", "connect u-9"]);
});

test("Z19 Z27: summary, follow-up and result come in this order", async () => {
    await startEnded();
    const places = [
        ".o_telephony_note",
        ".o_telephony_follow_up_call",
        ".o_telephony_disposition",
        ".o_telephony_record_link",
        ".o_telephony_done",
    ].map((selector) => queryOne(selector));
    const isInOrder = places
        .slice(1)
        .every(
            (place, index) =>
                places[index].compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING
        );
    expect(isInOrder).toBe(true);
});

describe("result", () => {
    test("Z20: the outcome and the talk time are shown, and Done opens the keypad", async () => {
        const { store } = await startEnded();
        expect(".o_telephony_outcome").toHaveText("The call has ended.");
        expect(".o_telephony_length").toHaveText(/4:02/);
        await contains(".o_telephony_done").click();
        expect(".o_telephony_keypad").toHaveCount(1);
        expect(store.endedCall).toBe(null);
    });

    test("Z20 Z27: the row of the result has its place from the first moment", async () => {
        const { store } = await startEnded();
        const answer = new Deferred();
        onRpc("telephony.call", "get_dispositions", () => answer);
        const top = () => queryRect(".o_telephony_record_link").top;
        store.endedCall = mine({ uuid: "u-2" });
        await waitFor(".o_telephony_ended[data-uuid=u-2]");
        const before = top();
        answer.resolve([{ id: 1, name: "Interested" }]);
        await seen(".o_telephony_disposition option[value='1']");
        expect(top()).toBe(before);
    });

    test("Z20 Z27: a company without results sees no row, from the second call on at once", async () => {
        const { store } = await startEnded();
        onRpc("telephony.call", "get_dispositions", () => []);
        store.endedCall = mine({ uuid: "u-2" });
        await waitForNone(".o_telephony_disposition");
        const answer = new Deferred();
        onRpc("telephony.call", "get_dispositions", () => answer);
        store.endedCall = mine({ uuid: "u-3" });
        await waitFor(".o_telephony_ended[data-uuid=u-3]");
        expect(".o_telephony_disposition").toHaveCount(0);
        answer.resolve([]);
    });

    test("Z27: a result is saved when it is chosen", async () => {
        await startEnded();
        onRpc("telephony.call", "wrap_up", ({ args: [uuid, values] }) => {
            expect.step([uuid, values]);
            return mine({ disposition: { id: 2, name: "Wrong number" } });
        });
        await contains(".o_telephony_disposition").select("2");
        await seen(".o_telephony_disposition_box .o_telephony_saved .text-success");
        expect(".o_telephony_disposition").toHaveValue("2");
        expect.verifySteps([["u-1", { disposition_id: 2 }]]);
    });

    test("Z19: purpose and tags are chosen below the result, and saved at once", async () => {
        await startEnded();
        onRpc("telephony.call", "get_classification", () => ({
            purposes: [{ id: 4, name: "Support" }],
            tags: [
                { id: 5, name: "Oak" },
                { id: 6, name: "Steel" },
            ],
            purpose_id: false,
            tag_ids: [6],
        }));
        onRpc("telephony.call", "wrap_up", ({ args: [, values] }) => {
            expect.step(values);
            return mine();
        });
        expect(".o_telephony_classification_toggle").toHaveAttribute("aria-expanded", "false");
        await contains(".o_telephony_classification_toggle").click();
        expect(".o_telephony_tags [data-id='6']").toHaveAttribute("aria-pressed", "true");
        await contains(".o_telephony_purpose").select("4");
        await contains(".o_telephony_tags [data-id='5']").click();
        await contains(".o_telephony_tags [data-id='6']").click();
        expect.verifySteps([{ purpose_id: 4 }, { tag_ids: [6, 5] }, { tag_ids: [5] }]);
        expect(".o_telephony_purpose").toHaveValue("4");
        onRpc("telephony.call", "wrap_up", () => {
            throw userError("This purpose or tag cannot be used for this call.");
        });
        await contains(".o_telephony_tags [data-id='5']").click();
        await seen(".o_telephony_classification .o_telephony_field_error");
        expect(".o_telephony_tags [data-id='5']").toHaveAttribute("aria-pressed", "true");
    });

    test("without purposes and tags, the end window says so", async () => {
        await startEnded();
        const empty = { purposes: [], tags: [], purpose_id: false, tag_ids: [] };
        onRpc("telephony.call", "get_classification", () => empty);
        await contains(".o_telephony_classification_toggle").click();
        await seen(".o_telephony_classification .text-muted");
        expect(".o_telephony_purpose, .o_telephony_tags").toHaveCount(0);
    });

    test("a refused result is reset and shows the error", async () => {
        await startEnded();
        onRpc("telephony.call", "wrap_up", () => {
            throw userError("This result cannot be used for this call.");
        });
        await contains(".o_telephony_disposition").select("1");
        await seen(".o_telephony_disposition_box .o_telephony_field_error");
        await contains(".o_telephony_disposition").select("2");
        await seen(".o_telephony_disposition_box .o_telephony_field_error");
        expect(".o_telephony_field_error").toHaveText("This result cannot be used for this call.");
        expect(".o_telephony_disposition").toHaveValue("0");
    });

    test("a call without a user is read-only", async () => {
        fakeVoice();
        const { store } = await startSoftphone();
        await mountSoftphone({ withBus: false });
        await contains(".o_telephony_systray").click();
        store.endedCall = endedData({ user: false });
        await seen(".o_telephony_ended");
        expect(".o_telephony_disposition, .o_telephony_follow_up").toHaveCount(0);
    });

    test("Z19 Z20: the next call takes the window at once, and the note is kept", async () => {
        const { softphone } = await startEnded();
        await click(".o_telephony_note");
        await edit("wants oak");
        await contains(".o_telephony_follow_up_call").click();
        await contains(".o_telephony_follow_up_summary").edit("Send the offer", { confirm: false });
        const next = callData({ uuid: "u-2", direction: "incoming", state: "in_progress" });
        softphone.calls.onCall(next);
        softphone.store.endedCall = null;
        await seen(".o_telephony_call[data-uuid=u-2]");
        expect.verifySteps(["note wants oak"]);
        softphone.calls.onCall(callData({ ...next, state: "ended" }));
        softphone.store.endedCall = mine();
        await seen(".o_telephony_follow_up_summary");
        expect(".o_telephony_follow_up_summary").toHaveValue("Send the offer");
    });

    test("a recent call of the user opens its end window again", async () => {
        const { store } = await startEnded();
        store.recent = [mine(), endedData({ uuid: "u-9" })];
        await contains(".o_telephony_done").click();
        await contains(".o_telephony_tab_recent").click();
        await contains(".o_telephony_recent_call[data-uuid=u-1] .o_telephony_recent_open").click();
        await seen(".o_telephony_ended[data-uuid=u-1]");
    });
});

describe("follow-up", () => {
    /** Answer the follow-up request with the planned activity. */
    function plan() {
        onRpc("telephony.call", "schedule_follow_up", ({ args: [uuid, kind, values] }) => {
            expect.step({ uuid, kind, ...values });
            return { activity_id: 31, record: LEAD };
        });
    }

    test("Z27 Z28: a follow-up call is planned in two clicks, linked to the record", async () => {
        mockService("action", {
            doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
        });
        await startEnded();
        plan();
        await contains(".o_telephony_follow_up_call").click();
        expect(chosenDate()).toBe(inDays(1));
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        expect(".o_telephony_follow_up_saved").toHaveText(
            /Follow-up call on .*\s+linked to Twenty desks/
        );
        expect(".o_telephony_follow_up_form").toHaveCount(0);
        await contains(".o_telephony_follow_up_open").click();
        expect.verifySteps([
            {
                uuid: "u-1",
                kind: "call",
                date: inDays(1),
                summary: "",
                user_id: serverState.userId,
            },
            "crm.lead 8",
        ]);
    });

    test("Z27: a follow-up task is planned for a colleague, with summary and date", async () => {
        await startEnded();
        plan();
        onRpc("res.users", "name_search", ({ kwargs }) => {
            expect.step(kwargs.domain);
            return [[44, "Bob Builder"]];
        });
        await contains(".o_telephony_follow_up_task").click();
        await contains(".o_telephony_follow_up_summary").edit("Measure the room", {
            confirm: false,
        });
        await contains(`.o_telephony_follow_up_quick[data-date="${inDays(7)}"]`).click();
        expect(chosenDate()).toBe(inDays(7));
        await contains(".o_telephony_follow_up_user input").edit("bob", { confirm: false });
        await advanceTime(300);
        await contains(".o-autocomplete--dropdown-item").click();
        expect(".o_telephony_follow_up_user input").toHaveValue("Bob Builder");
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        expect(".o_telephony_follow_up_saved").toHaveText(/Follow-up task on .* for Bob Builder/);
        expect.verifySteps([
            [["share", "=", false]],
            {
                uuid: "u-1",
                kind: "task",
                date: inDays(7),
                summary: "Measure the room",
                user_id: 44,
            },
        ]);
    });

    test("Z27: a refused follow-up shows the error and keeps the chosen date", async () => {
        await startEnded();
        onRpc("telephony.call", "schedule_follow_up", () => {
            throw userError("The follow-up cannot be assigned to this person.");
        });
        await contains(".o_telephony_follow_up_call").click();
        const date = queryOne(".o_telephony_follow_up_date");
        date.value = "2031-02-03"; // as the browser's own calendar does
        date.dispatchEvent(new Event("input"));
        await animationFrame();
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up .o_telephony_field_error");
        expect(".o_telephony_field_error").toHaveText(/cannot be assigned/);
        expect(chosenDate()).toBe("2031-02-03");
        await contains(".o_telephony_follow_up_cancel").click();
        expect(".o_telephony_follow_up_form").toHaveCount(0);
    });

    /** Type into a field that has a calendar or a clock of the browser. */
    async function pick(selector, value) {
        const field = queryOne(selector);
        field.value = value;
        field.dispatchEvent(new Event("input"));
        await animationFrame();
    }

    test("Z27: a follow-up has an hour in the user's time zone, and a reminder", async () => {
        await startEnded();
        plan();
        await contains(".o_telephony_follow_up_call").click();
        expect(".o_telephony_follow_up_alarm").toHaveCount(0);
        await pick(".o_telephony_follow_up_date", "2031-02-03");
        await pick(".o_telephony_follow_up_time", "09:30");
        await seen(".o_telephony_follow_up_alarm");
        await animationFrame();
        expect(".o_telephony_follow_up_alarm").toHaveValue("1");
        expect(queryAllTexts(".o_telephony_follow_up_alarm option")).toEqual([
            "No reminder",
            "15 minutes before",
            "1 hour before",
        ]);
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        expect(".o_telephony_follow_up_saved").toHaveText(/Feb 3, 2031, 9:30/);
        const common = { uuid: "u-1", kind: "call", date: "2031-02-03", summary: "" };
        const start = serializeDateTime(DateTime.fromISO("2031-02-03T09:30"));
        expect.verifySteps([{ ...common, user_id: serverState.userId, start, alarm_id: 1 }]);
    });

    test("Z27: in one hour, without a reminder", async () => {
        await startEnded();
        plan();
        await contains(".o_telephony_follow_up_task").click();
        await contains(".o_telephony_follow_up_soon").click();
        const moment = DateTime.local().plus({ hours: 1 });
        expect(chosenDate()).toBe(serializeDate(moment));
        await seen(".o_telephony_follow_up_alarm");
        await animationFrame();
        await contains(".o_telephony_follow_up_alarm").select("0");
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        const start = serializeDateTime(moment.startOf("minute"));
        const date = serializeDate(moment);
        const rest = { summary: "", user_id: serverState.userId };
        expect.verifySteps([{ uuid: "u-1", kind: "task", date, start, ...rest }]);
    });

    test("Z27 Z28: an unknown caller is saved in the same step", async () => {
        await startEnded({ record: false, customer: UNKNOWN });
        plan();
        await contains(".o_telephony_follow_up_call").click();
        expect(".o_telephony_follow_up_model").toHaveValue("res.partner");
        expect(".o_telephony_follow_up_name").toHaveValue("+32 470 99 98 88");
        await contains(".o_telephony_follow_up_model").select("crm.lead");
        await contains(".o_telephony_follow_up_task").click();
        await contains(".o_telephony_follow_up_call").click();
        expect(".o_telephony_follow_up_model").toHaveValue("crm.lead");
        await contains(".o_telephony_follow_up_name").edit("Olga", { confirm: false });
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        const rest = { summary: "", user_id: serverState.userId };
        expect.verifySteps([
            {
                uuid: "u-1",
                kind: "call",
                date: inDays(1),
                ...rest,
                res_model: "crm.lead",
                name: "Olga",
            },
        ]);
    });

    test("Z27: after the call of a hidden number, a follow-up is possible too", async () => {
        const customer = { ...UNKNOWN, number: false, number_display: "Hidden number" };
        await startEnded({ record: false, customer });
        plan();
        await contains(".o_telephony_follow_up_task:enabled").click();
        expect(".o_telephony_follow_up_customer").toHaveCount(0);
        await contains(".o_telephony_follow_up_save").click();
        await seen(".o_telephony_follow_up_saved");
        const rest = { summary: "", user_id: serverState.userId };
        expect.verifySteps([{ uuid: "u-1", kind: "task", date: inDays(1), ...rest }]);
    });
});

describe("record", () => {
    test("Z28: the record of the call is shown and opened with a click", async () => {
        mockService("action", {
            doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
        });
        await startEnded();
        expect(".o_telephony_record_link").toHaveText(/Linked to\s+Twenty desks/);
        await contains(".o_telephony_open_record").click();
        expect.verifySteps(["crm.lead 8"]);
    });

    test("Z28: one of several records with the number is chosen", async () => {
        const { store } = await startEnded({ record: false }, [
            { ...CONTACT, detail: "Azure" },
            { ...LEAD, detail: "New" },
        ]);
        onRpc("telephony.call", "link_record", ({ args }) => {
            expect.step(args);
            return mine();
        });
        await seen(".o_telephony_link_record");
        expect(".o_telephony_link_hint").toHaveText(/Several records/);
        expect(queryAllTexts(".o_telephony_link_record bdi")).toEqual([
            ...["Anna", "Azure", "Twenty desks", "New"],
        ]);
        await contains(".o_telephony_link_record[data-id='8']").click();
        await seen(".o_telephony_link_change");
        expect(store.endedCall.record).toEqual(LEAD);
        expect(".o_telephony_follow_up_call:enabled").toHaveCount(1);
        expect.verifySteps([["u-1", "crm.lead", 8]]);
    });

    test("Z28: another record is searched and linked", async () => {
        await startEnded();
        onRpc("telephony.call", "link_record", ({ args }) => {
            expect.step(args);
            return mine({ record: CONTACT });
        });
        await contains(".o_telephony_link_change").click();
        await contains(".o_telephony_link_search input").edit("ann", { confirm: false });
        await advanceTime(300);
        await contains(".o_telephony_link_found").click();
        await animationFrame();
        expect(".o_telephony_record_link").toHaveText(/Linked to\s+Anna/);
        expect(".o_telephony_link_search").toHaveCount(0);
        expect.verifySteps([["u-1", "res.partner", 7]]);
    });

    test("Z28: an unknown caller becomes a contact or a lead with the number", async () => {
        mockService("action", {
            doAction: ({ res_model, context }) => expect.step([res_model, context]),
        });
        const { softphone } = await startEnded({ record: false, customer: UNKNOWN });
        await contains(".o_telephony_create_record [data-model='res.partner']").click();
        await contains(".o_telephony_create_record [data-model='crm.lead']").click();
        const context = { default_phone: "+32 470 99 98 88", telephony_call: "u-1" };
        expect.verifySteps([
            ["res.partner", context],
            ["crm.lead", { ...context, default_name: "Call with +32 470 99 98 88" }],
        ]);
        const network = { name: "ACME", city: "Toronto", country: "Canada", country_id: 38 };
        softphone.calls.onCall(mine({ record: false, customer: { ...UNKNOWN, network } }));
        await animationFrame();
        await contains(".o_telephony_create_record [data-model='res.partner']").click();
        await contains(".o_telephony_create_record [data-model='crm.lead']").click();
        const place = { ...context, default_city: "Toronto", default_country_id: 38 };
        expect.verifySteps([
            ["res.partner", { ...place, default_name: "ACME" }],
            [
                "crm.lead",
                {
                    ...place,
                    default_contact_name: "ACME",
                    default_name: "Call with +32 470 99 98 88",
                },
            ],
        ]);
        // The server announces that it has linked the call to the saved record.
        softphone.calls.onCall(mine({ record: CONTACT, customer: UNKNOWN }));
        await seen(".o_telephony_link_change");
        expect(".o_telephony_create_record").toHaveCount(0);
    });

    test("Z17: an unknown caller becomes a contact from the card and in the call", async () => {
        fakeVoice();
        const offer = offerData({ customer: UNKNOWN });
        const { softphone } = await startSoftphone({ snapshot: { offers: [offer] } });
        await mountSoftphone({ withBus: false });
        await seen(".o_telephony_incoming .o_telephony_create_record");
        softphone.calls.onCall(callData({ customer: UNKNOWN, state: "in_progress" }));
        await contains(".o_telephony_systray").click();
        await seen(".o_telephony_call .o_telephony_create_record");
        softphone.calls.onCall(callData({ state: "in_progress" }));
        await animationFrame();
        expect(".o_telephony_call .o_telephony_create_record").toHaveCount(0);
    });

    test("the tabs stay available after a call", async () => {
        const { softphone } = await startEnded();
        softphone.companyCalls.onRow(liveRow());
        await contains(".o_telephony_tab_queue").click();
        await seen(".o_telephony_queue_row");
        await contains(".o_telephony_tab_call").click();
        expect(".o_telephony_ended").toHaveCount(1);
    });
});
