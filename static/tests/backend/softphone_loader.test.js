/** The loading of the softphone, and what users see when it fails. */

import { advanceTime, after, Deferred, expect, test, tick, waitForNone } from "@odoo/hoot";
import { startBusService } from "@bus/../tests/bus_test_helpers";
import { AssetsLoadingError } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { WebClient } from "@web/webclient/webclient";
import {
    contains,
    defineModels,
    fields,
    getService,
    mockService,
    models,
    mountView,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    runningData,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import {
    LOADER_NAME,
    SERVICE_NAME,
    softphoneServices,
} from "@crm_telephony/backend/softphone_loader";

class Shop extends models.Model {
    _name = "shop";

    phone = fields.Char();
    greeting = fields.Binary();

    _records = [{ id: 1, phone: "0470 12 34 56" }];
}

defineTelephony();
defineModels([Shop]);

const FAILURE = ".o_telephony_load_failure";

/** Replace the loading of bundles by one that steps each bundle, and fails while `isBroken`. */
function fakeBundles({ isBroken = false } = {}) {
    const server = { isBroken };
    const loadBundle = async (name) => {
        expect.step(`load ${name}`);
        if (server.isBroken) {
            throw new AssetsLoadingError("The loading failed");
        }
    };
    return Object.assign(server, { loadBundle });
}

/** Replace a service of the bundle before the loader passes it to Odoo. */
function mockSoftphoneService(name, start, dependencies = []) {
    const original = softphoneServices.get(name);
    softphoneServices.add(name, { dependencies, start }, { force: true });
    after(() => softphoneServices.add(name, original, { force: true }));
}

test("users who are not phone users load no bundle", async () => {
    const { loadBundle } = fakeBundles();
    await startSoftphone({ isPhoneUser: false, loadBundle });
    expect(getService(SERVICE_NAME)).toBe(undefined);
    expect.verifySteps([]);
});

test("a phone user loads the bundle once, and Odoo starts its services", async () => {
    fakeVoice();
    const { loadBundle } = fakeBundles();
    const { softphone } = await startSoftphone({ loadBundle });
    expect(await getService(LOADER_NAME).load()).toBe(softphone);
    expect(registry.category("systray").contains("crm_telephony.softphone")).toBe(true);
    expect.verifySteps(["load crm_telephony.assets_softphone"]);
});

test("the phone comes with the right and goes with it, without a reload", async () => {
    fakeVoice();
    const world = await startSoftphone({ isPhoneUser: false });
    await mountWithCleanup(WebClient);
    await startBusService();
    expect(".o_telephony_systray").toHaveCount(0);

    sendBus("telephony/rights_changed", {});
    await tick();
    expect(getService(SERVICE_NAME)).toBe(undefined);

    world.isPhoneUser = true;
    sendBus("telephony/rights_changed", {});
    await seen(".o_telephony_systray[data-presence=available]");
    await seen(".o_notification:contains(You are a phone user now)");
    await contains(".o_telephony_systray").click();
    await seen(".o_telephony_softphone");

    world.isPhoneUser = false;
    sendBus("telephony/rights_changed", {});
    await seen(".o_notification:contains(no longer a phone user)");
    await waitForNone(".o_telephony_systray");
    expect(".o_telephony_softphone").toHaveCount(0);

    world.isPhoneUser = true;
    sendBus("telephony/rights_changed", {});
    await seen(".o_telephony_systray[data-presence=available]");
});

test("a conversation stays on the screen when the right is lost", async () => {
    fakeVoice();
    const call = runningData({ via: "phone" });
    const world = await startSoftphone({ snapshot: { calls: [call] } });
    await mountWithCleanup(WebClient);
    await startBusService();
    await seen(".o_telephony_systray[data-presence=in_call]");
    world.isPhoneUser = false;
    sendBus("telephony/rights_changed", {});
    await seen(".o_notification:contains(no longer a phone user)");
    expect(".o_telephony_systray").toHaveCount(1);
});

test("a part of the softphone can be replaced as any service", async () => {
    fakeVoice();
    mockService("telephony.followUps", () => ({ isReplaced: true }));
    const { softphone } = await startSoftphone();
    expect(softphone.followUps.isReplaced).toBe(true);
    expect(softphone.dueCalls._parts.followUps.isReplaced).toBe(true);
});

test("a bundle that cannot be loaded is explained, and loaded with a click", async () => {
    fakeVoice();
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    await mountWithCleanup(WebClient);
    await seen(FAILURE);
    expect(FAILURE).toHaveAttribute("aria-label", /no calls/);
    await contains(FAILURE).click();
    expect(FAILURE).toHaveCount(1);
    bundles.isBroken = false;
    await contains(FAILURE).click();
    await seen(".o_telephony_systray[data-presence=available]");
    expect(FAILURE).toHaveCount(0);
    expect.verifySteps(Array(3).fill("load crm_telephony.assets_softphone"));
});

test("a service that throws is explained, and started with a click", async () => {
    fakeVoice();
    const broken = { isBroken: true };
    mockSoftphoneService("telephony.followUps", () => {
        if (broken.isBroken) {
            throw new Error("broken");
        }
        return { isMended: true };
    });
    await startSoftphone();
    await mountWithCleanup(WebClient);
    await seen(FAILURE);
    expect(getService(SERVICE_NAME)).toBe(undefined);
    const store = getService("telephony.store");
    broken.isBroken = false;
    await contains(FAILURE).click();
    await seen(".o_telephony_systray[data-presence=available]");
    expect(FAILURE).toHaveCount(0);
    const softphone = getService(SERVICE_NAME);
    expect(softphone.followUps.isMended).toBe(true);
    expect(softphone.store).toBe(store);
});

test("a service without its dependency is explained", async () => {
    mockSoftphoneService("telephony.followUps", () => ({}), ["telephony.absent"]);
    await startSoftphone();
    await mountWithCleanup(WebClient);
    await seen(FAILURE);
});

test("the icon has its place while the softphone is being loaded, and a click is kept", async () => {
    fakeVoice();
    const loading = new Deferred();
    await startSoftphone({ loadBundle: () => loading, mustAwaitLoading: false });
    await mountWithCleanup(WebClient);
    await seen(".o_telephony_systray[data-presence=connecting]");
    const place = () =>
        [...document.querySelectorAll(".o_menu_systray > *")].findIndex((item) =>
            item.querySelector(".o_telephony_systray")
        );
    const before = place();
    await contains(".o_telephony_systray").click();
    expect(".o_telephony_systray").toHaveAttribute("aria-expanded", "true");
    loading.resolve();
    await seen(".o_telephony_softphone");
    await seen(".o_telephony_systray[data-presence=available]");
    expect(place()).toBe(before);
    expect(".o_telephony_systray").toHaveCount(1);
});

test("a bundle that cannot be loaded is loaded later without a click", async () => {
    fakeVoice();
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    await advanceTime(2000);
    await advanceTime(2000);
    expect.verifySteps(Array(2).fill("load crm_telephony.assets_softphone"));
    bundles.isBroken = false;
    await advanceTime(2000);
    expect.verifySteps(["load crm_telephony.assets_softphone"]);
    expect(Boolean(getService(SERVICE_NAME))).toBe(true);
});

test("a bundle that cannot be loaded is loaded when the browser is online again", async () => {
    fakeVoice();
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    bundles.isBroken = false;
    expect.verifySteps(["load crm_telephony.assets_softphone"]);
    browser.dispatchEvent(new Event("online"));
    expect.verifySteps(["load crm_telephony.assets_softphone"]);
    await getService(LOADER_NAME).load();
    browser.dispatchEvent(new Event("online"));
    expect.verifySteps([]);
});

test("a click on a number without the softphone offers to try again", async () => {
    fakeVoice();
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    onRpc("telephony.call", "dial", ({ args }) => expect.step(`dial ${args[0]}`) || callData());
    await mountView({
        type: "form",
        resModel: "shop",
        resId: 1,
        arch: `<form><field name="phone" widget="phone"/></form>`,
    });
    await contains(".o_telephony_phone_call").click();
    await seen(".o_notification:contains(could not be loaded)");
    bundles.isBroken = false;
    await contains(".o_notification button:contains(Try again)").click();
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps([
        ...Array(3).fill("load crm_telephony.assets_softphone"),
        "dial 0470 12 34 56",
        "connect u-1",
    ]);
});

test("a page that cannot be loaded is explained, and loaded with a click", async () => {
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ isPhoneUser: false, loadBundle: bundles.loadBundle });
    onRpc("telephony.queue", "board", () => {
        throw userError("Not now.");
    });
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "crm_telephony.board" });
    expect(`.o_action_manager ${FAILURE}`).toHaveText(/could not be loaded/);
    expect.verifySteps(["load crm_telephony.assets_softphone"]);
    bundles.isBroken = false;
    await contains(`.o_action_manager ${FAILURE} button`).click();
    await seen(".o_telephony_board");
    expect.verifySteps([
        "load crm_telephony.assets_softphone",
        "load crm_telephony.assets_client_actions",
    ]);
});

test("a part of a form that cannot be loaded is explained, and loaded with a click", async () => {
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    onRpc("telephony.account", "get_started", () => ({
        is_done: false,
        ask: false,
        can_test: false,
        lines: [{ name: "me", title: "Me", sentence: "", is_done: false, button: false }],
    }));
    await mountView({
        type: "form",
        resModel: "shop",
        resId: 1,
        arch: `<form><widget name="telephony_get_started"/></form>`,
    });
    expect(`.o_form_view ${FAILURE}`).toHaveText(/This part of the page could not be loaded/);
    bundles.isBroken = false;
    await contains(`.o_form_view ${FAILURE} button`).click();
    await seen(".o_form_view .o_telephony_get_started");
    expect(FAILURE).toHaveCount(0);
    expect.verifySteps(Array(3).fill("load crm_telephony.assets_softphone"));
});

test("the field of a sound that cannot be loaded is loaded with a click", async () => {
    const bundles = fakeBundles({ isBroken: true });
    await startSoftphone({ loadBundle: bundles.loadBundle });
    await mountView({
        type: "form",
        resModel: "shop",
        resId: 1,
        arch: `<form><field name="greeting" widget="telephony_sound_file"/></form>`,
    });
    bundles.isBroken = false;
    await contains(`.o_form_view ${FAILURE} button`).click();
    await seen(".o_form_view .o_telephony_sound_file");
    expect(FAILURE).toHaveCount(0);
    expect.verifySteps([
        ...Array(3).fill("load crm_telephony.assets_softphone"),
        "load crm_telephony.assets_client_actions",
    ]);
});
