import { advanceTime, animationFrame, expect, queryFirst, runAllTimers, test } from "@odoo/hoot";
import { assets } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { defineTelephony, seen } from "@crm_telephony/../tests/telephony_test_helpers";
import { LONGEST } from "@crm_telephony/client_actions/audio_library/sound_file";
import { SoundRecorder } from "@crm_telephony/client_actions/audio_library/sound_recorder";
import { toWav } from "@crm_telephony/client_actions/audio_library/wav";
import { LevelMeter } from "@crm_telephony/voice/level_meter";

class Sound extends models.Model {
    _name = "telephony.sound";

    name = fields.Char();
    kind = fields.Selection({
        selection: [
            ["file", "File"],
            ["url", "Web Address"],
        ],
        default: "file",
    });
    content = fields.Binary();
    content_name = fields.Char();
    url = fields.Char();

    _records = [
        { id: 1, name: "Hello", kind: "file", content: "3 Kb", content_name: "hello.mp3" },
        { id: 2, name: "Radio", kind: "url", url: "https://sounds.example.com/a.mp3" },
        { id: 3, name: "Odd", kind: "url", url: "javascript:alert(1)" },
    ];
}

class Queue extends models.Model {
    _name = "telephony.queue";

    music_sound_id = fields.Many2one({ relation: "telephony.sound" });

    _records = [
        { id: 1, music_sound_id: 1 },
        { id: 2, music_sound_id: 2 },
        { id: 3, music_sound_id: false },
    ];
}

defineTelephony();
defineModels([Sound, Queue]);

const FORM = `<form>
    <field name="name"/>
    <field name="content_name" invisible="1"/>
    <field name="content" widget="telephony_sound_file" filename="content_name"/>
</form>`;

/** Audio elements without sound; `fail` makes them refuse to play. */
function fakeAudio({ fail = "" } = {}) {
    const played = [];
    patchWithCleanup(browser, {
        Audio: class {
            constructor(url) {
                this.url = url.replace(/\?.*/, "");
                this.listeners = {};
                played.push(this);
            }
            addEventListener(name, listener) {
                this.listeners[name] = listener;
            }
            async play() {
                expect.step(`play ${this.url}`);
                if (fail) {
                    throw Object.assign(new Error("no"), { name: fail });
                }
            }
            pause() {
                expect.step(`pause ${this.url}`);
            }
        },
    });
    return played;
}

/** A microphone whose recording is a second of silence. */
function fakeRecorder(values = {}) {
    patchWithCleanup(SoundRecorder.prototype, {
        async start() {
            expect.step("start");
            return true;
        },
        async stop() {
            expect.step("stop");
            return toWav(new Float32Array(8000), 8000);
        },
        cancel: () => expect.step("microphone released"),
        ...values,
    });
}

async function openSound(resId) {
    patchWithCleanup(assets, { loadBundle: async () => {} });
    await mountView({ type: "form", resModel: "telephony.sound", resId, arch: FORM });
    await seen(".o_telephony_sound_file");
}

test("the file of a recording is WAV, mono, 16 bits", () => {
    const bytes = toWav(new Float32Array([0, 1, -1, 2, -0.5]), 8000);
    const view = new DataView(bytes.buffer);
    const text = (from, to) => String.fromCharCode(...bytes.slice(from, to));
    expect([text(0, 4), text(8, 16), text(36, 40)]).toEqual(["RIFF", "WAVEfmt ", "data"]);
    expect([view.getUint32(4, true), view.getUint32(40, true)]).toEqual([46, 10]);
    expect([20, 22, 32, 34].map((at) => view.getUint16(at, true))).toEqual([1, 1, 2, 16]);
    expect([24, 28].map((at) => view.getUint32(at, true))).toEqual([8000, 16000]);
    const samples = [0, 1, 2, 3, 4].map((index) => view.getInt16(44 + 2 * index, true));
    expect(samples).toEqual([0, 32767, -32767, 32767, -16383]);
});

test("Z29: a sound is recorded, heard and stored", async () => {
    fakeRecorder();
    const [audio] = [fakeAudio()];
    onRpc("telephony.sound", "web_save", ({ args }) => {
        expect.step(
            `save ${args[1].content.slice(0, 5)} ${/^Recording .*\.wav$/.test(args[1].content_name)}`
        );
    });
    await openSound();
    expect(".o_telephony_sound_button").toHaveCount(0);
    await contains(".o_telephony_sound_record").click();
    await seen(".o_telephony_sound_stop");
    expect(".o_telephony_sound_file [role=status]").toHaveText("Recording");
    await advanceTime(7_600);
    expect(".o_telephony_sound_time").toHaveText("0:07 of 5:00");
    await contains(".o_telephony_sound_stop").click();
    await seen(".o_telephony_sound_button");
    expect.verifySteps(["start", "stop"]);
    await animationFrame();
    expect(".o_telephony_sound_button").toBeFocused();
    await contains(".o_telephony_sound_button").click();
    expect(".o_telephony_sound_button").toHaveAttribute("aria-label", "Pause the sound");
    expect(audio[0].url).toMatch(/^blob:/);
    audio[0].listeners.ended();
    await animationFrame();
    expect(".o_telephony_sound_button").toHaveAttribute("aria-label", "Play the sound");
    expect.verifySteps([`play ${audio[0].url}`, `pause ${audio[0].url}`]);
    await contains(".o_form_button_save").click();
    expect.verifySteps(["save UklGR true"]);
});

test("a recording ends after five minutes", async () => {
    fakeRecorder();
    await openSound();
    await contains(".o_telephony_sound_record").click();
    await seen(".o_telephony_sound_stop");
    await advanceTime(LONGEST * 1000 + 500);
    await seen(".o_telephony_sound_button");
    expect.verifySteps(["start", "stop"]);
});

test("a discarded recording leaves the former file", async () => {
    fakeRecorder();
    fakeAudio();
    await openSound(1);
    expect(".o_telephony_sound_name").toHaveText("hello.mp3");
    expect(".o_telephony_sound_record").toHaveText("Record again");
    await contains(".o_telephony_sound_record").click();
    await seen(".o_telephony_sound_cancel");
    await contains(".o_telephony_sound_cancel").click();
    expect(".o_telephony_sound_name").toHaveText("hello.mp3");
    expect.verifySteps(["start", "microphone released"]);
    await contains(".o_telephony_sound_button").click();
    expect.verifySteps(["play /web/content/telephony.sound/1/content"]);
    await contains(".o_telephony_sound_remove").click();
    expect(".o_telephony_sound_button").toHaveCount(0);
    expect(".o_telephony_sound_record").toHaveText("Start recording");
    expect.verifySteps(["pause /web/content/telephony.sound/1/content"]);
});

for (const [name, sentence] of [
    ["NotAllowedError", /microphone is blocked/],
    ["NotFoundError", /No microphone was found/],
    ["NotReadableError", /microphone cannot be used/],
]) {
    test(`a microphone that fails with ${name} is explained`, async () => {
        patchWithCleanup(browser.navigator, {
            mediaDevices: {
                getUserMedia: async () => {
                    throw Object.assign(new Error("no"), { name });
                },
            },
        });
        await openSound();
        await contains(".o_telephony_sound_record").click();
        await seen(".o_telephony_sound_error");
        expect(".o_telephony_sound_error").toHaveText(sentence);
        expect(".o_telephony_sound_record").not.toHaveAttribute("disabled");
    });
}

test("a browser that cannot record releases the microphone", async () => {
    patchWithCleanup(LevelMeter.prototype, {
        start: async () => ({}),
        stop: () => expect.step("microphone released"),
    });
    patchWithCleanup(window, {
        MediaRecorder: class {
            constructor() {
                throw new Error("not supported");
            }
        },
    });
    await openSound();
    await contains(".o_telephony_sound_record").click();
    await seen(".o_telephony_sound_error");
    expect(".o_telephony_sound_error").toHaveText(/microphone cannot be used/);
    expect.verifySteps(["microphone released"]);
});

test("the library plays one sound at a time", async () => {
    fakeAudio();
    await mountView({
        type: "list",
        resModel: "telephony.sound",
        arch: `<list><widget name="telephony_sound_play"/><field name="name"/></list>`,
    });
    // An address of another kind is never loaded.
    expect(".o_telephony_sound_button").toHaveCount(2);
    await contains(".o_telephony_sound_button:eq(0)").click();
    await contains(".o_telephony_sound_button:eq(1)").click();
    expect.verifySteps([
        "play /web/content/telephony.sound/1/content",
        "pause /web/content/telephony.sound/1/content",
        "play https://sounds.example.com/a.mp3",
    ]);
    expect(queryFirst(".o_telephony_sound_button:eq(0)")).toHaveAttribute(
        "aria-label",
        "Play the sound"
    );
    await contains(".o_telephony_sound_button:eq(1)").click();
    expect.verifySteps(["pause https://sounds.example.com/a.mp3"]);
});

test("a sound that the browser cannot play is explained", async () => {
    fakeAudio({ fail: "NotSupportedError" });
    await mountView({
        type: "form",
        resModel: "telephony.queue",
        resId: 2,
        arch: `<form><field name="music_sound_id" widget="telephony_sound"/></form>`,
    });
    await contains(".o_telephony_sound_button").click();
    await seen(".o_notification");
    expect(".o_notification").toHaveText(/This sound cannot be played/);
    expect(".o_telephony_sound_button").toHaveAttribute("aria-label", "Play the sound");
    expect.verifySteps([
        "play https://sounds.example.com/a.mp3",
        "pause https://sounds.example.com/a.mp3",
    ]);
});

test("a sound is played beside its choice", async () => {
    fakeAudio();
    const arch = `<form><field name="music_sound_id" widget="telephony_sound"/></form>`;
    await mountView({ type: "form", resModel: "telephony.queue", resId: 1, arch });
    await contains(".o_telephony_sound_button").click();
    await runAllTimers();
    expect.verifySteps(["play /web/content/telephony.sound/1/content"]);
    await contains(".o_telephony_sound_button").click();
    expect.verifySteps(["pause /web/content/telephony.sound/1/content"]);
});

test("nothing is played where no sound is chosen", async () => {
    const arch = `<form><field name="music_sound_id" widget="telephony_sound"/></form>`;
    await mountView({ type: "form", resModel: "telephony.queue", resId: 3, arch });
    expect(".o_telephony_sound_button").toHaveCount(0);
});
