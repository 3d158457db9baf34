import { animationFrame, expect, test } from "@odoo/hoot";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    seen,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind, VoiceState } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";

class Sentence extends models.Model {
    _name = "telephony.sentence";

    text = fields.Text();

    _records = [
        { id: 1, text: "Thank you." },
        { id: 2, text: "You are number 3." },
    ];
}

defineTelephony();
defineModels([Sentence]);

const FIRST = "tr:nth-child(1) .o_telephony_play_sentence";
const SECOND = "tr:nth-child(2) .o_telephony_play_sentence";

async function openTable(options) {
    const voice = fakeVoice();
    const world = await startSoftphone(options);
    onRpc("telephony.sentence", "play", ({ args }) => ({ uuid: `sentence-${args[0]}` }));
    onRpc("telephony.sentence", "web_save", ({ args }) => expect.step(`save ${args[1].text}`));
    await mountView({
        type: "list",
        resModel: "telephony.sentence",
        arch: `<list editable="bottom"><field name="text"/><widget name="telephony_play_sentence"/></list>`,
    });
    return { ...world, voice };
}

test("a sentence is played with the microphone muted, and ends by itself", async () => {
    const { voice } = await openTable();
    await contains(FIRST).click();
    await seen(`${FIRST} .fa-stop`);
    expect(`${SECOND} .fa-play`).toHaveCount(1);
    expect(FIRST).toHaveAttribute("aria-label", "Stop");
    expect.verifySteps(["connect sentence-1", "mute true"]);
    voice.handlers.onState(VoiceState.LOST);
    await seen(`${FIRST} .fa-play`);
    expect(".o_telephony_play_error").toHaveCount(0);
    expect.verifySteps([]);
});

test("a click stops it, and another sentence replaces it", async () => {
    await openTable();
    await contains(FIRST).click();
    await seen(`${FIRST} .fa-stop`);
    await contains(FIRST).click();
    await seen(`${FIRST} .fa-play`);
    expect.verifySteps(["connect sentence-1", "mute true", "leave"]);
    await contains(FIRST).click();
    await contains(SECOND).click();
    await seen(`${SECOND} .fa-stop`);
    expect(`${FIRST} .fa-play`).toHaveCount(1);
    expect.verifySteps([
        "connect sentence-1",
        "mute true",
        "leave",
        "connect sentence-2",
        "mute true",
    ]);
    await contains(SECOND).click();
    expect.verifySteps(["leave"]);
});

test("what is being typed is saved before it is played", async () => {
    await openTable();
    await contains("tr:nth-child(1) td[name=text]").click();
    await contains("tr:nth-child(1) textarea").edit("Goodbye.", { confirm: false });
    await contains(FIRST).click();
    await seen(`${FIRST} .fa-stop`);
    expect.verifySteps(["save Goodbye.", "connect sentence-1", "mute true"]);
    await contains(FIRST).click();
    expect.verifySteps(["leave"]);
});

test("a refusal of the server and a failure of the sound are explained", async () => {
    const { voice } = await openTable();
    onRpc("telephony.sentence", "play", () => {
        throw userError("Switch to the company Beta to hear this sentence.");
    });
    await contains(FIRST).click();
    await seen(".o_telephony_play_error");
    expect("tr:nth-child(1) .o_telephony_play_error").toHaveText(
        "Switch to the company Beta to hear this sentence."
    );
    onRpc("telephony.sentence", "play", () => ({ uuid: "sentence-2" }));
    voice.connectErrors = [new VoiceError(VoiceErrorKind.MIC_MISSING)];
    await contains(SECOND).click();
    await seen("tr:nth-child(2) .o_telephony_play_error");
    expect("tr:nth-child(2) .o_telephony_play_error").toHaveText(/No microphone was found/);
    expect("tr:nth-child(1) .o_telephony_play_error").toHaveCount(0);
    expect.verifySteps(["connect sentence-2"]);
});

test("a call blocks the playback, with the reason", async () => {
    const { store } = await openTable();
    await contains(FIRST).click();
    await seen(`${FIRST} .fa-stop`);
    expect.verifySteps(["connect sentence-1", "mute true"]);
    store.applyCall(callData({ uuid: "uuid-9" }));
    await seen(`${FIRST} .fa-play`);
    // The sound belongs to the call now.
    expect.verifySteps([]);
    expect(FIRST).toHaveAttribute("aria-disabled", "true");
    await contains(FIRST).click();
    await animationFrame();
    expect(".o_notification").toHaveText(/You are in a call/);
    expect.verifySteps([]);
});

test("who does not telephone is told why nothing is played", async () => {
    await openTable({ isPhoneUser: false });
    await contains(FIRST).click();
    await animationFrame();
    expect(".o_notification").toHaveText(/Only phone users/);
    expect.verifySteps([]);
});
