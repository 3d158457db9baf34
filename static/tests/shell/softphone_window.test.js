import {
    advanceTime,
    animationFrame,
    describe,
    expect,
    press,
    queryFirst,
    queryRect,
    test,
} from "@odoo/hoot";
import { user } from "@web/core/user";
import { contains, getService, patchWithCleanup } from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    runningData,
    seen,
    startConversation,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { readScreen, WindowPlace } from "@crm_telephony/shell/window_place";

defineTelephony();

const WINDOW = ".o_telephony_softphone";
const DESKTOP = Object.freeze({ width: 1280, height: 720, top: 46 });
const LARGE = Object.freeze({ width: 2560, height: 1440, top: 46 });
const PHONE_SIDEWAYS = Object.freeze({ width: 700, height: 360, top: 46 });

/** @returns {WindowPlace} whose changes are stored nowhere */
function makePlace(chosen = {}) {
    patchWithCleanup(user, {
        settings: { telephony_window: chosen },
        setUserSettings: async (name, value) => expect.step(`${name} ${JSON.stringify(value)}`),
    });
    return new WindowPlace();
}

describe("place", () => {
    test("at first, the window uses the height of the screen, in the corner", () => {
        const place = makePlace(false);
        expect(place.getBox(DESKTOP)).toEqual({ end: 16, bottom: 16, width: 360, height: 642 });
        expect(place.getBox(LARGE).height).toBe(840);
        expect(place.getBox(DESKTOP, 400).end).toBe(400, { message: "beside the chat windows" });
    });

    test("the window stays within every screen, whatever was stored", () => {
        for (const chosen of [
            { end: 5000, bottom: 5000, width: 5000, height: 5000 },
            { end: 0, bottom: 0, width: 0, height: 0 },
            { end: "x", bottom: null, width: -3, height: NaN, other: 1 },
        ]) {
            for (const screen of [DESKTOP, LARGE, PHONE_SIDEWAYS]) {
                const box = makePlace(chosen).getBox(screen);
                expect(box.end).toBeGreaterThan(7);
                expect(box.bottom).toBeGreaterThan(7);
                expect(box.end + box.width).toBeLessThan(screen.width - 7);
                expect(box.bottom + box.height).toBeLessThan(screen.height - screen.top - 7);
                expect(box.width).toBeGreaterThan(319);
            }
        }
    });

    test("each edge moves alone, down to the smallest size", () => {
        const from = { end: 100, bottom: 100, width: 400, height: 500 };
        const after = (edges, toEnd, down) => {
            const place = makePlace({ ...from });
            place.resize(from, edges, toEnd, down, DESKTOP);
            return place.getBox(DESKTOP);
        };
        expect(after("start", -50, 0)).toEqual({ ...from, width: 450 });
        expect(after("end", 50, 0)).toEqual({ ...from, width: 450, end: 50 });
        expect(after("top", 0, -40)).toEqual({ ...from, height: 540 });
        expect(after("bottom", 0, 40)).toEqual({ ...from, height: 540, bottom: 60 });
        expect(after("end", -500, 0)).toEqual({ ...from, width: 320, end: 180 });
        expect(after("bottom", 0, -500)).toEqual({ ...from, height: 420, bottom: 180 });
        expect(after("top start", -5000, -5000)).toEqual({ ...from, width: 720, height: 566 });
    });

    test("notifications keep beside the window only where they would cover it", () => {
        const offset = (box, screen = DESKTOP) => WindowPlace.getCornerOffset(box, screen);
        expect(offset({ end: 16, bottom: 16, width: 360, height: 642 })).toBe(376);
        expect(offset({ end: 500, bottom: 16, width: 360, height: 642 })).toBe(0);
        expect(offset({ end: 16, bottom: 16, width: 360, height: 420 }, LARGE)).toBe(0);
        const narrow = { ...DESKTOP, width: 700 };
        expect(offset({ end: 16, bottom: 16, width: 360, height: 642 }, narrow)).toBe(0);
    });
});

test.tags("desktop");
test("Z21: the keyboard moves and resizes the window, and puts it back", async () => {
    makePlace();
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    const first = queryRect(WINDOW);
    expect(first.height).toBe(Math.min(840, window.innerHeight - readScreen().top - 32));
    expect(".o_telephony_put_back").toHaveCount(0);
    queryFirst(".o_telephony_grip").focus();
    await press("ArrowLeft");
    await press("ArrowLeft");
    await animationFrame();
    expect(queryRect(WINDOW).x).toBe(first.x - 40);
    await press(["shift", "ArrowDown"]);
    await press(["shift", "ArrowLeft"]);
    await animationFrame();
    expect(queryRect(WINDOW).height).toBe(first.height - 20);
    expect(queryRect(WINDOW).width).toBe(380);
    queryFirst(".o_telephony_resize").focus();
    await press("ArrowRight");
    await animationFrame();
    expect(queryRect(WINDOW).width).toBe(360);
    expect.verifySteps([]);
    await advanceTime(600);
    const end = window.innerWidth - first.right + 40;
    const stored = { end, bottom: 16, width: 360, height: first.height - 20 };
    expect.verifySteps([`telephony_window ${JSON.stringify(stored)}`]);
    await contains(".o_telephony_put_back").click();
    expect(queryRect(WINDOW)).toEqual(first);
    expect.verifySteps(["telephony_window false"]);
});

test.tags("desktop"); // a phone shows the window on the whole screen
test("Z21: the command palette puts a moved window back, and offers it only then", async () => {
    makePlace();
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    const first = queryRect(WINDOW);
    const COMMAND = ".o_command:contains(Put the phone window back)";
    const search = async () => {
        getService("command").openMainPalette({ searchValue: "phone window" });
        await seen(".o_command_palette");
        await advanceTime(300);
    };
    await search();
    expect(COMMAND).toHaveCount(0);
    await press("Escape");
    await animationFrame();
    queryFirst(".o_telephony_grip").focus();
    await press("ArrowLeft");
    await animationFrame();
    expect(queryRect(WINDOW).x).toBe(first.x - 20);
    await advanceTime(600);
    await search();
    await contains(COMMAND).click();
    await animationFrame();
    expect(queryRect(WINDOW)).toEqual(first);
    const stored = { end: window.innerWidth - first.right + 20, bottom: 16 };
    expect.verifySteps([`telephony_window ${JSON.stringify(stored)}`, "telephony_window false"]);
});

test("a window closed in the preferences opens with the keypad", async () => {
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_preferences_toggle").click();
    await seen(".o_telephony_preferences");
    expect(".o_telephony_header").toHaveText(/^Preferences/);
    await contains(".o_telephony_close").click();
    await contains(".o_telephony_systray").click();
    expect(".o_telephony_number_input").toHaveCount(1);
    expect(".o_telephony_header").toHaveText(/^Phone/);
});

test("the focus returns to the icon when Escape closes or minimizes the window", async () => {
    const { softphone } = await startConversation({ call: runningData() });
    await contains(".o_telephony_note").focus();
    await press("Escape");
    await animationFrame();
    expect(".o_telephony_bar").toHaveCount(1);
    expect(".o_telephony_systray").toBeFocused();
    softphone.voiceSession.end();
    softphone.store.removeCall("u-1");
    await contains(".o_telephony_expand").click();
    await contains(".o_telephony_number_input").focus();
    await press("Escape");
    await animationFrame();
    expect(WINDOW).toHaveCount(0);
    expect(".o_telephony_systray").toBeFocused();
    expect.verifySteps(["leave"]);
});
