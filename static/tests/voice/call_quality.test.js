import {
    animationFrame,
    describe,
    expect,
    manuallyDispatchProgrammaticEvent,
    press,
    test,
} from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import { contains, onRpc, patchWithCleanup, serverState } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    endedData,
    seen,
    startConversation,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

const REPORT = { uuid: "u-1", legId: "CA1", report: { jitter: 80, bad_network: true } };
/** End the connection with a report; the server answers whether to ask about the sound. */
async function endCall({ softphone, voice }, mustAsk) {
    onRpc("telephony.call", "save_quality", ({ args }) => {
        expect.step(`save ${args[0]} ${args[1]} ${JSON.stringify(args[2])}`);
        return mustAsk;
    });
    onRpc("telephony.call", "find_records", () => []);
    onRpc("telephony.call", "get_dispositions", () => []);
    voice.handlers.onQuality(REPORT);
    softphone.calls.onCall(endedData({ user: { id: serverState.userId, name: "Me" } }));
    await seen(".o_telephony_ended");
    await expect.waitForSteps(["leave", `save u-1 CA1 ${JSON.stringify(REPORT.report)}`], {
        ignoreOrder: true,
    });
    await animationFrame();
}

describe("during the call", () => {
    test("the most useful advice is shown until the problem clears", async () => {
        const { voice, softphone } = await startConversation({ withBus: false });
        expect(".o_telephony_sound_notices").toHaveAttribute("aria-live", "polite");
        for (const [kinds, kind, text, icon] of [
            [["slow_network"], "slow_network", /network is slow/, "fa-signal"],
            [
                ["slow_network", "silent_microphone"],
                "silent_microphone",
                /No sound from your microphone/,
                "fa-mic",
            ],
            [["late_network"], "late_network", /audio is delayed/, "fa-clock-o"],
            [["interrupted"], "interrupted", /interrupted/, "fa-chain-broken"],
            [
                ["nothing_received"],
                "nothing_received",
                /No audio from the other party/,
                "fa-volume-off",
            ],
        ]) {
            voice.handlers.onWarnings(kinds);
            await animationFrame();
            expect(".o_telephony_warning").toHaveText(text);
            expect(".o_telephony_warning").toHaveAttribute("data-kind", kind);
            expect(`.o_telephony_warning i[class*=${icon}]`).toHaveCount(1);
        }
        await contains(".o_telephony_minimize").click();
        const sign = ".o_telephony_bar_warning[role=img]";
        expect(sign).toHaveAttribute("aria-label", /No audio from the other party/);
        voice.handlers.onWarnings([]);
        await animationFrame();
        expect(sign).toHaveCount(0);
        voice.handlers.onWarnings(["silent_microphone"]);
        softphone.voiceSession.mute(true);
        await animationFrame();
        expect(sign).toHaveCount(0); // silent on purpose
        expect.verifySteps(["mute true"]);
    });

    test("a closed page sends the quality with its last request", async () => {
        await startConversation({ withBus: false });
        patchWithCleanup(VoiceDevice.prototype, { takeQuality: () => REPORT });
        patchWithCleanup(browser, {
            fetch: async (url, { keepalive, body }) => {
                if (url.endsWith("save_quality")) {
                    expect.step(`${keepalive} ${JSON.stringify(JSON.parse(body).params.args)}`);
                }
                return new Response();
            },
        });
        await manuallyDispatchProgrammaticEvent(window, "pagehide");
        expect.verifySteps([`true ${JSON.stringify(["u-1", "CA1", REPORT.report])}`]);
    });
});

describe("after the call", () => {
    test("a bad call asks one question, which the keyboard answers", async () => {
        const world = await startConversation({ withBus: false });
        onRpc("telephony.call", "rate_quality", ({ args }) => expect.step(`rate ${args}`) || true);
        await endCall(world, true);
        expect(".o_telephony_sound_issue").toHaveCount(7);
        await contains(".o_telephony_sound_issue[data-issue=echo]").focus();
        await press("Enter");
        await seen(".o_telephony_sound_answered");
        expect(".o_telephony_sound_issue").toHaveCount(0);
        expect.verifySteps(["rate u-1,echo"]);
    });

    test("the question is optional, and an error is shown", async () => {
        const world = await startConversation({ withBus: false });
        onRpc("telephony.call", "rate_quality", () => {
            throw userError("The database is being updated.");
        });
        await endCall(world, true);
        await contains(".o_telephony_sound_issue[data-issue=none]").click();
        await seen(".o_telephony_sound_question .o_telephony_field_error");
        expect(".o_telephony_field_error").toHaveText(/being updated/);
        await contains(".o_telephony_done").click();
        expect(".o_telephony_ended").toHaveCount(0);
    });

    test("a good call asks nothing", async () => {
        await endCall(await startConversation({ withBus: false }), false);
        expect(".o_telephony_sound_issue").toHaveCount(0);
    });
});
