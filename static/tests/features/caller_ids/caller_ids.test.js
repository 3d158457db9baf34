import {
    Deferred,
    advanceTime,
    animationFrame,
    expect,
    press,
    test,
    waitForNone,
} from "@odoo/hoot";
import { serializeDateTime } from "@web/core/l10n/dates";
import { contains, onRpc } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { CHECK_PERIOD } from "@crm_telephony/features/caller_ids/caller_ids";

defineTelephony();

const VERIFICATION = ".o_telephony_verification";

const inFiveMinutes = () => serializeDateTime(luxon.DateTime.now().plus({ minutes: 5 }));

function callerId(values = {}) {
    return {
        id: 5,
        name: "My mobile",
        number: "+32470000001",
        number_display: "+32 470 00 00 01",
        country_code: false,
        shared: false,
        state: "calling",
        failure: false,
        expires_at: inFiveMinutes(),
        message: "We are calling +32 470 00 00 01.",
        ...values,
    };
}

/** Open the preferences; `world.verification` is the server's state of the verification. */
async function openPreferences(snapshot = {}) {
    fakeVoice();
    const world = await startSoftphone({ snapshot: { allow_caller_id: true, ...snapshot } });
    world.verification = callerId();
    onRpc("telephony.caller.id", "start_verification", ({ args }) => {
        expect.step(`start ${args.join(" | ")}`);
        return { id: 5, code: "731904", state: "calling" };
    });
    onRpc("telephony.caller.id", "check_verification", ({ args }) => {
        expect.step(`check ${args[0]}`);
        return { ...world.verification, expires_at: inFiveMinutes() };
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_preferences_toggle").click();
    await seen(".o_telephony_preferences");
    return world;
}

async function verify(number = "+32470000001") {
    await contains(".o_telephony_new_caller_id").click();
    await contains(".o_telephony_caller_id_number").edit(number, { confirm: false });
    await contains(".o_telephony_caller_id_name").edit("My mobile", { confirm: false });
    await contains(".o_telephony_verify").click();
}

test("Z08: without the right to add caller IDs, their settings are hidden", async () => {
    await openPreferences({ allow_caller_id: false });
    expect(".o_telephony_new_caller_id").toHaveCount(0);
    expect(".o_telephony_callback_hint").toHaveCount(0);
});

test("Z10, Z11: the code is shown until the number is verified", async () => {
    const world = await openPreferences();
    await contains(".o_telephony_new_caller_id").click();
    expect(".o_telephony_caller_id_number").toBeFocused();
    expect(".o_telephony_caller_id_number").toHaveValue("+32");
    await contains(".o_telephony_caller_id_number").edit("+32470000001", { confirm: false });
    await contains(".o_telephony_caller_id_name").edit("My mobile", { confirm: false });
    await contains(".o_telephony_more").click();
    await contains(".o_telephony_caller_id_extension").edit("12", { confirm: false });
    await contains(".o_telephony_caller_id_delay").edit("10", { confirm: false });
    await contains(".o_telephony_verify").click();
    await seen(`${VERIFICATION}[data-state=calling]`);
    expect.verifySteps(["start +32470000001 | My mobile | 12 | 10", "check 5"]);
    expect(".o_telephony_code_digit").toHaveCount(6);
    expect(".o_telephony_code").toHaveText("7\n3\n1\n9\n0\n4");
    expect(`${VERIFICATION} .visually-hidden`).toHaveText("Your code: 7, 3, 1, 9, 0, 4");
    expect(".o_telephony_verification_message").toHaveText("We are calling +32 470 00 00 01.");
    expect(".o_telephony_countdown").toHaveText(/^The code expires in (5:00|4:59)$/);
    expect(".o_telephony_callback_hint").toHaveCount(1);

    await advanceTime(3000);
    expect(".o_telephony_countdown").toHaveText(/^The code expires in 4:5[5-7]$/);

    const waiting = { state: "waiting", message: "Enter the code on the phone." };
    sendBus("telephony/caller_id_updated", callerId(waiting));
    await seen(`${VERIFICATION}[data-state=waiting]`);
    expect(".o_telephony_code_digit").toHaveCount(6);

    const verified = callerId({ state: "verified", message: "+32 470 00 00 01 is verified." });
    world.snapshot.my_caller_ids = [verified];
    sendBus("telephony/caller_id_updated", verified);
    await seen(`${VERIFICATION}[data-state=verified]`);
    expect(".o_telephony_code").toHaveCount(0);
    expect(world.softphone.callerIds.verification.code).toBe("");
    expect(".o_telephony_verification_message").toHaveText("+32 470 00 00 01 is verified.");
    await contains(".o_telephony_verification_done").click();
    await seen(".o_telephony_caller_id_row[data-state=verified]");
    await advanceTime(3 * CHECK_PERIOD);
    expect.verifySteps([]);
});

test("a lost message is replaced by a check, until the verification has ended", async () => {
    const world = await openPreferences();
    await verify();
    await seen(`${VERIFICATION}[data-state=calling]`);
    world.verification = callerId({ state: "failed", failure: "no_answer", message: "No answer." });
    await advanceTime(CHECK_PERIOD);
    await seen(`${VERIFICATION}[data-state=failed]`);
    expect(".o_telephony_verification_message").toHaveText("No answer.");
    expect(".o_telephony_code").toHaveCount(0);
    expect.verifySteps(["start +32470000001 | My mobile |  | 0", "check 5", "check 5"]);
    await advanceTime(3 * CHECK_PERIOD);
    expect.verifySteps([]);

    world.verification = callerId();
    await contains(".o_telephony_retry").click();
    await seen(`${VERIFICATION}[data-state=calling]`);
    expect(".o_telephony_code_digit").toHaveCount(6);
    expect.verifySteps(["start +32470000001 | My mobile |  | 0", "check 5"]);
});

test("an answer older than the server's message changes nothing", async () => {
    const world = await openPreferences();
    await verify();
    await seen(`${VERIFICATION}[data-state=calling]`);
    const asked = new Deferred();
    onRpc("telephony.caller.id", "check_verification", async () => {
        expect.step("asked");
        await asked;
        return { ...world.verification, expires_at: inFiveMinutes() };
    });
    await advanceTime(CHECK_PERIOD);
    expect.verifySteps(["start +32470000001 | My mobile |  | 0", "check 5", "asked"]);
    const verified = callerId({ state: "verified", message: "+32 470 00 00 01 is verified." });
    sendBus("telephony/caller_id_updated", verified);
    await seen(`${VERIFICATION}[data-state=verified]`);
    asked.resolve();
    await animationFrame();
    expect(VERIFICATION).toHaveAttribute("data-state", "verified");
    expect(".o_telephony_verification_message").toHaveText("+32 470 00 00 01 is verified.");
});

test("the error of too many attempts is shown next to the button", async () => {
    const world = await openPreferences();
    world.verification = callerId({ state: "failed", failure: "code", message: "Call again?" });
    await verify();
    await seen(`${VERIFICATION}[data-state=failed]`);
    onRpc("telephony.caller.id", "start_verification", () => {
        throw userError("This number was called 3 times within an hour. Try again later.");
    });
    await contains(".o_telephony_retry").click();
    await seen(`${VERIFICATION} .o_telephony_field_error`);
    expect(`${VERIFICATION} .o_telephony_field_error`).toHaveText(
        "This number was called 3 times within an hour. Try again later."
    );
    expect.verifySteps(["start +32470000001 | My mobile |  | 0", "check 5"]);
});

test("Z10: an invalid number shows the error at its field", async () => {
    await openPreferences();
    onRpc("telephony.caller.id", "start_verification", () => {
        throw userError("Enter the number with its country code, e.g. +32470123456.");
    });
    await verify("0470");
    await seen(".o_telephony_caller_id_number.is-invalid");
    expect(".o_telephony_caller_id_form .o_telephony_field_error").toHaveText(
        "Enter the number with its country code, e.g. +32470123456."
    );
    expect(".o_telephony_caller_id_number").toHaveValue("0470");
    expect(VERIFICATION).toHaveCount(0);
    await press("Escape");
    await waitForNone(".o_telephony_caller_id_form");
    expect(".o_telephony_softphone").toHaveCount(1);
});

test("a number that is already verified needs no code", async () => {
    const world = await openPreferences();
    onRpc("telephony.caller.id", "start_verification", () => ({
        id: 5,
        code: false,
        state: "verified",
    }));
    world.verification = callerId({ state: "verified", message: "It is verified." });
    await verify();
    await seen(`${VERIFICATION}[data-state=verified]`);
    expect(".o_telephony_code").toHaveCount(0);
    expect.verifySteps(["check 5"]);
});

test("a message about another caller ID changes nothing on the screen", async () => {
    await openPreferences();
    await verify();
    await seen(`${VERIFICATION}[data-state=calling]`);
    sendBus("telephony/caller_id_updated", callerId({ id: 6, state: "verified" }));
    await advanceTime(100);
    expect(VERIFICATION).toHaveAttribute("data-state", "calling");
    expect.verifySteps(["start +32470000001 | My mobile |  | 0", "check 5"]);
});

test("a caller ID is removed after a confirmation", async () => {
    const world = await openPreferences({ my_caller_ids: [callerId({ state: "verified" })] });
    onRpc("telephony.caller.id", "remove", ({ args }) => {
        expect.step(`remove ${args[0]}`);
        world.snapshot.my_caller_ids = [];
        return true;
    });
    await contains(".o_telephony_remove_caller_id").click();
    await contains(".modal .btn-secondary").click();
    expect.verifySteps([]);
    await contains(".o_telephony_remove_caller_id").click();
    await contains(".modal .btn-danger").click();
    await waitForNone(".o_telephony_caller_id_row");
    expect.verifySteps(["remove 5"]);
});
