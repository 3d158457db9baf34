import { animationFrame, describe, expect, press, test, waitFor, waitForNone } from "@odoo/hoot";
import { contains, onRpc, serverState } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    fakeVoice,
    liveRow,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind, VoiceState } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";

defineTelephony();

const talkRow = (values = {}) =>
    liveRow({
        uuid: "t-1",
        list: "conversation",
        user: { id: 99, name: "Bob" },
        queue: false,
        answered_at: "2026-11-22 14:28:10",
        ...values,
    });

/** Open the list of conversations as a supervisor; the server permits everything. */
async function startList({ snapshot = {}, row = {}, ...options } = {}) {
    const voice = fakeVoice();
    const world = await startSoftphone({ snapshot: { is_supervisor: true, ...snapshot } });
    world.talking = [talkRow(row)];
    onRpc("telephony.call", "monitor", ({ args }) => {
        expect.step(`monitor ${args}`);
        return { ...talkRow(), leg_id: 7, mode: args[1] };
    });
    onRpc("telephony.call", "set_monitor_mode", ({ args }) => {
        expect.step(`mode ${args}`);
        return { ...talkRow(), leg_id: 7, mode: args[1] };
    });
    onRpc("telephony.call", "stop_monitoring", ({ args }) => expect.step(`stop ${args}`) || true);
    await mountSoftphone(options);
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_tab_live").click();
    await seen(".o_telephony_live_row");
    return { ...world, voice };
}

async function choose(mode) {
    await contains(".o_telephony_row_menu").click();
    await contains(`.o_telephony_monitor_start[data-mode=${mode}]`).click();
}

describe("supervisor", () => {
    test("Z22: a supervisor listens, whispers, barges in and leaves", async () => {
        const { store } = await startList({ withBus: false });
        await choose("listen");
        await seen(".o_telephony_monitor[data-voice=connected]");
        expect(".o_telephony_monitor_name").toHaveText("Anna");
        expect(".o_telephony_monitor_user").toHaveText("with Bob");
        expect(".o_telephony_monitor_state").toHaveText("No one can hear you.");
        expect(".o_telephony_tab_call").toHaveText("Listening");
        expect(".o_telephony_close").toHaveCount(0);
        expect.verifySteps(["monitor t-1,listen", "connect t-1", "mute true"]);
        await contains(".o_telephony_monitor_mode[data-mode=whisper]").click();
        await waitFor(".o_telephony_monitor[data-mode=whisper]", { timeout: 3000 });
        expect(".o_telephony_monitor_state").toHaveText("Only Bob can hear you.");
        expect(".o_telephony_monitor_mode[aria-pressed=true]").toHaveText("Whisper");
        await contains(".o_telephony_monitor_mode[data-mode=barge]").click();
        await waitFor(".o_telephony_monitor[data-mode=barge]", { timeout: 3000 });
        expect(".o_telephony_monitor_state").toHaveText("Everyone can hear you.");
        await contains(".o_telephony_monitor_mode[data-mode=listen]").click();
        await waitFor(".o_telephony_monitor[data-mode=listen]", { timeout: 3000 });
        // The supervisor is muted before the server answers.
        expect.verifySteps([
            ...["mode t-1,whisper", "mute false", "mode t-1,barge", "mute false"],
            ...["mute true", "mode t-1,listen", "mute true"],
        ]);
        await contains(".o_telephony_monitor_leave").click();
        expect.verifySteps(["leave", "stop t-1"]);
        expect(store.monitoring).toBe(null);
        expect(".o_telephony_monitor").toHaveCount(0);
    });

    test("Z22: monitoring works by the keyboard and in the bar", async () => {
        await startList({ withBus: false });
        await contains(".o_telephony_row_menu").focus();
        await press("Enter");
        await seen(".o_telephony_monitor_start");
        await contains(".o_telephony_monitor_start[data-mode=barge]").press("Enter");
        await seen(".o_telephony_monitor[data-voice=connected]");
        await contains(".o_telephony_minimize").click();
        expect(".o_telephony_bar_name").toHaveText("Anna");
        await contains(".o_telephony_bar .o_telephony_monitor_leave").click();
        expect.verifySteps([
            ...["monitor t-1,barge", "connect t-1", "mute false", "leave", "stop t-1"],
        ]);
    });

    test("phone users who are not supervisors have no menu", async () => {
        await startList({ snapshot: { is_supervisor: false }, withBus: false });
        expect(".o_telephony_row_menu").toHaveCount(0);
    });

    for (const [title, options, reason] of [
        [
            "during a call",
            { snapshot: { agent: { ...AGENT, state: "in_call" } } },
            /already in a call/,
        ],
        [
            "for one's own call",
            { row: { user: { id: serverState.userId, name: "Me" } } },
            /your own/,
        ],
    ]) {
        test(`Z26: ${title}, the reason is shown and no request is sent`, async () => {
            await startList({ ...options, withBus: false });
            await contains(".o_telephony_row_menu").click();
            await seen(".o_telephony_monitor_reason");
            expect(".o_telephony_monitor_reason").toHaveText(reason);
            expect(".o_telephony_monitor_start").toHaveAttribute("aria-disabled", "true");
            await contains(".o_telephony_monitor_start[data-mode=listen]").click();
            await animationFrame();
            expect.verifySteps([]);
        });
    }

    test("monitoring ends with the conversation, but not with an older leg", async () => {
        await startList();
        await choose("listen");
        await seen(".o_telephony_monitor[data-voice=connected]");
        sendBus("telephony/monitoring_ended", { uuid: "t-1", leg_id: 6 });
        sendBus("telephony/live_updated", talkRow({ uuid: "t-2" }));
        await waitFor(".o_telephony_tab_live .o_telephony_tab_count:contains(2)", {
            timeout: 3000,
        });
        expect(".o_telephony_monitor").toHaveCount(1);
        sendBus("telephony/monitoring_ended", { uuid: "t-1", leg_id: 7 });
        await waitForNone(".o_telephony_monitor", { timeout: 3000 });
        await seen(".o_notification");
        expect(".o_notification_content").toHaveText(/no longer connected/);
        expect.verifySteps(["monitor t-1,listen", "connect t-1", "mute true", "leave"]);
    });

    test("a lost connection is shown and ends monitoring on the server", async () => {
        const { voice } = await startList({ withBus: false });
        await choose("listen");
        await seen(".o_telephony_monitor[data-voice=connected]");
        voice.handlers.onState(VoiceState.RECONNECTING);
        await animationFrame();
        expect(".o_telephony_monitor_state").toHaveText(/Reconnecting/);
        voice.handlers.onState(VoiceState.LOST);
        await expect.waitForSteps([
            ...["monitor t-1,listen", "connect t-1", "mute true", "leave", "stop t-1"],
        ]);
    });

    test("a refusal and a blocked microphone show an error", async () => {
        const { voice, store } = await startList({ withBus: false });
        voice.microphoneError = new VoiceError(VoiceErrorKind.MIC_DENIED);
        await choose("listen");
        await seen(".o_telephony_error");
        expect(".o_telephony_error").toHaveText(/microphone is blocked/);
        expect.verifySteps(["stop t-1"]);
        voice.microphoneError = null;
        onRpc("telephony.call", "monitor", () => {
            throw userError("This call has ended.");
        });
        await contains(".o_telephony_tab_live").click();
        await choose("listen");
        await waitFor(".o_telephony_error:contains(has ended)", { timeout: 3000 });
        expect(store.monitoring).toBe(null);
        expect.verifySteps(["stop t-1"]);
    });

    test("outgoing calls are blocked during monitoring", async () => {
        const { softphone, store } = await startList({ withBus: false });
        await choose("listen");
        await seen(".o_telephony_monitor[data-voice=connected]");
        expect(await softphone.dialer.dial({ number: "047" })).toBe(false);
        expect(store.error).toMatch(/monitoring a call/);
        expect.verifySteps(["monitor t-1,listen", "connect t-1", "mute true"]);
    });
});

describe("phone user", () => {
    test("sees the supervisor's name and mode, also in the bar", async () => {
        fakeVoice();
        const call = callData({ state: "in_progress", agent_connected: true });
        const { softphone } = await startSoftphone({ snapshot: { calls: [call] } });
        await mountSoftphone({ withBus: false });
        await contains(".o_telephony_systray").click();
        expect(".o_telephony_supervisor").toHaveCount(0);
        expect(".o_telephony_sound_notices").toHaveAttribute("aria-live", "polite");
        for (const [mode, text] of [
            ["listen", "Sue is listening to this call."],
            ["whisper", "Sue is listening and can speak to you. The customer cannot hear this."],
            ["barge", "Sue barged in to this call."],
        ]) {
            softphone.calls.onCall({ ...call, supervisors: [{ id: 7, name: "Sue", mode }] });
            await animationFrame();
            expect(".o_telephony_supervisor").toHaveText(text);
        }
        await contains(".o_telephony_minimize").click();
        const sign = ".o_telephony_bar_supervisors[role=img]";
        expect(sign).toHaveAttribute("aria-label", "Sue barged in to this call.");
        softphone.calls.onCall({ ...call, supervisors: [] });
        await animationFrame();
        expect(sign).toHaveCount(0);
    });
});
