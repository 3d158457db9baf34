import { Deferred, describe, expect, press, test, waitForNone, waitUntil } from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import { serializeDateTime } from "@web/core/l10n/dates";
import { contains, onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    FakeAudio,
    offerData,
    runningData,
    seen,
    sendBus,
    startConversation,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

const CARD = ".o_telephony_incoming";
const HELD = ".o_telephony_held";
const NAME = ".o_telephony_call .o_telephony_name";

const second = (values = {}) =>
    runningData({ uuid: "u-2", id: 2, customer: { number: "+32499", name: "Ben" }, ...values });
const heldData = (values = {}) =>
    runningData({
        phase: "held",
        on_hold: true,
        on_hold_since: "2026-11-22 14:29:00",
        agent_connected: false,
        ...values,
    });

/** Start a conversation with Anna, in which Ben calls. */
async function speakAndBeCalled(values = {}) {
    const world = await startConversation();
    sendBus("telephony/call_updated", runningData(values));
    sendBus("telephony/offer_made", offerData(second({ state: "ringing", answered_at: false })));
    await seen(CARD);
    return world;
}

/** Start a conversation with Ben, with Anna on hold. */
async function speakWithSecond() {
    const world = await speakAndBeCalled();
    onRpc("telephony.call", "accept", () => ({ accepted: true, call: second() }));
    await contains(`${CARD} .o_telephony_accept`).click();
    sendBus("telephony/call_updated", heldData());
    await seen(HELD);
    await seen(".o_telephony_call[data-uuid=u-2][data-voice=connected]");
    expect.verifySteps(["leave", "connect u-2"]);
    return world;
}

describe("a second call", () => {
    test("is shown without ringing", async () => {
        await speakAndBeCalled();
        expect(CARD).toHaveAttribute("data-quiet", "true");
        expect(CARD).toHaveAttribute("aria-live", "polite");
        expect(`${CARD} .o_telephony_accept`).toHaveText("Hold and answer");
        expect(FakeAudio.played).toBe(0);
    });

    test("shows a silent desktop notification while the page is hidden", async () => {
        class Notification {
            static permission = "granted";
            constructor(title, { silent }) {
                expect.step(`${title}, silent: ${silent}`);
            }
            close() {}
        }
        patchWithCleanup(browser, { Notification });
        patchWithCleanup(document, {
            get hidden() {
                return true;
            },
        });
        await speakAndBeCalled();
        await expect.waitForSteps(["Incoming call: Ben, silent: true"]);
        expect(FakeAudio.played).toBe(0);
    });

    test("is connected on confirmation, and the first one goes on until then", async () => {
        await speakAndBeCalled();
        const answer = new Deferred();
        onRpc("telephony.call", "accept", () => answer);
        await contains(`${CARD} .o_telephony_accept`).click();
        expect.verifySteps([]);
        answer.resolve({ accepted: true, call: second() });
        await seen(".o_telephony_call[data-uuid=u-2]");
        expect.verifySteps(["leave", "connect u-2"]);
        expect(NAME).toHaveText("Ben");
    });

    test("leaves the first one unchanged when a colleague has answered it", async () => {
        const needs = new Set();
        patchWithCleanup(VoiceDevice.prototype, {
            prepare: async (need) => needs.add(need),
            release: async (need) => needs.delete(need),
        });
        await speakAndBeCalled();
        onRpc("telephony.call", "accept", () => ({ accepted: false, message: "Bob was faster." }));
        await contains(`${CARD} .o_telephony_accept`).click();
        await seen(".o_notification");
        expect(".o_notification").toHaveText("Bob was faster.");
        expect(".o_telephony_call").toHaveAttribute("data-voice", "connected");
        expect([...needs]).toEqual([], { message: "no way to the provider is kept in vain" });
        expect.verifySteps([]);
    });

    test("leaves the first one unchanged when the server refuses it", async () => {
        await speakAndBeCalled();
        onRpc("telephony.call", "accept", () => {
            throw userError("Your current call cannot be put on hold right now.");
        });
        await contains(`${CARD} .o_telephony_accept`).click();
        await seen(".o_notification");
        expect(".o_telephony_call").toHaveAttribute("data-voice", "connected");
        expect(CARD).toHaveCount(1);
        expect.verifySteps([]);
    });

    test("cannot be answered during a consultation", async () => {
        await speakAndBeCalled({ transfer: { id: 9, state: "talking", mode: "warm" } });
        await seen(`${CARD} .o_telephony_accept:disabled`);
        expect(`${CARD} .o_telephony_accept`).toHaveAttribute(
            "title",
            "You are already in a call."
        );
    });

    test("rings as soon as the first one has ended", async () => {
        await speakAndBeCalled();
        sendBus("telephony/call_updated", runningData({ state: "ended", outcome: "answered" }));
        await seen(`${CARD}:not([data-quiet])`);
        await waitUntil(() => FakeAudio.played === 1);
        expect(`${CARD} .o_telephony_accept`).toHaveText("Accept");
        expect.verifySteps(["leave"]);
    });
});

describe("the call on hold", () => {
    test("is shown above the other one, with its time on hold", async () => {
        await speakWithSecond();
        expect(`${HELD} .o_telephony_held_name`).toHaveText("Anna");
        expect(`${HELD} .o_telephony_held_resume`).toHaveText("Swap");
        expect(`${HELD} .o_telephony_hold_time`).toHaveCount(1);
        expect(NAME).toHaveText("Ben");
    });

    test("is resumed by the keyboard, which puts the other one on hold", async () => {
        await speakWithSecond();
        onRpc("telephony.call", "resume", ({ args }) => {
            expect.step(`resume ${args[0]}`);
            return runningData({ agent_connected: false });
        });
        await press(["alt", "shift", "k"]);
        await seen(".o_telephony_call[data-uuid=u-1][data-voice=connected]");
        expect.verifySteps(["resume u-1", "leave", "connect u-1"]);
        sendBus("telephony/call_updated", second({ phase: "held", on_hold: true }));
        await seen(`${HELD}[data-uuid=u-2]`);
        expect(NAME).toHaveText("Anna");
    });

    test("stays on hold when the server refuses", async () => {
        await speakWithSecond();
        onRpc("telephony.call", "resume", () => {
            throw userError("Your current call cannot be put on hold right now.");
        });
        await contains(`${HELD} .o_telephony_held_resume`).click();
        await seen(".o_telephony_error");
        expect(".o_telephony_call").toHaveAttribute("data-uuid", "u-2");
        expect(".o_telephony_call").toHaveAttribute("data-voice", "connected");
    });

    test("is hung up without a change of the other one", async () => {
        await speakWithSecond();
        onRpc("telephony.call", "hang_up", ({ args }) => {
            expect.step(`hang_up ${args[0]}`);
            return runningData({ state: "ended", outcome: "answered" });
        });
        await contains(`${HELD} .o_telephony_held_hang_up`).click();
        await waitForNone(HELD);
        expect.verifySteps(["hang_up u-1"]);
        expect(".o_telephony_call").toHaveAttribute("data-voice", "connected");
    });

    test("Z27: shows its end window after that of the other call", async () => {
        const { store } = await speakWithSecond();
        const over = { state: "ended", outcome: "answered", user: false };
        sendBus("telephony/call_updated", runningData(over));
        await waitForNone(HELD);
        await seen(".o_notification");
        sendBus("telephony/call_updated", second(over));
        await seen(".o_telephony_ended[data-uuid=u-2]");
        await contains(".o_telephony_done").click();
        await seen(".o_telephony_ended[data-uuid=u-1]");
        await contains(".o_telephony_done").click();
        await waitForNone(".o_telephony_ended");
        expect(store.endedHeldCall).toBe(null);
        expect.verifySteps(["leave"]);
    });

    test("Z27: asks for its missing result after the other call", async () => {
        const { store, softphone } = await speakWithSecond();
        const over = { state: "ended", outcome: "answered", user: false };
        sendBus("telephony/call_updated", runningData(over));
        await waitForNone(HELD);
        await softphone.windowState.open();
        store.endedHeldCall = null; // closed without a disposition
        sendBus("telephony/call_updated", second(over));
        await seen(".o_telephony_ended[data-uuid=u-2]");
        const now = serializeDateTime(luxon.DateTime.now());
        const wrapUp = { started_at: now, until: now, extension: 0, is_disposition_missing: true };
        store.agent = { ...store.agent, state: "wrap_up", wrap_up: { ...wrapUp, uuid: "u-1" } };
        await contains(".o_telephony_done").click();
        await seen(".o_telephony_ended[data-uuid=u-1] .o_telephony_wrap_up");
        expect.verifySteps(["leave"]);
    });

    test("stays on hold when the other call ends, and blocks new calls", async () => {
        const { softphone, store } = await speakWithSecond();
        sendBus("telephony/call_updated", second({ state: "ended", outcome: "answered" }));
        await seen(".o_telephony_ended[data-uuid=u-2]");
        expect.verifySteps(["leave"]);
        expect(`${HELD} .o_telephony_held_resume`).toHaveText("Resume");
        expect(".o_telephony_systray").toHaveAttribute("data-presence", "in_call");
        expect(await softphone.dialer.dial({ number: "048" })).toBe(false);
        expect(store.error).toMatch(/customer is on hold/);
        // The held call stays visible whatever is closed.
        await softphone.windowState.close();
        await seen(".o_telephony_bar .o_telephony_held_resume");
    });

    test("ends its sound here when another tab has put it on hold", async () => {
        const { store } = await speakAndBeCalled();
        sendBus("telephony/call_updated", heldData());
        sendBus("telephony/call_updated", second());
        await seen(HELD);
        expect.verifySteps(["leave"]);
        expect(store.session).toBe(null);
    });
});
