import {
    advanceTime,
    animationFrame,
    beforeEach,
    click,
    describe,
    expect,
    press,
    queryFirst,
    test,
    waitFor,
    waitForNone,
} from "@odoo/hoot";
import { user } from "@web/core/user";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    runningData,
    seen,
    startConversation,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { Player, wavePath } from "@crm_telephony/backend/player";
import { RecordingPopover } from "@crm_telephony/backend/recording_popover";

class Recording extends models.Model {
    _name = "telephony.recording";

    url = fields.Char();
    duration = fields.Integer();
    peaks = fields.Json();
    state = fields.Selection({
        selection: [
            ["stored", "Ready"],
            ["deleted", "Deleted"],
        ],
    });

    _records = [
        { id: 1, url: "/telephony/recording/1", duration: 20, peaks: [[9], [5]], state: "stored" },
        { id: 2, url: false, duration: 20, peaks: false, state: "deleted" },
    ];
}

defineTelephony();
defineModels([Recording]);

const recordingData = (values = {}) => ({
    mode: "agent",
    state: "off",
    wanted: false,
    interrupted: false,
    announcing: false,
    reason: false,
    problem: false,
    ...values,
});

const LIVE = { state: "recording", wanted: "recording" };

/** Start a conversation with the given state of its recording. */
async function speak(recording = recordingData()) {
    const world = await startConversation({ call: runningData({ recording }) });
    world.recording = recording;
    onRpc("telephony.call", "set_recording", ({ args }) => {
        expect.step(`${args[0]} ${args[1]}`);
        return runningData({ recording: world.recording });
    });
    return world;
}

/** Send another state of the recording. */
async function updateRecording(world, values) {
    world.recording = recordingData(values);
    world.softphone.calls.onCall(runningData({ recording: world.recording }));
    await animationFrame();
}

describe("in the call", () => {
    test("the button has its place before the answer, with the reason why it waits", async () => {
        const { softphone } = await startConversation({
            call: callData({ state: "ringing", recording: recordingData() }),
        });
        await seen(".o_telephony_record");
        expect(".o_telephony_record").not.toBeEnabled();
        expect(".o_telephony_record").toHaveAttribute(
            "title",
            "You can record the call once it is answered."
        );
        const count = document.querySelectorAll(".o_telephony_action").length;
        softphone.calls.onCall(runningData({ recording: recordingData() }));
        await waitFor(".o_telephony_record:enabled");
        expect(".o_telephony_action").toHaveCount(count);
        expect(".o_telephony_record").toHaveAttribute("title", "Record call");
    });

    test("Z29: record, pause, resume and stop show their state in words", async () => {
        const world = await speak();
        expect(".o_telephony_recording").toHaveCount(0);
        expect(".o_telephony_record").toHaveText("Record call");
        await contains(".o_telephony_record").click();
        expect.verifySteps(["u-1 recording"]);
        await updateRecording(world, { state: "starting", wanted: "recording" });
        expect(".o_telephony_recording_text").toHaveText("Starting the recording…");
        await updateRecording(world, LIVE);
        expect(".o_telephony_recording_text").toHaveText("Recording");
        expect(".o_telephony_recording_dot").toHaveCount(1);
        expect(".o_telephony_record").toHaveAttribute("aria-label", "Pause recording");
        await advanceTime(600); // not a double click
        await contains(".o_telephony_record").click();
        expect.verifySteps(["u-1 paused"]);
        await updateRecording(world, { state: "recording", wanted: "paused" });
        expect(".o_telephony_recording_text").toHaveText("Pausing the recording…");
        await updateRecording(world, { state: "paused", wanted: "paused" });
        expect(".o_telephony_recording_text").toHaveText("Recording paused");
        expect(".o_telephony_recording_dot").toHaveCount(0);
        expect(".o_telephony_record").toHaveAttribute("aria-label", "Resume recording");
        await advanceTime(600); // not a double click
        await contains(".o_telephony_record").click();
        await contains(".o_telephony_recording_stop").click();
        expect.verifySteps(["u-1 recording", "u-1 stopped"]);
    });

    test("Z18: the recording pauses on hold and shows a text", async () => {
        const world = await speak(recordingData(LIVE));
        await updateRecording(world, { state: "paused", wanted: "recording", interrupted: true });
        expect(".o_telephony_recording_text").toHaveText(
            "Recording paused until the call is resumed"
        );
        expect(".o_telephony_record").toHaveAttribute("aria-label", "Pause recording");
    });

    test("Z29: a mandatory recording can be paused but not stopped, with the reason", async () => {
        await speak(recordingData({ ...LIVE, mode: "always" }));
        await waitFor(".o_telephony_recording");
        expect(".o_telephony_recording").toHaveText(/All calls are recorded/);
        expect(".o_telephony_recording_stop").toHaveCount(0);
        expect(".o_telephony_record").toBeEnabled();
    });

    test("Z29: without recording, nothing is shown", async () => {
        await speak(recordingData({ mode: "off" }));
        expect(".o_telephony_record").toHaveCount(0);
        expect(".o_telephony_recording").toHaveCount(0);
    });

    test("Z29: a call that must not be recorded shows the reason", async () => {
        await speak(recordingData({ reason: "Calls with this contact must not be recorded." }));
        expect(".o_telephony_record").not.toBeEnabled();
        expect(".o_telephony_recording_reason").toHaveText(
            "Calls with this contact must not be recorded."
        );
    });

    test("an answer older than the provider's message changes nothing", async () => {
        const world = await speak();
        onRpc("telephony.call", "set_recording", async () => {
            const news = { recording: recordingData(LIVE), revision: 8 };
            world.softphone.calls.onCall(runningData(news));
            const recording = recordingData({ state: "starting", wanted: "recording" });
            return runningData({ recording, revision: 7 });
        });
        await contains(".o_telephony_record").click();
        await animationFrame();
        expect(".o_telephony_recording_text").toHaveText("Recording");
    });

    test("a failed pause shows an alarm, a refusal shows an error", async () => {
        const world = await speak(recordingData(LIVE));
        await updateRecording(world, { ...LIVE, problem: "Twilio did not pause the recording." });
        expect(".o_telephony_recording_problem").toHaveText("Twilio did not pause the recording.");
        onRpc("telephony.call", "set_recording", () => {
            throw userError("Every call is recorded.");
        });
        await contains(".o_telephony_recording_stop").click();
        await waitFor(".o_telephony_error");
        expect(".o_telephony_error").toHaveText(/Every call is recorded/);
    });
});

describe("player", () => {
    /** A silent sound of 20 seconds, which steps the actions of the player. */
    function fakeSound() {
        patchWithCleanup(HTMLMediaElement.prototype, {
            async play() {
                expect.step(`play at ${this.currentTime} × ${this.playbackRate}`);
                this.__playing = true;
                this.dispatchEvent(new Event("play"));
            },
            pause() {
                this.__playing = false;
                expect.step("pause");
                this.dispatchEvent(new Event("pause"));
            },
            get paused() {
                return !this.__playing;
            },
            get currentTime() {
                return this.__time || 0;
            },
            set currentTime(value) {
                this.__time = value;
            },
        });
    }

    beforeEach(() => patchWithCleanup(user, { hasGroup: async () => false }));

    const mountPlayer = () =>
        mountWithCleanup(Player, {
            props: {
                url: "/telephony/recording/1",
                duration: 20,
                peaks: [
                    [100, 0],
                    [50, 0],
                ],
            },
        });

    test("Z30: play, speed and seek work with mouse and keyboard", async () => {
        fakeSound();
        await mountPlayer();
        expect("audio").toHaveAttribute("preload", "none");
        expect(".o_telephony_player_time").toHaveText("0:00 / 0:20");
        expect(".o_telephony_player_channels").toHaveText("Customer\nPhone user");
        await click(".o_telephony_player_speed");
        await animationFrame();
        expect(".o_telephony_player_speed").toHaveText("1.5×");
        await click(".o_telephony_player_play");
        await animationFrame();
        expect(".o_telephony_player_play").toHaveAttribute("aria-label", "Pause the recording");
        expect.verifySteps(["play at 0 × 1.5"]);
        await click(".o_telephony_player_wave", { position: "center", relative: true });
        await animationFrame();
        expect(".o_telephony_player_time").toHaveText("0:10 / 0:20");
        await press("ArrowRight");
        await press("ArrowRight");
        await press("ArrowRight");
        await press("ArrowLeft");
        await animationFrame();
        expect(".o_telephony_player_wave").toHaveAttribute("aria-valuetext", "0:15 of 0:20");
        await press("Home");
        await press(" ");
        await animationFrame();
        expect(".o_telephony_player_time").toHaveText("0:00 / 0:20");
        expect.verifySteps(["pause"]);
        await click(".o_telephony_player_speed");
        await click(".o_telephony_player_speed");
        await animationFrame();
        expect(".o_telephony_player_speed").toHaveText("1×");
    });

    test("only one player plays, and a failed sound shows an error", async () => {
        fakeSound();
        await mountPlayer();
        await mountPlayer();
        const [first, second] = document.querySelectorAll(".o_telephony_player_play");
        await click(first);
        await click(second);
        expect.verifySteps(["play at 0 × 1", "play at 0 × 1", "pause"]);
        queryFirst("audio").dispatchEvent(new Event("error"));
        await waitFor(".o_telephony_player_error");
        expect(".o_telephony_player_error").toHaveText(/cannot be played/);
    });

    test("the waveform has one row of bars for each channel", async () => {
        expect(wavePath([[100, 0], [50]])).toBe("M0 0h.6v20h-.6zM1 9.5h.6v1h-.6zM0 25h.6v10h-.6z");
    });

    test("Z30: forms and lists show the player, and lists mark deleted recordings", async () => {
        await mountView({
            type: "form",
            resModel: "telephony.recording",
            resId: 1,
            arch: `<form><field name="url" widget="telephony_player"/></form>`,
        });
        expect(".o_telephony_player_wave").toHaveAttribute("data-channels", "2");
        expect("audio.o_telephony_player").toHaveAttribute("src", "/telephony/recording/1");
        await mountView({
            type: "list",
            resModel: "telephony.recording",
            arch: `<list><field name="url" widget="telephony_player"/></list>`,
        });
        expect(".o_list_view .o_telephony_player_compact").toHaveCount(1);
        expect(".o_list_view .o_data_row:last").toHaveText("Deleted");
    });

    test("Z30: the chatter shows the player to users with access", async () => {
        await mountWithCleanup(RecordingPopover, { props: { recordingId: 1 } });
        expect(".o_telephony_recording_popover audio").toHaveAttribute(
            "src",
            "/telephony/recording/1"
        );
        onRpc("telephony.recording", "web_search_read", () => {
            throw userError("No.");
        });
        onRpc("telephony.recording", "search_read", () => {
            throw userError("No.");
        });
        await mountWithCleanup(RecordingPopover, { props: { recordingId: 1 } });
        await waitFor("span[role=status]");
        expect("span[role=status]").toHaveText(/not allowed to listen/);
        await waitForNone(".o_telephony_player_error");
    });
});
