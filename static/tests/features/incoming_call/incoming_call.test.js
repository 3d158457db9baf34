import { animationFrame, expect, press, queryAll, test, waitForNone, waitUntil } from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { session } from "@web/session";
import { contains, onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    FakeAudio,
    fakeVoice,
    mountSoftphone,
    offerData,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";
import { SilenceControl } from "@crm_telephony/features/incoming_call/silence_control";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

const CARD = ".o_telephony_incoming";
const accepted = () =>
    callData({ direction: "incoming", state: "in_progress", answered_at: "2026-11-22 14:28:10" });

test("Z17: the caller's details are shown before the call is answered", async () => {
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    const card = {
        last_call: {
            date: "2026-11-20 10:00:00",
            direction: "incoming",
            user_name: "Bob",
            end_message: "The call has ended.",
        },
        opportunities: [{ id: 3, name: "Twenty desks", stage: "New" }],
    };
    sendBus("telephony/offer_made", offerData({}, card));
    await seen(CARD);
    expect(`${CARD} .o_telephony_name`).toHaveText("Anna");
    expect(`${CARD} .o_telephony_detail`).toHaveText("Azure · +32 470 12 34 56");
    expect(`${CARD} .o_telephony_last_call`).toHaveText(/answered by Bob$/);
    expect(`${CARD} .o_telephony_opportunities`).toHaveText(/Twenty desks\s*New/);
    const isWhole = ({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth;
    expect(queryAll(`${CARD} .o_telephony_detail bdi`).every(isWhole)).toBe(true);
    expect(CARD).toHaveAttribute("aria-label", "Incoming call from Anna");
    expect(".o_telephony_systray").toHaveAttribute("data-presence", "ringing");
    expect(".o_telephony_counter").toHaveText("1");
});

test("Z24: a due callback is marked and accepted like a call", async () => {
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    sendBus("telephony/offer_made", offerData({ direction: "outgoing", is_queue_callback: true }));
    await seen(CARD);
    expect(CARD).toHaveAttribute("aria-label", "Anna requested a callback");
    expect(CARD).toHaveText(/Callback requested/);
    expect(`${CARD} .o_telephony_accept`).toHaveText("Call now");
});

test("Z05: accept reserves the call while the sound connects", async () => {
    fakeVoice();
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "accept", ({ args }) => {
        expect.step(`accept ${args[0]}`);
        return { accepted: true, call: accepted() };
    });
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_accept`).click();
    await seen(".o_telephony_call[data-voice=connected]");
    expect(CARD).toHaveCount(0);
    expect.verifySteps(["connect u-1", "accept u-1"]);
});

test("Z05: a sound refused before the reservation is connected again", async () => {
    const voice = fakeVoice();
    voice.connectErrors.push(new VoiceError(VoiceErrorKind.REFUSED));
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "accept", () => ({ accepted: true, call: accepted() }));
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_accept`).click();
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["connect u-1", "connect u-1"]);
});

test.tags("mobile");
test("the reason of a refusal is not hidden by the card that rings again", async () => {
    const { store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    expect(".o_telephony_covered_error").toHaveCount(0);
    store.setError("Your Twilio account carries only 2 calls at once.");
    await seen(".o_telephony_covered_error");
    expect(".o_telephony_covered_error").toHaveText(
        "Your Twilio account carries only 2 calls at once."
    );
    store.clearError();
    await animationFrame();
    expect(".o_telephony_covered_error").toHaveCount(0);
});

test("a call answered by a colleague shows the name and closes the sound", async () => {
    fakeVoice();
    const { store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    const message = "This call was already answered by Ana.";
    onRpc("telephony.call", "accept", () => ({ accepted: false, message }));
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_accept`).click();
    await seen(".o_notification");
    expect(".o_notification_content").toHaveText(message);
    expect(CARD).toHaveCount(0);
    expect(".o_telephony_call").toHaveCount(0);
    expect(store.session).toBe(null);
    expect.verifySteps(["connect u-1", "leave"]);
});

test("no sound is connected if a colleague answers during the microphone prompt", async () => {
    fakeVoice();
    const allowed = Promise.withResolvers();
    patchWithCleanup(VoiceDevice.prototype, { ensureMicrophone: () => allowed.promise });
    const { store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "accept", () => ({ accepted: false, message: "Ana was faster." }));
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_accept`).click();
    await seen(".o_notification");
    allowed.resolve();
    await animationFrame();
    expect(store.session).toBe(null);
    expect.verifySteps([]);
});

test("a microphone denied at accept returns the call and shows an error", async () => {
    const voice = fakeVoice();
    voice.microphoneError = new VoiceError(VoiceErrorKind.MIC_DENIED);
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "accept", () => ({ accepted: true, call: accepted() }));
    onRpc("telephony.call", "decline", ({ args }) => expect.step(`decline ${args[0]}`) || true);
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_accept`).click();
    await seen(".o_telephony_error");
    expect(".o_telephony_error").toHaveText(/microphone is blocked/);
    expect(".o_telephony_call").toHaveCount(0);
    expect.verifySteps(["decline u-1"]);
});

test("decline stops the ring and sends the request", async () => {
    fakeVoice();
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "decline", ({ args }) => expect.step(`decline ${args[0]}`) || true);
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_decline`).click();
    await waitForNone(CARD, { timeout: 3000 });
    expect.verifySteps(["decline u-1"]);
});

test("an answer in another tab or by a colleague shows a notification", async () => {
    fakeVoice();
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    sendBus("telephony/offer_closed", {
        uuid: "u-1",
        reason: "accepted",
        by: "Me",
        by_me: true,
        message: false,
    });
    await waitForNone(CARD, { timeout: 3000 });
    await seen(".o_notification");
    expect(".o_notification_content").toHaveText("Answered in another tab.");

    sendBus("telephony/offer_made", offerData({ uuid: "u-2" }));
    await seen(CARD);
    sendBus("telephony/offer_closed", {
        uuid: "u-2",
        reason: "accepted",
        by: "Ana",
        by_me: false,
        message: "This call was already answered by Ana.",
    });
    await waitForNone(CARD, { timeout: 3000 });
    await seen(".o_notification:eq(1)");
    expect(".o_notification_content:contains(Ana)").toHaveCount(1);
});

test("the main tab rings until the last offer has ended", async () => {
    fakeVoice();
    const { softphone, store } = await startSoftphone();
    await mountSoftphone();
    sendBus("telephony/offer_made", offerData());
    await seen(CARD);
    await waitUntil(() => FakeAudio.played === 1);
    expect(softphone.ringer.audio.paused).toBe(false);
    store.removeOffer("u-1");
    await softphone.ringer.update();
    expect(softphone.ringer.audio.paused).toBe(true);
});

test("Z17: a silenced call waits on a small card, and the next call rings", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc("telephony.call", "decline", () => expect.step("decline"));
    await mountSoftphone();
    softphone.ringer.multiTab = { isOnMainTab: async () => true };
    await softphone.ringer.update();
    const isRinging = () => !softphone.ringer.audio.paused;
    expect(isRinging()).toBe(true);
    expect(`${CARD} .o_telephony_caller_large`).toHaveCount(1);
    await contains(`${CARD} .o_telephony_silence`).click();
    await waitUntil(() => !isRinging());
    expect(`${CARD}[data-small=true]`).toHaveCount(1);
    expect(`${CARD} .o_telephony_silence`).toHaveAttribute("aria-pressed", "true");
    expect(`${CARD} .o_telephony_accept`).toBeEnabled();
    expect(".o_telephony_systray").not.toHaveClass("o_telephony_is_ringing");

    sendBus("telephony/offer_made", { ...offerData(), id: 2 }); // the next round of the queue
    await animationFrame();
    expect(isRinging()).toBe(false);
    sendBus("telephony/offer_made", { ...offerData({ uuid: "u-2" }), id: 3 });
    await waitUntil(isRinging);
    await seen(`${CARD}:not([data-small])`);
    expect.verifySteps([]);
});

test("the keyboard silences the call, and lets it ring again", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    softphone.ringer.multiTab = { isOnMainTab: async () => true };
    await softphone.ringer.update();
    await press(["alt", "shift", "b"]);
    await waitUntil(() => softphone.ringer.audio.paused);
    await animationFrame();
    expect(`${CARD}[data-small=true]`).toHaveCount(1);
    await press(["alt", "shift", "b"]);
    await waitUntil(() => !softphone.ringer.audio.paused);
    await animationFrame();
    expect(`${CARD}[data-small=true]`).toHaveCount(0);
});

test("a call silenced in another tab stops to ring in this one", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    softphone.ringer.multiTab = { isOnMainTab: async () => true };
    await softphone.ringer.update();
    const other = new browser.BroadcastChannel(`telephony/${session.db}/${user.userId}`);
    other.postMessage({ type: "silence", payload: { uuid: "u-1", id: 1, isSilent: true } });
    await waitUntil(() => softphone.ringer.audio.paused);
    await seen(`${CARD}[data-small=true]`);
});

test("a call handed over by a colleague rings although it was silenced before", async () => {
    fakeVoice();
    const { softphone, store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    softphone.silence.toggle(store.offers[0]);
    expect(store.audibleOffers).toHaveLength(0);
    const transfer = { kind: "blind", name: "Ana", note: false };
    sendBus("telephony/offer_made", { ...offerData(), id: 2, transfer });
    await waitUntil(() => store.audibleOffers.length === 1);
});

test("a silenced call stays silent after a reload, until its caller waits no longer", async () => {
    fakeVoice();
    const { softphone, store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    const reloaded = () => {
        const page = new SoftphoneStore();
        new SilenceControl(page, softphone.ringer);
        page.addOffer(offerData());
        return page.audibleOffers.length ? "rings" : "silent";
    };
    expect(reloaded()).toBe("rings");
    softphone.silence.toggle(store.offers[0]);
    expect(reloaded()).toBe("silent");
    softphone.silence.toggle(store.offers[0]);
    expect(reloaded()).toBe("rings");
    softphone.silence.toggle(store.offers[0]);
    sendBus("telephony/offer_closed", { uuid: "u-1", offer_id: 1, reason: "expired" });
    await waitForNone(CARD);
    expect(reloaded()).toBe("silent"); // the next round of the queue
    sendBus("telephony/offer_made", { ...offerData(), id: 2 });
    await seen(CARD);
    sendBus("telephony/offer_closed", { uuid: "u-1", offer_id: 2, reason: "canceled" });
    await waitForNone(CARD);
    expect(reloaded()).toBe("rings");
});

test("the card is made small without silencing the call", async () => {
    fakeVoice();
    const { store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
    await mountSoftphone();
    await contains(`${CARD} .o_telephony_card_size`).click();
    expect(`${CARD}[data-small=true]`).toHaveCount(1);
    expect(`${CARD} .o_telephony_card_size`).toHaveAttribute("aria-expanded", "false");
    expect(store.audibleOffers).toHaveLength(1);
    await contains(`${CARD} .o_telephony_card_size`).click();
    expect(`${CARD}[data-small=true]`).toHaveCount(0);
});

test("other tabs show the card without ringing", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone();
    softphone.ringer.multiTab = { isOnMainTab: async () => false };
    await mountSoftphone();
    sendBus("telephony/offer_made", offerData());
    await seen(CARD);
    await softphone.ringer.update();
    expect(FakeAudio.played).toBe(0);
});

test("a blocked ring asks for a click and shows no error", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone();
    await mountSoftphone();
    FakeAudio.error = Object.assign(new Error("play() failed"), { name: "NotAllowedError" });
    sendBus("telephony/offer_made", offerData());
    await seen(".o_telephony_enable_ring");
    FakeAudio.error = null;
    await contains(".o_telephony_enable_ring").click();
    await waitUntil(() => !softphone.ringer.audio.paused);
    expect(".o_telephony_enable_ring").toHaveCount(0);
});

test("the keyboard accepts the call from any page", async () => {
    fakeVoice();
    await startSoftphone({ snapshot: { offers: [offerData()] } });
    onRpc(
        "telephony.call",
        "accept",
        () => expect.step("accept") || { accepted: true, call: accepted() }
    );
    await mountSoftphone();
    await seen(CARD);
    await press(["alt", "shift", "y"]);
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["connect u-1", "accept"]);
});

test("Z02: the switch changes the status, and the systray icon shows it", async () => {
    fakeVoice();
    await startSoftphone({
        snapshot: { agent: { ...AGENT, status: "offline", state: "offline" } },
    });
    onRpc("telephony.agent", "set_status", ({ args }) => {
        expect.step(`status ${args[0]}`);
        const isOnline = args[0] === "online";
        return { ...AGENT, status: args[0], state: isOnline ? "available" : "offline" };
    });
    await mountSoftphone();
    expect(".o_telephony_systray").toHaveAttribute("data-presence", "offline");
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_status").click();
    await seen(".o_telephony_status[aria-checked=true]");
    expect(".o_telephony_status").toHaveText("Online");
    expect(".o_telephony_systray").toHaveAttribute("data-presence", "available");
    await contains(".o_telephony_status").click();
    await seen(".o_telephony_status[aria-checked=false]");
    expect.verifySteps(["status online", "status offline"]);
});

test("missed calls are counted until the list is opened", async () => {
    fakeVoice();
    const missed = {
        direction: "incoming",
        state: "ended",
        outcome: "missed",
        end_message: "The caller hung up.",
        ended_at: "2026-11-22 14:29:00",
    };
    await startSoftphone({
        snapshot: {
            recent: [callData({ ...missed, uuid: "m1" }), callData({ uuid: "o1", state: "ended" })],
        },
    });
    await mountSoftphone();
    expect(".o_telephony_counter").toHaveText("1");
    expect(".o_telephony_systray").toHaveAttribute("title", /1 missed call/);
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_tab_recent").click();
    await seen(".o_telephony_recent_call");
    expect(".o_telephony_recent_call").toHaveCount(2);
    expect(".o_telephony_counter").toHaveCount(0);
});

test("users who are not phone users see nothing and cause no requests", async () => {
    onRpc("telephony.agent", "softphone_snapshot", () => expect.step("snapshot"));
    const { softphone } = await startSoftphone({ isPhoneUser: false });
    expect(softphone).toBe(undefined);
    for (const category of ["systray", "main_components"]) {
        expect(registry.category(category).contains("crm_telephony.softphone")).toBe(false);
    }
    expect.verifySteps([]);
});
