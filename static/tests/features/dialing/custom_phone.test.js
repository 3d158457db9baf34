import { advanceTime, expect, queryFirst, test, tick, waitForNone } from "@odoo/hoot";
import { contains, makeServerError, onRpc } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    offerData,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const PHONE_AGENT = {
    ...AGENT,
    call_via: "phone",
    phone_number: "+32470112233",
    phone_number_display: "+32 470 11 22 33",
    press_to_accept: true,
};
const PHONE_LEG = ".o_telephony_leg_phone";
const CUSTOMER_LEG = ".o_telephony_leg_customer";

function phoneCall(values = {}) {
    return callData({ via: "phone", agent_state: "new", ...values });
}

async function start(values = {}) {
    fakeVoice();
    const world = await startSoftphone({ snapshot: { agent: { ...PHONE_AGENT, ...values } } });
    onRpc("telephony.call", "dial", () => phoneCall());
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    return world;
}

/** Send the next state of the call. */
async function updateCall(values) {
    const call = phoneCall(values);
    sendBus("telephony/call_updated", call);
    await seen(`${PHONE_LEG}[data-state=${call.agent_state}]`);
    await seen(`${CUSTOMER_LEG}[data-state=${call.customer_state}]`);
}

test("Z06: each step of a call through a custom phone is shown in words", async () => {
    await start();
    await contains(".o_telephony_number_input").edit("0470123456", { confirm: false });
    await contains(".o_telephony_call_button").click();
    await seen(".o_telephony_legs");
    expect(`${PHONE_LEG} div > div:first`).toHaveText("Calling your phone…");
    expect(`${PHONE_LEG} .text-muted bdi`).toHaveText("+32 470 11 22 33");
    expect(CUSTOMER_LEG).toHaveText("The customer is called once you answer.");
    expect(".o_telephony_mute").not.toBeEnabled();
    expect(".o_telephony_keypad_toggle").not.toBeEnabled();
    expect(".o_telephony_hold").not.toBeEnabled();

    await updateCall({ agent_state: "ringing" });
    expect(PHONE_LEG).toHaveText(/Your phone is ringing… Press 1 when you answer\./);
    await updateCall({ agent_state: "in_progress" });
    expect(PHONE_LEG).toHaveText(/Press 1 on your phone\./);
    const connected = { agent_state: "in_progress", agent_connected: true };
    await updateCall({ ...connected, customer_state: "initiated" });
    expect(CUSTOMER_LEG).toHaveText("Calling the customer…");
    await updateCall({ ...connected, state: "ringing", customer_state: "ringing" });
    expect(CUSTOMER_LEG).toHaveText("The customer's phone is ringing…");
    await updateCall({
        ...connected,
        state: "in_progress",
        customer_state: "in_progress",
        answered_at: "2026-11-22 14:28:10",
    });
    expect(PHONE_LEG).toHaveText(/Your phone is connected\./);
    expect(CUSTOMER_LEG).toHaveText("The customer is connected.");
    expect(".o_telephony_mute").toBeEnabled();
    expect(".o_telephony_keypad_toggle").toBeEnabled();
    expect(".o_telephony_timer").toHaveCount(1);
    expect(".o_telephony_hold").toBeEnabled();
    expect(".o_telephony_rejoin").toHaveCount(0);
    expect.verifySteps([]); // no sound in this browser
});

test("Z18: mute and keypad work on the custom phone, through the server", async () => {
    await start();
    const talking = {
        state: "in_progress",
        agent_state: "in_progress",
        agent_connected: true,
        customer_state: "in_progress",
        answered_at: "2026-11-22 14:28:10",
    };
    let revision = 10;
    onRpc("telephony.call", "set_mute", ({ args }) => {
        expect.step(`set_mute ${args.join(" ")}`);
        return phoneCall({ ...talking, muted: args[1], revision: ++revision });
    });
    onRpc("telephony.call", "send_keys", ({ args }) => {
        expect.step(`send_keys ${args.join(" ")}`);
        return true;
    });
    sendBus("telephony/call_updated", phoneCall({ ...talking, revision }));
    await seen(".o_telephony_mute[aria-pressed=false]");
    await contains(".o_telephony_mute").click();
    await seen(".o_telephony_mute[aria-pressed=true]");
    expect(".o_telephony_mute").toHaveText("Unmute");
    await contains(".o_telephony_mute").click();
    await seen(".o_telephony_mute[aria-pressed=false]");
    expect.verifySteps(["set_mute u-1 true", "set_mute u-1 false"]);

    // A second click before the answer, as of a double click, would repeat the request.
    queryFirst(".o_telephony_mute").click();
    queryFirst(".o_telephony_mute").click();
    await seen(".o_telephony_mute[aria-pressed=true]");
    await contains(".o_telephony_mute").click();
    await seen(".o_telephony_mute[aria-pressed=false]");
    expect.verifySteps(["set_mute u-1 true", "set_mute u-1 false"]);

    await contains(".o_telephony_keypad_toggle").click();
    await contains('.o_telephony_key[data-key="4"]').click();
    await contains('.o_telephony_key[data-key="#"]').click();
    await contains('.o_telephony_key[data-key="2"]').click();
    await contains(".o_telephony_digits:contains(4#2)").click();
    expect.verifySteps(["send_keys u-1 4"]);
    // The provider has played the first key; a second announcement would have ended it.
    await advanceTime(1400);
    await tick();
    expect.verifySteps(["send_keys u-1 #2"]);
    onRpc("telephony.call", "set_mute", () => {
        throw makeServerError({ type: "UserError", message: "Your phone is not connected." });
    });
    await contains(".o_telephony_mute").click();
    await seen(".o_telephony_error");
    expect(".o_telephony_mute").toHaveAttribute("aria-pressed", "false");
});

test("Z18: a page that is loaded again shows that the custom phone is muted", async () => {
    fakeVoice();
    const muted = phoneCall({
        state: "in_progress",
        agent_state: "in_progress",
        agent_connected: true,
        customer_state: "in_progress",
        answered_at: "2026-11-22 14:28:10",
        muted: true,
    });
    await startSoftphone({ snapshot: { agent: PHONE_AGENT, calls: [muted] } });
    onRpc("telephony.call", "set_mute", ({ args }) => {
        expect.step(`set_mute ${args.join(" ")}`);
        return { ...muted, muted: args[1], revision: muted.revision + 1 };
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_mute[aria-pressed=true]");
    await contains(".o_telephony_mute").click();
    await seen(".o_telephony_mute[aria-pressed=false]");
    expect.verifySteps(["set_mute u-1 false"]);
});

test("without press 1 to accept, the hint is hidden", async () => {
    await start({ press_to_accept: false });
    sendBus("telephony/call_updated", phoneCall({ agent_state: "ringing" }));
    await seen(PHONE_LEG);
    expect(`${PHONE_LEG} div > div:first`).toHaveText("Your phone is ringing…");
});

test("Z06: an accepted call is talked on the custom phone, without a microphone here", async () => {
    await start();
    const claimed = { direction: "incoming", state: "ringing", phase: "claimed" };
    onRpc("telephony.call", "accept", () => ({
        accepted: true,
        call: phoneCall({ ...claimed, agent_state: "ringing", customer_state: "in_progress" }),
    }));
    onRpc("telephony.call", "decline", ({ args }) => {
        expect.step(`decline ${args[0]}`);
        return true;
    });
    sendBus("telephony/offer_made", offerData());
    await seen(".o_telephony_incoming");
    expect(".o_telephony_rings_phone").toHaveText(
        "Also ringing on +32 470 11 22 33. You talk on that phone."
    );
    await contains(".o_telephony_accept").click();
    await seen(".o_telephony_legs");
    expect(`${PHONE_LEG} div > div:first`).toHaveText(
        "Your phone is ringing… Press 1 when you answer."
    );
    expect(CUSTOMER_LEG).toHaveText("The customer is waiting.");
    expect.verifySteps([]); // neither the microphone nor a connection

    await contains(".o_telephony_hang_up").click();
    expect.verifySteps(["decline u-1"]); // the customer is not hung up on
});

test("a call accepted on the custom phone opens the window for its note", async () => {
    await start();
    await contains(".o_telephony_close").click();
    sendBus("telephony/offer_made", offerData());
    await seen(".o_telephony_incoming");
    sendBus("telephony/offer_closed", {
        uuid: "u-1",
        reason: "accepted",
        by: "Me",
        by_me: true,
        message: false,
    });
    await waitForNone(".o_telephony_incoming");
    sendBus(
        "telephony/call_updated",
        phoneCall({
            direction: "incoming",
            state: "in_progress",
            agent_state: "in_progress",
            agent_connected: true,
            customer_state: "in_progress",
        })
    );
    await seen(".o_telephony_softphone .o_telephony_legs");
    expect(".o_telephony_note").toHaveCount(1);
    expect(".o_notification").toHaveCount(0);
    expect.verifySteps([]);
});

test("an incoming call in the browser shows nothing about a custom phone", async () => {
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    sendBus("telephony/offer_made", offerData());
    await seen(".o_telephony_incoming");
    expect(".o_telephony_rings_phone").toHaveCount(0);
});

test("the caller ID of a call is shown during the call", async () => {
    const { softphone } = await start();
    const callerId = { id: 5, name: "My mobile", number_display: "+32 470 00 00 01" };
    softphone.calls.onCall(phoneCall({ caller_id: callerId }));
    await seen(".o_telephony_our_number");
    expect(".o_telephony_our_number").toHaveText("Calling from My mobile");
});
