/** The first use of the telephone: its three steps, and the state of microphone and line. */

import { Deferred, describe, expect, press, test, tick } from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import {
    allowTranslations,
    contains,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    seen,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { Reach, VoiceErrorKind } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";
import { adviseOn, Grade } from "@crm_telephony/features/set_up/connection_advice";
import { EchoTest } from "@crm_telephony/voice/echo_test";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

const GOOD = { rtt: 62.4, jitter: 4.2, loss: 0, troubles: [] };

/** Replace the browser's microphone; `world.permission` and `world.devices` can be changed. */
function fakeMicrophone(permission = "prompt") {
    const world = { permission, devices: [{ kind: "audioinput", label: "" }], listeners: {} };
    const stream = { getTracks: () => [{ stop() {} }] };
    patchWithCleanup(browser, {
        navigator: {
            mediaDevices: {
                addEventListener: (name, callback) => (world.listeners[name] = callback),
                enumerateDevices: async () => world.devices,
                getUserMedia: async () => {
                    if (world.permission === "denied") {
                        throw Object.assign(new Error("no"), { name: "NotAllowedError" });
                    }
                    world.permission = "granted";
                    return stream;
                },
            },
            permissions: {
                query: async () => ({
                    state: world.permission,
                    addEventListener: (name, callback) => (world.listeners[name] = callback),
                }),
            },
        },
    });
    patchWithCleanup(window, {
        AudioContext: class {
            createAnalyser() {
                return { getFloatTimeDomainData() {} };
            }
            createMediaStreamSource() {
                return { connect() {} };
            }
            close() {}
        },
    });
    patchWithCleanup(EchoTest.prototype, {
        async run() {
            expect.step("echo");
        },
    });
    return world;
}

/** Replace the test of the connection by one that ends with a result or an error. */
function fakeTest(outcome) {
    patchWithCleanup(VoiceDevice.prototype, {
        async test(onMeasures) {
            expect.step("test");
            onMeasures({ rtt: 450, jitter: 1, loss: 0 });
            const result = await outcome;
            if (result instanceof Error) {
                throw result;
            }
            return result;
        },
        stopTest() {
            expect.step("stop");
        },
    });
}

async function open(snapshot = {}) {
    fakeVoice();
    const world = await startSoftphone({
        snapshot: { is_first_use: true, agent: { ...AGENT, status: "offline" }, ...snapshot },
    });
    onRpc("telephony.agent", "finish_set_up", () => expect.step("finish") || true);
    onRpc("telephony.agent", "set_status", ({ args }) => {
        expect.step(`status ${args[0]}`);
        return { ...AGENT, status: args[0] };
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_softphone");
    return world;
}

describe("first use", () => {
    test("three steps lead from the permission to going online", async () => {
        fakeMicrophone();
        fakeTest(GOOD);
        await open();
        expect(".o_telephony_set_up").toHaveAttribute("data-step", "microphone");
        await contains(".o_telephony_set_up_allow").click();
        await seen(".o_telephony_set_up_done");
        expect(".o_telephony_microphone_state").toHaveAttribute("data-state", "allowed");
        await contains(".o_telephony_set_up_next.btn-primary").click();
        expect(".o_telephony_set_up").toHaveAttribute("data-step", "echo");
        await contains(".o_telephony_set_up_record").click();
        await seen(".o_telephony_set_up_done");
        expect.verifySteps(["echo"]);
        await contains(".o_telephony_set_up_next").click();
        await contains(".o_telephony_run_test").click();
        await seen(".o_telephony_advice[data-grade=good]");
        expect("[data-measure=rtt] dd").toHaveText("62 ms");
        expect("[data-measure=loss] dd").toHaveText("0.0 %");
        expect.verifySteps(["test"]);
        await contains(".o_telephony_set_up_online").click();
        await seen(".o_telephony_keypad");
        expect(".o_telephony_set_up").toHaveCount(0);
        expect.verifySteps(["status online", "finish", "stop"]);
    });

    test("the steps can be skipped, and stay away", async () => {
        fakeMicrophone();
        const world = await open();
        await contains(".o_telephony_set_up_skip").click();
        await seen(".o_telephony_keypad");
        expect.verifySteps(["finish"]);
        world.snapshot = { ...world.snapshot, is_first_use: false };
        await world.softphone.serverSync.refresh();
        expect(".o_telephony_set_up").toHaveCount(0);
        expect(".o_telephony_keypad").toHaveCount(1);
    });

    test("they can be opened again from the preferences, and left with a tab", async () => {
        fakeMicrophone("granted");
        await open({ is_first_use: false });
        expect(".o_telephony_set_up").toHaveCount(0);
        await contains(".o_telephony_preferences_toggle").click();
        await contains(".o_telephony_open_set_up").click();
        await seen(".o_telephony_set_up");
        await contains(".o_telephony_tab_keypad").click();
        await seen(".o_telephony_keypad");
        expect.verifySteps([]);
    });

    test("a call is more important", async () => {
        fakeMicrophone();
        const world = await open();
        await seen(".o_telephony_set_up");
        world.store.applyCall(callData({ state: "in_progress", via: "phone" }));
        await seen(".o_telephony_call");
        expect(".o_telephony_set_up").toHaveCount(0);
    });

    test("it does not stand in the way of a number that was typed", async () => {
        fakeMicrophone();
        const world = await open();
        world.store.fillDraft({ number: "0470" });
        await seen(".o_telephony_keypad");
    });

    test("without a number or with a custom phone there is nothing to test", async () => {
        fakeMicrophone();
        await open({ can_call: false, cannot_call_reason: "No number." });
        expect(".o_telephony_set_up").toHaveCount(0);
    });

    test("a blocked microphone is explained, and the step can be left", async () => {
        fakeMicrophone("denied");
        await open();
        await contains(".o_telephony_set_up_allow").click();
        await seen(".o_telephony_set_up_error");
        expect(".o_telephony_set_up_error").toHaveText(/address bar/);
        expect(".o_telephony_set_up_done").toHaveCount(0);
        await contains(".o_telephony_set_up_next").click();
        expect(".o_telephony_set_up_error").toHaveCount(0);
        await contains(".o_telephony_set_up_back").click();
        expect(".o_telephony_set_up").toHaveAttribute("data-step", "microphone");
    });
});

describe("test of the connection", () => {
    async function openTest(outcome) {
        fakeMicrophone("granted");
        fakeTest(outcome);
        const world = await open();
        await contains(".o_telephony_set_up_next").click();
        await contains(".o_telephony_set_up_next").click();
        await contains(".o_telephony_run_test").click();
        return world;
    }

    test("measurements appear while it runs, and it stops when it is left", async () => {
        const outcome = new Deferred();
        await openTest(outcome);
        await seen("[data-measure=rtt] .text-danger");
        expect("[data-measure=rtt] dd").toHaveText("450 ms");
        expect(".o_telephony_run_test").toHaveProperty("disabled", true);
        await contains(".o_telephony_set_up_skip").click();
        await seen(".o_telephony_keypad");
        outcome.resolve(new VoiceError(VoiceErrorKind.UNREACHABLE));
        await tick();
        expect.verifySteps(["test", "finish", "stop"]);
    });

    test("a failure is a sentence, and the test can be repeated", async () => {
        await openTest(new VoiceError(VoiceErrorKind.UNREACHABLE));
        await seen(".o_telephony_test_error");
        expect(".o_telephony_test_error").toHaveText(/Twilio cannot be reached/);
        expect(".o_telephony_run_test").toHaveText("Test again");
        await contains(".o_telephony_run_test").click();
        expect.verifySteps(["test", "test"]);
        await contains(".o_telephony_tab_recent").click();
        expect.verifySteps(["stop"]);
    });

    test("each trouble has its advice, the worst one decides", () => {
        allowTranslations();
        const grade = (values) => adviseOn({ ...GOOD, ...values }).grade;
        const advice = (values) => adviseOn({ ...GOOD, ...values }).advice.join(" ");
        expect(grade({})).toBe(Grade.GOOD);
        expect(advice({})).toMatch(/good for calls/);
        expect(grade({ rtt: 200, jitter: 20, loss: 1 })).toBe(Grade.GOOD);
        expect(grade({ rtt: 201 })).toBe(Grade.FAIR);
        expect(grade({ rtt: 401, jitter: 25 })).toBe(Grade.POOR);
        expect(advice({ rtt: 401 })).toMatch(/VPN/);
        expect(advice({ rtt: 401 })).not.toMatch(/cable/);
        expect(advice({ loss: 5 })).toMatch(/cable/);
        expect(grade({ troubles: ["silent_microphone"] })).toBe(Grade.POOR);
        expect(advice({ troubles: ["silent_microphone"] })).toMatch(/muted/);
        expect(advice({ troubles: ["nothing_received"] })).toMatch(/firewall/);
    });
});

describe("header", () => {
    test("the microphone's state has an icon, words, and advice", async () => {
        const world = fakeMicrophone("denied");
        await open({ is_first_use: false });
        const icon = ".o_telephony_microphone_state";
        expect(icon).toHaveAttribute("data-state", "blocked");
        expect(icon).toHaveAttribute("aria-label", "Microphone: blocked");
        expect(`${icon} .text-danger`).toHaveCount(1);
        await contains(icon).focus();
        await press("Enter");
        await seen(".o_telephony_readiness_advice:contains(address bar)");
        await press("Escape");
        world.permission = "granted";
        world.listeners.change();
        await seen(`${icon}[data-state=allowed]`);
        world.devices = [{ kind: "audiooutput", label: "" }];
        world.listeners.devicechange();
        await seen(`${icon}[data-state=missing]`);
    });

    test("the line's state follows the page's reachability", async () => {
        fakeMicrophone("granted");
        const world = await open({ is_first_use: false });
        const icon = ".o_telephony_line_state";
        await seen(`${icon}[data-state=connected]`);
        // Each renewal of the lease decides anew, also one that was under way at the start.
        const lease = { expires_at: "2026-11-22 14:30:00", reachable: false };
        onRpc("telephony.agent", "renew_lease", () => lease);
        await world.softphone.lease.renew();
        await world.softphone.lease.renew();
        expect(world.store.reach).toBe(Reach.BUS);
        await seen(`${icon}[data-state=lost] .text-danger`);
        expect(icon).toHaveAttribute("aria-label", "Line: interrupted");
        await contains(icon).click();
        await seen(".o_telephony_readiness_advice:contains(no call rings here)");
        lease.reachable = true;
        await world.softphone.lease.renew();
        await seen(`${icon}[data-state=connected]`);
        await contains(".o_telephony_readiness_test").click();
        await seen(".o_telephony_set_up");
    });

    test("a custom phone needs no microphone of this browser", async () => {
        fakeMicrophone("denied");
        const phone = { call_via: "phone", phone_number: "+32470112233" };
        await open({ agent: { ...AGENT, ...phone } });
        expect(".o_telephony_microphone_state").toHaveCount(0);
        expect(".o_telephony_line_state").toHaveCount(1);
        expect(".o_telephony_set_up").toHaveCount(0);
    });
});
