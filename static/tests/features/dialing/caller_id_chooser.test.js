import {
    advanceTime,
    animationFrame,
    expect,
    press,
    queryFirst,
    test,
    waitFor,
    waitForNone,
} from "@odoo/hoot";
import { contains, makeServerError, onRpc } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const INPUT = ".o_telephony_number_input";
const OPTION = ".o_telephony_chooser_option";
const RULE_ERROR =
    "odoo.addons.crm_telephony.models.call.telephony_call_outgoing.TelephonyRuleError";
const NUMBERS = [
    { id: 5, number: "+3225550100", number_display: "+32 2 555 01 00", name: "Sales" },
    { id: 7, number: "+3225550101", number_display: "+32 2 555 01 01", name: "Support" },
];
const CALLER_IDS = [
    { id: 5, number: "+32470000001", number_display: "+32 470 00 00 01", name: "My mobile" },
    { id: 6, number: "+32470000002", number_display: "+32 470 00 00 02", name: "Shop" },
];

/** Start with caller IDs; dialing steps the arguments of the request. */
async function start(callerIds, { numbers = NUMBERS.slice(0, 1), agent = {}, ...answer } = {}) {
    fakeVoice();
    const snapshot = { caller_ids: callerIds, numbers, agent: { ...AGENT, ...agent } };
    const world = await startSoftphone({ snapshot });
    onRpc("telephony.caller.id", "get_choices", ({ args }) => {
        expect.step(`choices ${args[0]}`);
        return { choices: callerIds, numbers, preselected_id: 6, ...answer };
    });
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        const number = kwargs.number_id ? ` number ${kwargs.number_id}` : "";
        expect.step(`dial ${args[0]} as ${kwargs.caller_id_id}${number}`);
        return callData();
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    return world;
}

async function type(number) {
    await contains(INPUT).edit(number, { confirm: false });
    await press("Enter");
}

test("Z13: with several caller IDs, each call asks for one and Enter takes the last", async () => {
    await start(CALLER_IDS);
    await type("+32470999888");
    await seen(".o_telephony_chooser");
    expect(OPTION).toHaveCount(3);
    expect(`${OPTION}[data-id='6']`).toBeFocused();
    expect(".o_telephony_callback_hint").toHaveText(
        "Calls back to a caller ID go to that number's own carrier, not to Odoo, unless you forward it to one of your numbers here or port it to Twilio."
    );
    await press("Enter");
    await seen(".o_telephony_call[data-voice=connected]");
    expect(".o_telephony_chooser").toHaveCount(0);
    expect.verifySteps(["choices +32470999888", "dial +32470999888 as 6", "connect u-1"]);
});

test("a caller ID is chosen with the arrow keys or a click", async () => {
    await start(CALLER_IDS);
    await type("047");
    await seen(".o_telephony_chooser");
    await press("ArrowDown");
    expect(`${OPTION}[data-kind=number]`).toBeFocused();
    await press("ArrowDown");
    expect(`${OPTION}[data-kind=caller_id][data-id='5']`).toBeFocused();
    await press("ArrowUp");
    await press("ArrowUp");
    expect(`${OPTION}[data-id='6']`).toBeFocused();
    await contains(`${OPTION}[data-kind=caller_id][data-id='5']`).click();
    await seen(".o_telephony_call");
    expect.verifySteps(["choices 047", "dial 047 as 5", "connect u-1"]);
});

test("the company's number is a choice like the caller IDs", async () => {
    await start(CALLER_IDS, { preselected_id: false, preselected_number_id: 5 });
    await type("047");
    await seen(".o_telephony_chooser");
    expect(`${OPTION}[data-kind=number]`).toBeFocused();
    expect(`${OPTION}[data-kind=number]`).toHaveText(/Sales\n?.*\+32 2 555 01 00/);
    await press("Enter");
    await seen(".o_telephony_call");
    expect.verifySteps(["choices 047", "dial 047 as null number 5", "connect u-1"]);
});

test("Escape cancels the call and keeps the number", async () => {
    await start(CALLER_IDS);
    await type("047");
    await seen(".o_telephony_chooser");
    await press("Escape");
    await waitForNone(".o_telephony_chooser");
    expect(INPUT).toHaveValue("047");
    expect(".o_telephony_call").toHaveCount(0);
    expect.verifySteps(["choices 047"]);
});

test("Z13: a single caller ID is used without the chooser", async () => {
    await start(CALLER_IDS.slice(0, 1), { preselected_id: 5 });
    expect(".o_telephony_shown_number").toHaveText("Calling from +32 470 00 00 01");
    await type("047");
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial 047 as null", "connect u-1"]);
});

test("the keypad says what the customer sees, and one click changes it", async () => {
    await start(CALLER_IDS.slice(0, 1), { preselected_id: 5 });
    await contains(".o_telephony_shown_number").click();
    expect(".o_telephony_sender").toHaveCount(2);
    expect(".o_telephony_sender[aria-current=true]").toHaveAttribute("data-kind", "caller_id");
    expect(".o_telephony_sender_menu .o_telephony_callback_hint").toHaveCount(1);
    await contains(".o_telephony_sender[data-kind=number]").click();
    expect(".o_telephony_shown_number").toHaveText("Calling from +32 2 555 01 00");
    await type("047");
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial 047 as null number 5", "connect u-1"]);
});

test("a revoked caller ID or number leaves the open keypad", async () => {
    const world = await start(CALLER_IDS.slice(0, 1), { numbers: NUMBERS, preselected_id: 5 });
    const revoke = async (values) => {
        Object.assign(world.snapshot, values);
        sendBus("telephony/rights_changed", {});
    };
    const choose = async (sender) => {
        await contains(".o_telephony_shown_number").click();
        await contains(`.o_telephony_sender${sender}`).click();
    };
    const shows = (text) => waitFor(`.o_telephony_shown_number:contains(${text})`);
    await choose("[data-kind=number][data-id='7']");
    await shows("+32 2 555 01 01");
    await revoke({ numbers: NUMBERS.slice(0, 1) });
    await shows("+32 470 00 00 01");
    await choose("[data-kind=caller_id]");
    await contains(INPUT).edit("+32470999888", { confirm: false });
    await advanceTime(400); // what was shown to this customer last
    await revoke({ caller_ids: [] });
    await shows("+32 2 555 01 00");
    await press("Enter");
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["choices +32470999888", "dial +32470999888 as null", "connect u-1"]);
});

test("an error about a revoked caller ID goes when another one is chosen", async () => {
    await start(CALLER_IDS.slice(0, 1), { preselected_id: 5 });
    onRpc("telephony.call", "dial", () => {
        throw makeServerError({ message: "This caller ID cannot be used. Choose another one." });
    });
    await type("047");
    await seen(".o_telephony_error");
    await contains(".o_telephony_shown_number").click();
    expect(".o_telephony_error").toHaveCount(1);
    await contains(".o_telephony_sender[data-kind=number]").click();
    expect(".o_telephony_error").toHaveCount(0);
});

test("the keypad says what was last chosen for the customer", async () => {
    await start(CALLER_IDS.slice(0, 1), { preselected_id: false, preselected_number_id: 5 });
    await contains(INPUT).edit("0470123456", { confirm: false });
    await animationFrame();
    await advanceTime(500);
    await seen(".o_telephony_shown_number:contains(+32 2 555 01 00)");
    await contains(INPUT).edit("047", { confirm: false });
    await seen(".o_telephony_shown_number:contains(+32 470 00 00 01)");
    expect.verifySteps(["choices 0470123456"]);
    // Digits of another script make a number, too.
    await contains(INPUT).edit("٠٤٧٠١٢٣٤٥٦", { confirm: false });
    await animationFrame();
    await advanceTime(500);
    await seen(".o_telephony_shown_number:contains(+32 2 555 01 00)");
    expect.verifySteps(["choices ٠٤٧٠١٢٣٤٥٦"]);
});

test("without caller IDs, several numbers of the company can be chosen from", async () => {
    await start([], { numbers: NUMBERS, agent: { default_number_id: 7 } });
    expect(".o_telephony_shown_number").toHaveText("Calling from +32 2 555 01 01");
    await contains(".o_telephony_shown_number").click();
    expect(".o_telephony_sender_menu .o_telephony_callback_hint").toHaveCount(0);
    await contains(".o_telephony_sender[data-id='5']").click();
    expect(".o_telephony_shown_number").toHaveText("Calling from +32 2 555 01 00");
});

test("a user who prefers the company's number is not asked", async () => {
    await start(CALLER_IDS, { agent: { shows_number: true, default_number_id: 5 } });
    expect(".o_telephony_shown_number").toHaveText("Calling from +32 2 555 01 00");
    await type("047");
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial 047 as null", "connect u-1"]);
});

test("with one remaining caller ID, the chooser is skipped", async () => {
    const { softphone } = await start(CALLER_IDS);
    onRpc("telephony.caller.id", "get_choices", () => ({
        choices: CALLER_IDS.slice(1),
        preselected_id: 6,
    }));
    await softphone.dialer.dial({ number: "047" });
    await animationFrame();
    expect(".o_telephony_chooser").toHaveCount(0);
    expect.verifySteps(["dial 047 as null", "connect u-1"]);
});

test("a second click while the choices load sends no second request", async () => {
    const { softphone } = await start(CALLER_IDS);
    softphone.dialer.dial({ number: "047" });
    softphone.dialer.dial({ number: "047" });
    await seen(".o_telephony_chooser");
    await animationFrame();
    expect(".o_telephony_chooser").toHaveCount(1);
    expect.verifySteps(["choices 047"]);
});

test("an exception to a call rule needs a reason, which is sent with the call", async () => {
    fakeVoice();
    await startSoftphone();
    const refusal = makeServerError({
        errorName: RULE_ERROR,
        message: "No calls to France. As an administrator you may call all the same.",
    });
    onRpc("telephony.call", "dial", ({ kwargs }) => {
        expect.step(`dial ${kwargs.override_reason || "without reason"}`);
        if (!kwargs.override_reason) {
            throw refusal;
        }
        return callData();
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await type("+33612345678");
    await seen(".o_telephony_reason");
    expect(".o_telephony_reason").toBeFocused();
    expect(".modal-body p").toHaveText(
        "No calls to France. As an administrator you may call all the same."
    );
    expect(".o_telephony_call_anyway").not.toBeEnabled();
    await contains(".o_telephony_reason").edit("The customer asked for it", { confirm: false });
    await press("Enter");
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial without reason", "dial The customer asked for it", "connect u-1"]);
    expect(queryFirst(".o_telephony_error")).toBe(null);
});

test("without a reason, the error stays on the screen", async () => {
    fakeVoice();
    await startSoftphone();
    const refusal = makeServerError({ errorName: RULE_ERROR, message: "No calls to France." });
    onRpc("telephony.call", "dial", () => {
        throw refusal;
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await type("+33612345678");
    await seen(".o_telephony_reason");
    await press("Escape");
    await waitForNone(".o_telephony_reason");
    expect(".o_telephony_error span").toHaveText("No calls to France.");
    expect(INPUT).toHaveValue("+33612345678");
});
