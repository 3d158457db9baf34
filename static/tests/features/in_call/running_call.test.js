import {
    advanceTime,
    animationFrame,
    click,
    describe,
    edit,
    expect,
    press,
    queryAll,
    test,
    waitFor,
    waitForNone,
    waitUntil,
} from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { session } from "@web/session";
import { contains, mockService, onRpc } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    runningData,
    seen,
    sendBus,
    snapshotData,
    startConversation,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind, VoiceState } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";

defineTelephony();

/** A second tab of the same browser, which receives and sends the messages between tabs. */
function otherTab() {
    const heard = [];
    const channel = new browser.BroadcastChannel(`telephony/${session.db}/${user.userId}`);
    channel.onmessage = ({ data }) => heard.push(data);
    return { heard, send: (type, payload) => channel.postMessage({ type, payload }) };
}

describe("in the call", () => {
    test("Z18: mute silences the microphone and is shown", async () => {
        await startConversation();
        await contains(".o_telephony_mute").click();
        expect(".o_telephony_mute").toHaveAttribute("aria-pressed", "true");
        await contains(".o_telephony_mute").click();
        expect(".o_telephony_mute").toHaveAttribute("aria-pressed", "false");
        expect.verifySteps(["mute true", "mute false"]);
    });

    test("a dialed extension is sent by one click, once the customer has answered", async () => {
        const { softphone } = await startConversation({
            call: callData({ extension: "0012", via: "browser" }),
        });
        expect(".o_telephony_extension").toHaveText("Dial extension 0012");
        expect(".o_telephony_extension").not.toBeEnabled();
        expect(".o_telephony_extension").toHaveAttribute(
            "title",
            "You can dial the extension once the call is answered."
        );
        softphone.calls.onCall(runningData({ extension: "0012", on_hold: true }));
        await animationFrame();
        expect(".o_telephony_extension").not.toBeEnabled();
        softphone.calls.onCall(runningData({ extension: "0012" }));
        await contains(".o_telephony_extension:enabled").click();
        // At once: the browser replaces keys that are still being sent.
        expect.verifySteps(["digits 0012"]);
        softphone.calls.onCall(runningData({ extension: false }));
        await waitForNone(".o_telephony_extension");
    });

    test("digits are sent by keypad and keyboard, but not while a note is typed", async () => {
        await startConversation();
        await click(".o_telephony_note");
        await edit("call 5 times");
        await contains(".o_telephony_keypad_toggle").click();
        expect.verifySteps(["note call 5 times"]);
        await press("1");
        await contains('.o_telephony_key[data-key="#"]').click();
        expect(".o_telephony_digits").toHaveText("1#");
        expect.verifySteps(["digits 1", "digits #"]);
    });

    test("Z18: hold is requested from the server and shown after its confirmation", async () => {
        await startConversation();
        onRpc("telephony.call", "set_hold", ({ args }) => {
            expect.step(`hold ${args[1]}`);
            return runningData();
        });
        await contains(".o_telephony_hold").click();
        expect(".o_telephony_hold").toHaveAttribute("aria-pressed", "false");
        sendBus("telephony/call_updated", runningData({ on_hold: true }));
        await waitFor(".o_telephony_hold[aria-pressed=true]");
        expect(".o_telephony_state").toHaveText("On hold");
        await advanceTime(600); // not a double click
        await contains(".o_telephony_hold").click();
        expect.verifySteps(["hold true", "hold false"]);
    });

    test("Z18: a double click on Hold holds the customer", async () => {
        const { softphone } = await startConversation();
        onRpc("telephony.call", "set_hold", ({ args }) => {
            expect.step(`hold ${args[1]}`);
            return runningData({ on_hold: args[1] });
        });
        await contains(".o_telephony_hold").click();
        await waitFor(".o_telephony_hold[aria-pressed=true]");
        await contains(".o_telephony_hold").click();
        await animationFrame();
        expect.verifySteps(["hold true"]);
        expect(softphone.store.currentCall.on_hold).toBe(true);
    });

    test("Z18: the buttons stand still when the call is held, muted and recorded", async () => {
        const recording = { mode: "manual", state: "off", wanted: false };
        const { softphone } = await startConversation({ call: runningData({ recording }) });
        const places = () =>
            queryAll(".o_telephony_action, .o_telephony_hang_up").map((button) => {
                const { x, y, width, height } = button.getBoundingClientRect();
                return [x, y, width, height].map(Math.round).join(" ");
            });
        const before = places();
        expect(before).toHaveLength(6);
        const on_hold_since = "2026-11-22 14:29:00";
        for (const values of [
            { on_hold: true, on_hold_since },
            { recording: { ...recording, state: "recording", wanted: "recording" } },
            { supervisors: [{ id: 1, name: "Sam", mode: "listen" }] },
            {
                on_hold: true,
                on_hold_since,
                transfer: {
                    ...{ id: 9, mode: "warm", kind: "agent", state: "ringing", target: "Bob" },
                    ...{ by: { id: 2, name: "Ana" }, is_mine: true, expires_at: false },
                },
            },
        ]) {
            softphone.calls.onCall(runningData({ recording, transfer: false, ...values }));
            await animationFrame();
            if (!values.transfer) {
                expect(places()).toEqual(before, { message: JSON.stringify(values) });
            }
            expect(queryAll(".o_telephony_action")).toHaveLength(5);
        }
        softphone.calls.onCall(runningData({ recording, on_hold: false, transfer: false }));
        await contains(".o_telephony_mute").click();
        await animationFrame();
        expect(places()).toEqual(before);
        expect.verifySteps(["mute true"]);
    });

    test("the name opens the record of the call", async () => {
        mockService("action", {
            doAction: ({ res_model, res_id }) => expect.step(`${res_model} ${res_id}`),
        });
        await startConversation();
        await contains(".o_telephony_call .o_telephony_open_record").click();
        expect.verifySteps(["res.partner 7"]);
    });

    test("Z19: a note is saved by itself after a pause in typing", async () => {
        await startConversation();
        await click(".o_telephony_note");
        await edit("wants desks");
        await advanceTime(700);
        expect.verifySteps([]);
        await advanceTime(200);
        expect.verifySteps(["note wants desks"]);
        await animationFrame();
        expect(".o_telephony_note_status").toHaveText("Saved");
    });

    test("Z19: a note stays saved when its own message follows the answer", async () => {
        await startConversation();
        await click(".o_telephony_note");
        await edit("wants desks");
        await advanceTime(900);
        await waitFor(".o_telephony_note_status .fa-check");
        expect.verifySteps(["note wants desks"]);
        const echo = runningData({ note: "wants desks", on_hold: true, revision: 50 });
        sendBus("telephony/call_updated", echo);
        await waitFor(".o_telephony_hold[aria-pressed=true]");
        expect(".o_telephony_note_status .fa-check").toHaveCount(1);
        sendBus("telephony/call_updated", { ...echo, note: "wants two desks", revision: 51 });
        await waitFor(".o_telephony_note:value(wants two desks)");
        expect(".o_telephony_note_status .fa-check").toHaveCount(0);
    });

    test("Z19: the late message of an older text does not replace the newer saved one", async () => {
        await startConversation();
        await click(".o_telephony_note");
        for (const text of ["oak", "oak desks"]) {
            await edit(text);
            await advanceTime(900);
            await waitFor(".o_telephony_note_status .fa-check");
            expect.verifySteps([`note ${text}`]);
        }
        const echo = runningData({ note: "oak", on_hold: true, revision: 50 });
        sendBus("telephony/call_updated", echo);
        await seen(".o_telephony_hold[aria-pressed=true]");
        expect(".o_telephony_note").toHaveValue("oak desks");
        expect(".o_telephony_note_status .fa-check").toHaveCount(1);
        sendBus("telephony/call_updated", { ...echo, note: "oak desks", revision: 51 });
        sendBus("telephony/call_updated", { ...echo, note: "steel", revision: 52 });
        await waitFor(".o_telephony_note:value(steel)");
        expect(".o_telephony_note_status .fa-check").toHaveCount(0);
    });

    test("Z19: a note is saved every few seconds during steady typing", async () => {
        const { softphone } = await startConversation();
        for (let second = 0; second < 4; second++) {
            softphone.notes.write("u-1", `second ${second}`);
            await advanceTime(600); // a slow computer adds time of its own
        }
        expect.verifySteps([]);
        softphone.notes.write("u-1", "second 4");
        await advanceTime(600);
        expect.verifySteps(["note second 4"]);
    });

    test("Z19: an unsaved note is kept, shown with an error and saved later", async () => {
        await startConversation();
        let isDown = true;
        onRpc("telephony.call", "save_note", ({ args }) => {
            if (isDown) {
                throw new Error("The server is starting.");
            }
            expect.step(`saved ${args[1]}`);
            return true;
        });
        await click(".o_telephony_note");
        await edit("wants desks");
        await advanceTime(900);
        await animationFrame();
        expect(".o_telephony_note_status").toHaveText(/is kept in this browser/);
        expect(".o_telephony_note").toHaveValue("wants desks");
        expect(browser.sessionStorage.getItem("telephony.note.u-1")).toBe("wants desks");
        isDown = false;
        await advanceTime(10_000);
        await expect.waitForSteps(["saved wants desks"]);
        await waitFor(".o_telephony_note_status .fa-check");
        expect(browser.sessionStorage.getItem("telephony.note.u-1")).toBe(null);
    });

    test("a note that the server refuses is kept, and not sent again before it changes", async () => {
        const { softphone } = await startConversation();
        onRpc("telephony.call", "save_note", ({ args }) => {
            expect.step(args[1]);
            throw userError("This call was anonymized and can no longer be edited.");
        });
        softphone.notes.write("u-1", "wants\0 desks\ud800");
        await advanceTime(900);
        // Zero bytes and half characters cannot be stored.
        await expect.waitForSteps(["wants desks\ufffd"]);
        await waitFor(".o_telephony_note_status .text-danger");
        expect(".o_telephony_note_status").toHaveText(
            "This call was anonymized and can no longer be edited."
        );
        await advanceTime(60_000);
        expect.verifySteps([]);
        expect(".o_telephony_note").toHaveValue("wants desks\ufffd");
        onRpc("telephony.call", "save_note", () => true); // when the panel is left
    });

    test("a note of 100 KB is not cut without a word: the reason stands below it", async () => {
        const { softphone } = await startConversation();
        const long = "😀".repeat(20_000);
        softphone.notes.write("u-1", `${long}!`);
        await advanceTime(900);
        await waitFor(".o_telephony_note_status .text-danger");
        expect(".o_telephony_note_status").toHaveText(/more than 20,000 characters/);
        expect.verifySteps([]);
        // The end window stays, too: with Done, the end of the note would be lost.
        softphone.calls.onCall(endedData({ note: "" }));
        await waitFor(".o_telephony_ended .o_telephony_note");
        await contains(".o_telephony_done").click();
        expect(".o_telephony_ended .text-danger").toHaveCount(1);
        await contains(".o_telephony_note").edit(long, { instantly: true, confirm: false });
        await advanceTime(900);
        await waitFor(".o_telephony_note_status .fa-check");
        await contains(".o_telephony_done").click();
        expect(".o_telephony_ended").toHaveCount(0);
        expect.verifySteps(["leave", `note ${long}`]);
    });

    test("Z21: the window is minimized to a bar with name and timer, and restored", async () => {
        await startConversation();
        await contains(".o_telephony_minimize").click();
        expect(".o_telephony_softphone").toHaveCount(0);
        expect(".o_telephony_bar_name").toHaveText("Anna");
        expect(".o_telephony_bar .o_telephony_timer").toHaveCount(1);
        expect(browser.sessionStorage.getItem("telephony.window")).toMatch(/"isMinimized":true/);
        await contains(".o_telephony_expand").click();
        expect(".o_telephony_call").toHaveCount(1);
    });

    test("a sound problem is shown in plain words until it clears", async () => {
        const { voice } = await startConversation();
        voice.handlers.onWarnings(["slow_network"]);
        await waitFor(".o_telephony_warning");
        expect(".o_telephony_warning").toHaveText(/network is slow/);
        voice.handlers.onWarnings([]);
        await waitForNone(".o_telephony_warning");
    });
});

describe("connection", () => {
    test("a short loss of connection is shown and recovers without a click", async () => {
        const { voice } = await startConversation();
        voice.handlers.onState(VoiceState.RECONNECTING);
        await animationFrame();
        expect(".o_telephony_state").toHaveText("The connection was lost. Reconnecting…");
        voice.handlers.onState(VoiceState.CONNECTED);
        await animationFrame();
        expect(".o_telephony_state").toHaveText("In a call");
    });

    test("a lost sound is rejoined once by itself, then by a button", async () => {
        const world = await startConversation();
        const { voice } = world;
        world.snapshot = snapshotData({
            calls: [runningData({ agent_connected: false })],
        });
        voice.handlers.onState(VoiceState.LOST, new VoiceError(VoiceErrorKind.CONNECTION_LOST));
        await advanceTime(1600);
        await expect.waitForSteps(["leave", "connect u-1"]);
        voice.handlers.onState(VoiceState.LOST, new VoiceError(VoiceErrorKind.CONNECTION_LOST));
        await advanceTime(1600);
        await waitFor(".o_telephony_rejoin");
        expect(".o_telephony_state").toHaveText("You are no longer connected to this call.");
        expect.verifySteps([]);
        await contains(".o_telephony_rejoin").click();
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["leave", "connect u-1"]);
    });

    test("a lost sound is rejoined by itself if the server notices it late", async () => {
        const { voice } = await startConversation();
        voice.handlers.onState(VoiceState.LOST);
        for (let round = 0; round < 2; round++) {
            await advanceTime(1600);
            await animationFrame();
            expect(".o_telephony_rejoin").toHaveCount(0);
        }
        await advanceTime(1600);
        await waitFor(".o_telephony_rejoin");
        expect.verifySteps([]);
        sendBus("telephony/call_updated", runningData({ agent_connected: false }));
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["leave", "connect u-1"]);
    });

    test("a microphone taken by another program is named, also during the call", async () => {
        const world = await startConversation();
        const { voice } = world;
        voice.handlers.onWarnings(["slow_network", "lost_microphone"]);
        await waitFor(".o_telephony_warning");
        expect(".o_telephony_warning").toHaveText(/^Your microphone stopped.*another microphone/);
        voice.handlers.onWarnings([]);
        await waitForNone(".o_telephony_warning");
        voice.handlers.onState(VoiceState.LOST, new VoiceError(VoiceErrorKind.MIC_BUSY, 31402));
        await waitFor(".o_telephony_error");
        expect(".o_telephony_error").toHaveText(/Another program may be using it/);
        expect(".o_telephony_call").toHaveCount(1);
    });

    test("a sound that ends with the call offers no rejoin", async () => {
        const { voice } = await startConversation();
        voice.handlers.onState(VoiceState.LOST);
        await animationFrame();
        expect(".o_telephony_state").toHaveText("In a call");
        sendBus("telephony/call_updated", endedData());
        await waitFor(".o_telephony_ended");
        await advanceTime(2000);
        expect(".o_telephony_rejoin").toHaveCount(0);
        expect.verifySteps(["leave"]);
    });

    test("an end whose message was lost is found in the next snapshot", async () => {
        const world = await startConversation();
        const { softphone } = world;
        world.snapshot = snapshotData({ recent: [endedData()] });
        await softphone.voiceSession.refresh();
        await waitFor(".o_telephony_ended");
        expect.verifySteps(["leave"]);
    });
});

describe("reload", () => {
    /** Reload the page, which finds its call again. */
    async function reload(call) {
        browser.sessionStorage.setItem("telephony.voice", "u-1");
        browser.sessionStorage.setItem("telephony.window", JSON.stringify({ isOpen: true }));
        fakeVoice();
        const world = await startSoftphone({ snapshot: { calls: [call] }, mustWait: false });
        await mountSoftphone({ withBus: false });
        return world;
    }

    test("Z21: the tab that carried the sound rejoins when the old leg has ended", async () => {
        const { softphone } = await reload(runningData());
        await waitFor(".o_telephony_call[data-voice=preparing]");
        expect.verifySteps([]);
        softphone.calls.onCall(runningData({ agent_connected: false }));
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["connect u-1"]);
    });

    test("the tab rejoins at once if the server already knows the loss", async () => {
        await reload(runningData({ agent_connected: false }));
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["connect u-1"]);
    });

    test("the tab offers a button if the server does not notice the loss", async () => {
        await reload(runningData());
        await waitFor(".o_telephony_call[data-voice=preparing]");
        await advanceTime(7000);
        await contains(".o_telephony_rejoin").click();
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["connect u-1"]);
    });

    test("Z21: after a crash the window opens by itself and offers to rejoin", async () => {
        fakeVoice();
        await startSoftphone({ snapshot: { calls: [runningData()] } });
        await mountSoftphone();
        await animationFrame();
        expect(".o_telephony_call").toHaveCount(0);
        sendBus("telephony/call_updated", runningData({ agent_connected: false }));
        await waitFor(".o_telephony_rejoin");
        expect(".o_telephony_call").toHaveCount(1);
    });

    test("the marker of an ended call is removed", async () => {
        browser.sessionStorage.setItem("telephony.voice", "u-9");
        fakeVoice();
        const { store } = await startSoftphone();
        expect(browser.sessionStorage.getItem("telephony.voice")).toBe(null);
        expect(store.session).toBe(null);
        expect.verifySteps([]);
    });

    test("leaving the page asks for a confirmation during a call only", async () => {
        const { softphone } = await startConversation();
        const leave = () => {
            const ev = new Event("beforeunload", { cancelable: true });
            window.dispatchEvent(ev);
            return ev.defaultPrevented;
        };
        expect(leave()).toBe(true);
        softphone.voiceSession.end();
        expect(leave()).toBe(false);
        expect.verifySteps(["leave"]);
    });
});

describe("several tabs", () => {
    test("a tab mirrors the call of another tab and sends its clicks to it", async () => {
        fakeVoice();
        await startSoftphone({ snapshot: { calls: [runningData()] } });
        await mountSoftphone();
        const owner = otherTab();
        const voice = { uuid: "u-1", state: "connected", isMuted: false, digits: "", warnings: [] };
        owner.send("voice", voice);
        await contains(".o_telephony_systray").click();
        await waitFor(".o_telephony_mirror");
        expect(".o_telephony_mirror").toHaveText("The audio of this call is in another tab.");
        expect(".o_telephony_rejoin").toHaveCount(0);
        await contains(".o_telephony_mute").click();
        await waitUntil(() => owner.heard.length);
        expect(owner.heard.at(-1)).toEqual({
            type: "command",
            payload: { uuid: "u-1", name: "mute", value: true },
        });
        owner.send("voice", { ...voice, isMuted: true });
        await waitFor(".o_telephony_mute[aria-pressed=true]");
        expect.verifySteps([]); // the sound of this tab is unchanged
    });

    test("the carrying tab performs the clicks of other tabs and answers a new tab", async () => {
        await startConversation();
        const other = otherTab();
        other.send("command", { uuid: "u-1", name: "mute", value: true });
        await waitFor(".o_telephony_mute[aria-pressed=true]");
        expect.verifySteps(["mute true"]);
        const saysMuted = () => other.heard.some(({ payload }) => payload.isMuted);
        await waitUntil(saysMuted);
        other.heard.length = 0;
        other.send("hello", {});
        await waitUntil(saysMuted);
    });

    test("a tab offers to rejoin after the carrying tab was closed", async () => {
        fakeVoice();
        await startSoftphone({ snapshot: { calls: [runningData()] } });
        await mountSoftphone();
        const owner = otherTab();
        owner.send("voice", { uuid: "u-1", state: "connected", isMuted: false, digits: "" });
        await contains(".o_telephony_systray").click();
        owner.send("bye", { uuid: "u-1" });
        sendBus("telephony/call_updated", runningData({ agent_connected: false }));
        await contains(".o_telephony_rejoin").click();
        await waitFor(".o_telephony_call[data-voice=connected]");
        expect.verifySteps(["connect u-1"]);
    });

    test("a tab offers to rejoin after the carrying tab has crashed", async () => {
        fakeVoice();
        const { store } = await startSoftphone({ snapshot: { calls: [runningData()] } });
        await mountSoftphone();
        const owner = otherTab();
        owner.send("voice", { uuid: "u-1", state: "connected", isMuted: false, digits: "" });
        await waitUntil(() => store.isMirror);
        sendBus("telephony/call_updated", runningData({ agent_connected: false }));
        await waitUntil(() => store.findCall("u-1").phase === "agent_lost");
        await advanceTime(800);
        expect(store.session).toBe(null);
        expect(store.needsRejoin).toBe(true);
    });

    test("a tab closes its sound when another one rejoins", async () => {
        const { store } = await startConversation();
        const other = otherTab();
        other.send("voice", { uuid: "u-1", state: "preparing", isMuted: false, digits: "" });
        await expect.waitForSteps(["leave"]);
        expect(store.isMirror).toBe(true);
        expect(browser.sessionStorage.getItem("telephony.voice")).toBe(null);
    });
});
