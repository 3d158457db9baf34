import {
    advanceTime,
    animationFrame,
    click,
    Deferred,
    edit,
    expect,
    press,
    queryAll,
    queryAllTexts,
    queryRect,
    test,
    waitFor,
} from "@odoo/hoot";
import { ConnectionLostError } from "@web/core/network/rpc";
import { contains, onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    sendBus,
    snapshotData,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

const INPUT = ".o_telephony_number_input";

async function dial(number = "0470 12 34 56") {
    await contains(".o_telephony_systray").click();
    await contains(INPUT).edit(number, { confirm: false });
    await contains(".o_telephony_call_button").click();
}

test("Z17 Z24: the button that records stands at its place before the server answers", async () => {
    fakeVoice();
    const [number] = snapshotData().numbers;
    const support = { ...number, id: 2, name: "Support", recording_mode: "agent" };
    const agent = { ...snapshotData().agent, default_number_id: 2 };
    await startSoftphone({ snapshot: { numbers: [number, support], agent } });
    const answer = new Deferred();
    onRpc("telephony.call", "dial", () => answer);
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_call");
    const labels = () => queryAllTexts(".o_telephony_action");
    expect(labels()).toEqual(["Mute", "Keypad", "Hold", "Transfer", "Record call"]);
    expect(".o_telephony_record").not.toBeEnabled();
    const recording = { mode: "agent", state: "off", wanted: false };
    answer.resolve(callData({ recording }));
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect(labels()).toEqual(["Mute", "Keypad", "Hold", "Transfer", "Record call"]);
    expect.verifySteps(["connect u-1"]);
});

test("Z16: a typed number is called, and the panel shows the server's state", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${typeof kwargs.request_uuid}`);
        return callData();
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    for (const key of ["0", "4", "7"]) {
        await contains(`.o_telephony_key[data-key="${key}"]`).click();
    }
    expect(INPUT).toHaveValue("047");
    await contains(".o_telephony_call_button").click();
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial 047 string", "connect u-1"]);
    expect(".o_telephony_state").toHaveText("Calling…");

    sendBus("telephony/call_updated", callData({ state: "ringing", customer_state: "ringing" }));
    await waitFor(".o_telephony_call[data-state=ringing]");
    expect(".o_telephony_state").toHaveText("Ringing…");
    expect(".o_telephony_hold").not.toBeEnabled();

    const inProgress = { state: "in_progress", answered_at: "2026-11-22 14:28:10" };
    sendBus("telephony/call_updated", callData(inProgress));
    await waitFor(".o_telephony_call[data-state=in_progress]");
    expect(".o_telephony_state").toHaveText("In a call");
    expect(".o_telephony_timer").toHaveCount(1);

    sendBus("telephony/call_updated", endedData());
    await waitFor(".o_telephony_ended");
    expect.verifySteps(["leave"]);
    expect(".o_telephony_outcome").toHaveText("The call has ended.");
    expect(".o_telephony_length").toHaveText("Talk time: 4:02");
});

test("the connection to the provider is open while a number is typed, then released", async () => {
    fakeVoice();
    const needs = new Set();
    patchWithCleanup(VoiceDevice.prototype, {
        prepare: async (need) => needs.add(need),
        release: async (need) => {
            if (needs.delete(need) && !needs.size) {
                expect.step("closed");
            }
        },
    });
    const { softphone } = await startSoftphone();
    onRpc("telephony.call", "dial", () => callData());
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    expect([...needs]).toEqual([]);
    await contains(INPUT).edit("047", { confirm: false });
    expect([...needs]).toEqual(["number"]);
    await softphone.serverSync.refresh();
    expect([...needs]).toEqual(["number"], { message: "nothing rings, but a number is typed" });
    await contains(INPUT).clear({ confirm: false });
    expect([...needs]).toEqual([]);
    await contains(INPUT).edit("0470", { confirm: false });
    await contains(".o_telephony_tab_recent").click();
    expect([...needs]).toEqual([]);
    await contains(".o_telephony_tab_keypad").click();
    await contains(INPUT).edit("0470", { confirm: false });
    await contains(".o_telephony_call_button").click();
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect([...needs]).toEqual(["call"]);
    // Twice by the agent's actions above, but not when the call replaces the keypad.
    expect.verifySteps(["closed", "closed", "connect u-1"]);
});

test("the server's error is shown as it is", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "dial", () => {
        throw userError("“12” is not a telephone number.");
    });
    await mountSoftphone();
    await dial("12");
    await waitFor(".o_telephony_error");
    expect(".o_telephony_error span").toHaveText("“12” is not a telephone number.");
    expect(".o_telephony_call").toHaveCount(0);
    expect(INPUT).toHaveValue("12");
    expect.verifySteps([]);
});

test("a lost answer is requested again without a second call", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone();
    const uuids = [];
    const { orm } = softphone.dialer;
    softphone.dialer.orm = {
        silent: {
            call: async (model, method, args, kwargs) => {
                if (method !== "dial") {
                    return orm.silent.call(model, method, args, kwargs);
                }
                uuids.push(kwargs.request_uuid);
                if (uuids.length === 1) {
                    throw new ConnectionLostError("/web/dataset/call_kw");
                }
                return callData();
            },
        },
    };
    const dialed = softphone.dialer.dial({ number: "047" });
    await advanceTime(1000);
    expect(await dialed).toBe(true);
    expect(uuids).toHaveLength(2);
    expect(uuids[0]).toBe(uuids[1]);
    expect.verifySteps(["connect u-1"]);
});

test("a denied microphone is explained before the call is dialed", async () => {
    const voice = fakeVoice();
    voice.microphoneError = new VoiceError(VoiceErrorKind.MIC_DENIED);
    await startSoftphone();
    onRpc("telephony.call", "dial", () => expect.step("dial"));
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_error");
    expect(".o_telephony_error").toHaveText(/microphone is blocked/);
    expect.verifySteps([]);
});

test("a failed sound is retried once, then the call ends with an error", async () => {
    const voice = fakeVoice();
    const error = new VoiceError(VoiceErrorKind.UNREACHABLE);
    voice.connectErrors = [error, error];
    await startSoftphone();
    onRpc("telephony.call", "dial", () => callData());
    onRpc("telephony.call", "hang_up", ({ args }) => {
        expect.step(`hang_up ${args[0]}`);
        return endedData({ outcome: "canceled", end_message: "The call was canceled." });
    });
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_ended");
    expect(".o_telephony_error").toHaveText(/Twilio cannot be reached/);
    expect.verifySteps(["connect u-1", "connect u-1", "hang_up u-1"]);
});

test("Z20: hanging up sends the request first, then closes the sound", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "dial", () => callData());
    onRpc("telephony.call", "hang_up", ({ args }) => {
        expect.step(`hang_up ${args[0]}`);
        return endedData();
    });
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_call[data-voice=connected]");
    await contains(".o_telephony_hang_up").click();
    await waitFor(".o_telephony_ended");
    expect.verifySteps(["connect u-1", "mute true", "hang_up u-1", "leave"]);
    await contains(".o_telephony_done").click();
    expect(INPUT).toHaveCount(1);
});

test("hanging up closes the sound even if the request fails", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "dial", () => callData());
    onRpc("telephony.call", "hang_up", () => {
        throw userError("The database is being updated.");
    });
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_call[data-voice=connected]");
    await contains(".o_telephony_hang_up").click();
    await waitFor(".o_telephony_error");
    expect(".o_telephony_error span").toHaveText("The database is being updated.");
    expect.verifySteps(["connect u-1", "mute true", "leave"]);
});

test("hanging up while the server is still dialing ends the new call", async () => {
    fakeVoice();
    await startSoftphone();
    let answer;
    onRpc("telephony.call", "dial", () => new Promise((resolve) => (answer = resolve)));
    onRpc("telephony.call", "hang_up", ({ args }) => {
        expect.step(`hang_up ${args[0]}`);
        return endedData();
    });
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_call");
    expect(".o_telephony_name").toHaveText("0470 12 34 56");
    await contains(".o_telephony_hang_up").click();
    expect(INPUT).toHaveCount(1);
    answer(callData());
    await expect.waitForSteps(["hang_up u-1"]);
});

test("a second call is refused during a call", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone({
        snapshot: { calls: [callData({ state: "in_progress", agent_connected: true })] },
    });
    onRpc("telephony.call", "dial", () => expect.step("dial"));
    await mountSoftphone();
    expect(await softphone.dialer.dial({ number: "047" })).toBe(false);
    await waitFor(".o_telephony_error");
    expect(".o_telephony_error span").toHaveText("You are already in a call.");
    expect.verifySteps([]);
});

test("Z16: a contact is found by name, chosen with Enter and called with Enter", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "search_contacts", ({ args }) => {
        expect.step(`search ${args[0]}`);
        return [
            { partner_id: 7, name: "Anna", company_name: "Azure", number: "+32470123456" },
            { partner_id: 8, name: "Anton", company_name: "Azure", number: "+32470123457" },
        ];
    });
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_model} ${kwargs.res_id}`);
        return callData();
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await click(INPUT);
    await edit("an");
    await advanceTime(300);
    await waitFor(".o_telephony_result:eq(1)");
    await press("ArrowDown");
    await press("ArrowDown");
    await animationFrame();
    expect(".o_telephony_result:eq(1)").toHaveAttribute("aria-selected", "true");
    await press("Enter");
    await animationFrame();
    expect(INPUT).toHaveValue("+32470123457");
    expect(".o_telephony_result").toHaveCount(0);
    expect(".o_telephony_call_button").toBeFocused();
    await press("Enter");
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["search an", "dial +32470123457 res.partner 8", "connect u-1"]);
});

test("Z16: a name without a contact cannot be called, and the keypad says so", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "search_contacts", () => []);
    onRpc("telephony.call", "dial", () => expect.step("dial"));
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(INPUT).edit("zzzz", { confirm: false });
    expect(".o_telephony_no_contact").toHaveCount(0);
    await advanceTime(300);
    await waitFor(".o_telephony_no_contact");
    expect(".o_telephony_no_contact").toHaveText("No matching contacts");
    expect(".o_telephony_call_button").not.toBeEnabled();
    await press("Enter");
    await animationFrame();
    expect.verifySteps([]);
    await contains(INPUT).edit("0470", { confirm: false });
    expect(".o_telephony_no_contact").toHaveCount(0);
    expect(".o_telephony_call_button").toBeEnabled();
});

test("Z16: the contacts that are found leave the keys free", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "search_contacts", () =>
        ["Anna", "Anton", "Antje"].map((name, index) => ({
            ...{ partner_id: index + 1, name, company_name: "Azure" },
            number: `+3247012345${index}`,
        }))
    );
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    const keys = () => queryAll(".o_telephony_key").map((key) => queryRect(key).y);
    const before = keys();
    await contains(INPUT).edit("0470", { confirm: false });
    await advanceTime(300);
    await waitFor(".o_telephony_result:eq(2)");
    expect(keys()).toEqual(before);
    const list = queryRect(".o_telephony_results");
    expect(list.bottom).toBeLessThan(before[0] + 1);
    await contains(INPUT).edit("an", { confirm: false });
    await advanceTime(300);
    await waitFor(".o_telephony_result:eq(2)");
    expect(".o_telephony_key").toHaveCount(0); // a name is not typed with them
});

test("an error about a number goes when another one is typed", async () => {
    fakeVoice();
    await startSoftphone();
    onRpc("telephony.call", "dial", () => {
        throw userError("“12” is not a telephone number.");
    });
    await mountSoftphone();
    await dial("12");
    await waitFor(".o_telephony_error");
    await contains(INPUT).edit("123", { confirm: false });
    expect(".o_telephony_error").toHaveCount(0);
});

test("an error goes with its cause", async () => {
    fakeVoice();
    const running = callData({ state: "in_progress", agent_connected: true });
    const { softphone, store } = await startSoftphone({ snapshot: { calls: [running] } });
    await mountSoftphone();
    await softphone.dialer.dial({ number: "047" });
    expect(store.error).toBe("You are already in a call.");
    softphone.calls.onCall(endedData());
    expect(store.error).toBe("");
    store.fail(new ConnectionLostError("/web/dataset/call_kw"));
    expect(store.error).toMatch(/Odoo cannot be reached/);
    store.confirm();
    expect(store.error).toBe("");
    store.fail(new VoiceError(VoiceErrorKind.MIC_DENIED));
    store.confirm();
    expect(store.error).toMatch(/microphone is blocked/);
    softphone.microphone.state = "blocked";
    await animationFrame();
    softphone.microphone.state = "allowed";
    await animationFrame();
    expect(store.error).toBe("");
});

test("Z16: a contact with several numbers is offered with each of them", async () => {
    fakeVoice();
    await startSoftphone();
    const anna = { partner_id: 7, name: "Anna", company_name: false };
    onRpc("telephony.call", "search_contacts", () => [
        { ...anna, number: "+32470123456", number_label: "Mobile" },
        { ...anna, number: "+3225550100", number_label: "Phone" },
    ]);
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} ${kwargs.res_id}`);
        return callData();
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(INPUT).edit("an", { confirm: false });
    await advanceTime(300);
    await waitFor(".o_telephony_result:eq(1)");
    expect(queryAllTexts(".o_telephony_result .small")).toEqual([
        "+32470123456 · Mobile",
        "+3225550100 · Phone",
    ]);
    await press("ArrowDown");
    await press("ArrowDown");
    await press("Enter");
    await animationFrame();
    await press("Enter");
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["dial +3225550100 7", "connect u-1"]);
});

test("a user who cannot call sees the reason and a disabled button", async () => {
    fakeVoice();
    const reason =
        "No phone number is assigned to you. Ask your phone administrator to assign one.";
    await startSoftphone({ snapshot: { can_call: false, cannot_call_reason: reason } });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(INPUT).edit("047", { confirm: false });
    expect(".o_telephony_blocked").toHaveText(reason);
    expect(".o_telephony_call_button").not.toBeEnabled();
});

test("with a custom phone, the browser opens no sound", async () => {
    fakeVoice();
    await startSoftphone({
        snapshot: { agent: { id: 1, status: "online", call_via: "phone", state: "available" } },
    });
    onRpc("telephony.call", "dial", () => callData());
    await mountSoftphone();
    await dial();
    await waitFor(".o_telephony_call[data-uuid=u-1]");
    expect(".o_telephony_mute").not.toBeEnabled();
    expect.verifySteps([]);
});
