import {
    advanceTime,
    animationFrame,
    describe,
    expect,
    press,
    queryAllTexts,
    test,
} from "@odoo/hoot";
import { serializeDateTime } from "@web/core/l10n/dates";
import { contains, onRpc } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    offerData,
    runningData,
    seen,
    startConversation,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { SHORTCUTS } from "@crm_telephony/core/shortcuts";

defineTelephony();

const { DateTime } = luxon;
const ago = (seconds) => serializeDateTime(DateTime.now().minus({ seconds }));
const running = (values = {}) => runningData({ answered_at: ago(5), ...values });
const keys = (letter) => press(["alt", "shift", letter]);

async function speak(values = {}) {
    const world = await startConversation({ call: running(values), withBus: false });
    onRpc("telephony.call", "set_hold", ({ args }) => {
        expect.step(`hold ${args[1]}`);
        return running(values);
    });
    onRpc("telephony.call", "hang_up", () => expect.step("hang up") || endedData());
    return world;
}

describe("shortcuts", () => {
    test("Z18 Z20: mute, hold and hang up work while a note is typed", async () => {
        await speak();
        await contains(".o_telephony_note").focus();
        await keys("s");
        await keys("h");
        await expect.waitForSteps(["mute true", "hold true"]);
        await keys("z");
        await expect.waitForSteps(["mute true", "hang up", "leave"]);
    });

    test("Z17: accept and decline show their shortcuts, and decline works", async () => {
        fakeVoice();
        const { store } = await startSoftphone({ snapshot: { offers: [offerData()] } });
        onRpc("telephony.call", "decline", () => expect.step("decline") || true);
        await mountSoftphone({ withBus: false });
        await seen(".o_telephony_incoming");
        expect(".o_telephony_accept").toHaveAttribute("title", "Accept (Alt+Shift+Y)");
        expect(".o_telephony_decline").toHaveAttribute("title", "Decline (Alt+Shift+R)");
        await keys("r");
        await expect.waitForSteps(["decline"]);
        await animationFrame();
        expect(store.offers).toHaveLength(0);
        await keys("r"); // nothing rings: nothing happens
        await animationFrame();
        expect.verifySteps([]);
    });

    test("Z17: of two calls, only the first one shows the shortcuts", async () => {
        fakeVoice();
        const offers = [offerData(), { ...offerData({ uuid: "u-2" }), id: 2 }];
        await startSoftphone({ snapshot: { offers } });
        await mountSoftphone();
        await seen(".o_telephony_decline");
        expect(".o_telephony_decline").toHaveCount(2);
        expect(".o_telephony_decline[title]").toHaveCount(1);
        expect(".o_telephony_accept[title]").toHaveCount(1);
    });

    test.tags("desktop");
    test("are shown on the buttons and in a list that Escape closes", async () => {
        await speak();
        expect(".o_telephony_mute").toHaveAttribute("title", "Mute (Alt+Shift+S)");
        expect(".o_telephony_hold").toHaveAttribute("aria-keyshortcuts", "Alt+Shift+H");
        expect(".o_telephony_hang_up").toHaveAttribute("title", "Hang up (Alt+Shift+Z)");
        await contains(".o_telephony_shortcuts_toggle:visible").click();
        await seen(".o_telephony_shortcuts");
        expect(".o_telephony_shortcut").toHaveCount(Object.keys(SHORTCUTS).length);
        expect(queryAllTexts(".o_telephony_shortcut[data-shortcut=hold] kbd")).toEqual([
            ...["Alt", "Shift", "H"],
        ]);
        await press("Escape");
        await animationFrame();
        expect(".o_telephony_shortcuts").toHaveCount(0);
        expect(".o_telephony_call").toHaveCount(1);
    });

    test("use different keys from each other and from Odoo", () => {
        const all = Object.values(SHORTCUTS).map(({ hotkey }) => hotkey);
        expect(new Set(all).size).toBe(all.length);
        const taken = [..."adgimnoqtuvx4"].map((key) => `alt+shift+${key}`);
        expect(all.filter((hotkey) => taken.includes(hotkey))).toEqual([]);
    });

    test("Z20: a panel that replaces a button gets the focus", async () => {
        await speak();
        document.activeElement.blur();
        await keys("z");
        await seen(".o_telephony_ended");
        expect(".o_telephony_ended").toBeFocused();
        expect.verifySteps(["mute true", "hang up", "leave"]);
    });
});

describe("hold", () => {
    test("Z18: the time on hold is shown, with a reminder every two minutes", async () => {
        const { softphone } = await speak();
        softphone.calls.onCall(running({ on_hold: true, on_hold_since: ago(100) }));
        await seen(".o_telephony_hold_time");
        expect(".o_telephony_hold_time").toHaveText(/^1:4\d$/);
        expect(".o_telephony_hold_reminder").toHaveCount(0);
        await advanceTime(25_000);
        await animationFrame();
        expect(".o_telephony_hold_reminder").toHaveText(
            "The customer has been on hold for 2 minutes."
        );
        await advanceTime(120_000);
        await animationFrame();
        expect(".o_telephony_hold_reminder").toHaveText(/for 4 minutes/);
        await contains(".o_telephony_minimize").click();
        expect(".o_telephony_bar .o_telephony_hold_time").toHaveClass("text-bg-warning");
        expect(".o_telephony_bar .o_telephony_hold_time").toHaveText(/^4:0\d$/);
        softphone.calls.onCall(running({ on_hold: false, on_hold_since: false }));
        await animationFrame();
        expect(".o_telephony_hold_time").toHaveCount(0);
    });
});
