import { animationFrame, describe, expect, press, queryFirst, test, waitForNone } from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import { contains, onRpc, patchWithCleanup } from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    FakeAudio,
    fakeVoice,
    mountSoftphone,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { EchoTest } from "@crm_telephony/voice/echo_test";
import { LevelMeter } from "@crm_telephony/voice/level_meter";
import { microphoneConstraints } from "@crm_telephony/voice/microphone";

defineTelephony();

const PHONE = {
    call_via: "phone",
    phone_number: "+32470112233",
    phone_number_display: "+32 470 11 22 33",
};
const DEVICES = [
    { kind: "audioinput", deviceId: "default", label: "Default" },
    { kind: "audioinput", deviceId: "mic-1", label: "Headset microphone" },
    { kind: "audiooutput", deviceId: "out-1", label: "Headset" },
    { kind: "videoinput", deviceId: "cam-1", label: "Camera" },
];

function withDevices(devices, getUserMedia = async () => fakeStream()) {
    const mediaDevices = { enumerateDevices: async () => devices(), getUserMedia };
    patchWithCleanup(browser.navigator, { mediaDevices });
}

function fakeStream() {
    return { getTracks: () => [{ stop: () => expect.step("microphone released") }] };
}

/** Open the panel; saved values are stepped, and answered as the server does. */
async function openPreferences(snapshot = {}) {
    fakeVoice();
    const world = await startSoftphone({ snapshot });
    world.agent = { ...AGENT, press_to_accept: true, ...snapshot.agent };
    onRpc("telephony.agent", "save_preferences", ({ args }) => {
        expect.step(`save ${JSON.stringify(args[0])}`);
        world.agent = { ...world.agent, ...args[0] };
        return world.agent;
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_preferences_toggle").click();
    await seen(".o_telephony_preferences");
    return world;
}

describe("how calls are made", () => {
    test("Z04, Z07: a custom phone needs a number that the server accepts", async () => {
        const world = await openPreferences();
        expect(".o_telephony_via_browser").toBeChecked();
        expect(".o_telephony_phone_number").toHaveCount(0);
        expect(".o_telephony_press_to_accept").toHaveCount(0);
        await contains(".o_telephony_via_phone").click();
        await seen(".o_telephony_phone_number");
        await animationFrame();
        expect(".o_telephony_phone_number").toBeFocused();
        expect("#o_telephony_phone_number_help").toHaveText("Enter the phone number to use.");
        expect.verifySteps([]);

        onRpc("telephony.agent", "save_preferences", ({ args }) => {
            expect.step(`refused ${args[0].phone_number}`);
            throw userError("“12” is not a telephone number.");
        });
        await contains(".o_telephony_phone_number").edit("12", { confirm: "Enter" });
        await seen(".o_telephony_field_error");
        expect(".o_telephony_field_error").toHaveText("“12” is not a telephone number.");
        expect(".o_telephony_phone_number").toHaveAttribute("aria-invalid", "true");
        expect(world.store.agent.call_via).toBe("browser");
        expect.verifySteps(["refused 12"]);

        onRpc("telephony.agent", "save_preferences", ({ args }) => {
            expect.step(`save ${JSON.stringify(args[0])}`);
            return { ...world.agent, ...PHONE, phone_country_code: "BE" };
        });
        await contains(".o_telephony_phone_number").edit("0470112233", { confirm: "Enter" });
        await seen(".o_telephony_saved .text-success");
        expect(".o_telephony_phone_number").toHaveValue("+32 470 11 22 33");
        expect(".o_telephony_custom_phone .o_telephony_flag").toHaveAttribute(
            "src",
            "/base/static/img/country_flags/be.png"
        );
        expect(".o_telephony_field_error").toHaveCount(0);
        expect.verifySteps([`save {"call_via":"phone","phone_number":"0470112233"}`]);
    });

    test("Z05, Z06: a known number is switched on and off with one click", async () => {
        await openPreferences({ agent: { ...AGENT, ...PHONE, call_via: "browser" } });
        await contains(".o_telephony_via_phone").click();
        await seen(".o_telephony_saved .text-success");
        expect(".o_telephony_phone_number").toHaveValue("+32 470 11 22 33");
        await contains(".o_telephony_via_browser").click();
        await waitForNone(".o_telephony_phone_number");
        expect.verifySteps([`save {"call_via":"phone"}`, `save {"call_via":"browser"}`]);
    });

    test("Escape cancels the choice and keeps the window open", async () => {
        await openPreferences();
        await contains(".o_telephony_via_phone").click();
        await seen(".o_telephony_phone_number:focus");
        await press("Escape");
        await waitForNone(".o_telephony_phone_number");
        expect(".o_telephony_via_browser").toBeChecked();
        expect(".o_telephony_softphone").toHaveCount(1);
    });

    test("press 1 and the number of outgoing calls are saved at once", async () => {
        const numbers = [
            { id: 1, number: "+3225550100", number_display: "+32 2 555 01 00", name: "Sales" },
            { id: 2, number: "+3225550101", number_display: "+32 2 555 01 01", name: "Support" },
        ];
        await openPreferences({
            agent: { ...AGENT, ...PHONE, press_to_accept: true, default_number_id: 1 },
            numbers,
        });
        await contains(".o_telephony_press_to_accept").click();
        await contains(".o_telephony_default_number").select("2");
        await seen(".o_telephony_saved .text-success");
        expect.verifySteps([
            `save {"press_to_accept":false}`,
            `save {"default_number_id":2,"shows_number":true}`,
        ]);
        expect(".o_telephony_default_number").toHaveValue("2");
    });

    test("changes made in another page are shown", async () => {
        await openPreferences();
        sendBus("telephony/agent_updated", { ...AGENT, ...PHONE });
        await seen(".o_telephony_phone_number");
        expect(".o_telephony_via_phone").toBeChecked();
        expect(".o_telephony_phone_number").toHaveValue("+32 470 11 22 33");
    });

    test("every control has a name", async () => {
        await openPreferences({ agent: { ...AGENT, ...PHONE }, allow_caller_id: true });
        const controls = document.querySelectorAll(
            ".o_telephony_preferences :is(input, select, button)"
        );
        expect(controls.length).toBeGreaterThan(10);
        const nameless = [...controls].filter(
            (el) => !el.labels?.length && !el.textContent.trim() && !el.getAttribute("aria-label")
        );
        expect(nameless).toEqual([]);
    });

    test("an incoming call hides the preferences until the gear is clicked", async () => {
        const { softphone } = await openPreferences();
        softphone.calls.onCall(callData({ state: "in_progress", agent_connected: true }));
        await seen(".o_telephony_call");
        expect(".o_telephony_preferences").toHaveCount(0);
        await contains(".o_telephony_preferences_toggle").click();
        await seen(".o_telephony_back");
        expect(".o_telephony_call").toHaveCount(0);
        await contains(".o_telephony_back").click();
        await seen(".o_telephony_call");
    });
});

describe("sound", () => {
    test("devices are listed by name, and the choice is kept in the browser", async () => {
        withDevices(() => DEVICES);
        const { softphone } = await openPreferences();
        await seen(".o_telephony_microphone option[value=mic-1]");
        expect(".o_telephony_allow_microphone").toHaveCount(0);
        expect(".o_telephony_microphone option").toHaveCount(2);
        expect(".o_telephony_speaker option").toHaveCount(2);
        await contains(".o_telephony_microphone").select("mic-1");
        await contains(".o_telephony_speaker").select("out-1");
        await contains(".o_telephony_ring_device").select("out-1");
        expect(softphone.settings.microphone).toBe("mic-1");
        const kept = new BrowserSettings();
        expect([kept.microphone, kept.speaker, kept.ring]).toEqual(["mic-1", "out-1", "out-1"]);
        expect(microphoneConstraints(kept.microphone).audio.deviceId).toEqual({ ideal: "mic-1" });
    });

    test("device names need one permission, and the microphone is released", async () => {
        let isAllowed = false;
        patchWithCleanup(LevelMeter.prototype, {
            start: async () => expect.step("measures"),
            stop() {},
        });
        withDevices(
            () => (isAllowed ? DEVICES : DEVICES.map((device) => ({ ...device, label: "" }))),
            async () => {
                isAllowed = true;
                return fakeStream();
            }
        );
        await openPreferences();
        await contains(".o_telephony_allow_microphone").click();
        await waitForNone(".o_telephony_allow_microphone");
        expect(".o_telephony_microphone option:last").toHaveText("Headset microphone");
        expect.verifySteps(["microphone released", "measures"]);
    });

    test("a denied microphone is explained in the panel", async () => {
        withDevices(
            () => [],
            async () => {
                throw Object.assign(new Error("no"), { name: "NotAllowedError" });
            }
        );
        await openPreferences();
        await contains(".o_telephony_test_microphone").click();
        await seen(".o_telephony_sound_error");
        expect(".o_telephony_sound_error").toHaveText(/microphone is blocked/);
    });

    test("the meter shows the level, and closing the panel releases the microphone", async () => {
        let meter;
        patchWithCleanup(LevelMeter.prototype, {
            async start(deviceId) {
                meter = this;
                expect.step(`measures ${deviceId || "default"}`);
                return fakeStream();
            },
            stop: () => expect.step("meter stopped"),
        });
        withDevices(() => DEVICES);
        await openPreferences();
        await contains(".o_telephony_test_microphone").click();
        meter.onLevel(0.42);
        await animationFrame();
        expect(".o_telephony_level").toHaveAttribute("aria-valuenow", "42");
        expect.verifySteps(["measures default"]);
        await contains(".o_telephony_tab_keypad").click();
        expect.verifySteps(["meter stopped"]);
    });

    test("a meter stopped while it starts releases the microphone", async () => {
        withDevices(() => DEVICES);
        const meter = new LevelMeter(() => {});
        const starting = meter.start("");
        meter.stop();
        expect(await starting).toBe(null);
        expect.verifySteps(["microphone released"]);
    });

    test("the test call records first, then plays", async () => {
        patchWithCleanup(LevelMeter.prototype, { start: async () => fakeStream(), stop() {} });
        patchWithCleanup(EchoTest.prototype, {
            async _record() {
                expect(".o_telephony_test_call").toHaveAttribute("data-state", "idle");
                await animationFrame();
                expect(".o_telephony_test_call").toHaveText("Speak now…");
                return "sound";
            },
            async _play(sound, speaker) {
                await animationFrame();
                expect(".o_telephony_test_call").toHaveText("Playing your recording…");
                expect.step(`plays ${sound} at ${speaker || "default"}`);
            },
        });
        withDevices(() => DEVICES);
        await openPreferences();
        await contains(".o_telephony_test_call").click();
        await expect.waitForSteps(["plays sound at default"]);
        await seen(".o_telephony_test_call[data-state=idle]");
        expect(".o_telephony_test_call").toHaveText("Test call");
    });

    test("the ring volume is saved and played when the slider is released", async () => {
        withDevices(() => DEVICES);
        const { softphone } = await openPreferences();
        const played = FakeAudio.played;
        const slider = queryFirst(".o_telephony_ring_volume");
        slider.value = "35";
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        slider.dispatchEvent(new Event("change", { bubbles: true }));
        await animationFrame();
        expect(softphone.settings.ringVolume).toBe(0.35);
        expect(FakeAudio.played).toBe(played + 1);
        expect(softphone.ringer.previewAudio.volume).toBe(0.35);
        await contains(".o_telephony_tab_keypad").click();
        expect(softphone.ringer.previewAudio).toBe(null);
    });

    test("invalid settings are replaced by the defaults", () => {
        browser.localStorage.setItem("telephony.settings", `{"ringVolume":"loud","speaker":"x"}`);
        const settings = new BrowserSettings();
        expect(settings.ringVolume).toBe(0.8);
        expect(settings.speaker).toBe("x");
        browser.localStorage.setItem("telephony.settings", "{");
        expect(new BrowserSettings().speaker).toBe("");
    });
});

describe("notifications", () => {
    test("switching them on asks the browser, and a refusal is explained", async () => {
        const Notification = {
            permission: "default",
            async requestPermission() {
                expect.step("asked");
                Notification.permission = "denied";
            },
        };
        patchWithCleanup(browser, { Notification });
        await openPreferences();
        expect(".o_telephony_desktop").not.toBeChecked();
        await contains(".o_telephony_desktop").click();
        await seen(".o_telephony_desktop:disabled");
        expect.verifySteps(["asked"]);
        expect(".o_telephony_desktop").not.toBeChecked();
        expect("#o_telephony_desktop_help").toHaveText(/Your browser blocks notifications/);
    });

    test("switching them off does not ask the browser", async () => {
        patchWithCleanup(browser, { Notification: { permission: "granted" } });
        const { softphone } = await openPreferences();
        expect(".o_telephony_desktop").toBeChecked();
        await contains(".o_telephony_desktop").click();
        expect(softphone.settings.wantsNotifications).toBe(false);
        expect(".o_telephony_desktop").not.toBeChecked();
    });
});

test("the preferences lead to the user guide", async () => {
    await openPreferences();
    expect("a.o_telephony_user_guide").toHaveAttribute("href", "/telephony/docs/user_guide");
    expect("a.o_telephony_user_guide").toHaveAttribute("target", "_blank");
});
