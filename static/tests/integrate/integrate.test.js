/**
 * The scripts of docs/integrate.md; dev/package_tests/test_example.py compares them with the page.
 */

import { expect, test, waitUntil } from "@odoo/hoot";
import { browser } from "@web/core/browser/browser";
import {
    contains,
    getMockEnv,
    getService,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    offerData,
    runningData,
    seen,
    sendBus,
    startConversation,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { callCustomer } from "./call_customer";
import { useExamples } from "./examples";
import { lastCallerService } from "./last_caller";

defineTelephony();
useExamples();

const NUMBER = "+32470123456";

function expectDial() {
    onRpc("telephony.call", "dial", ({ args, kwargs }) => {
        expect.step(`dial ${args[0]} for ${kwargs.res_model} ${kwargs.res_id}`);
        return runningData();
    });
}

test("a registered tab is shown, calls, gives way to the call, and survives a reload", async () => {
    fakeVoice();
    onRpc("example.ticket", "search_read", () => [
        { id: 5, name: "No sound", partner_id: [7, "Anna"] },
    ]);
    onRpc("res.partner", "read", () => [{ id: 7, phone: NUMBER }]);
    expectDial();
    const { softphone, store } = await startSoftphone();
    await mountSoftphone({ withBus: false });
    await contains(".o_telephony_systray").click();
    await contains(".o_telephony_tab_example_tickets").click();
    await seen(".o_example_tickets");
    expect(".o_telephony_tab_example_tickets").toHaveText("Tickets");
    expect(".o_telephony_tab_example_tickets").toHaveAttribute("aria-current", "true");
    store.setWindow({ panel: "keypad" });
    softphone.windowState.restore();
    expect(store.panel).toBe("example_tickets");
    await contains(".o_example_tickets button").click();
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps([`dial ${NUMBER} for example.ticket 5`, "connect u-1"]);
    expect(".o_example_tickets, .o_telephony_tab_example_tickets").toHaveCount(0);
});

test("a panel that is no longer registered is not restored", async () => {
    fakeVoice();
    const { softphone, store } = await startSoftphone();
    softphone.windowState.show("gone");
    softphone.windowState.restore();
    expect(store.panel).toBe("keypad");
});

test("a registered line is shown on the card, as a link to its record", async () => {
    fakeVoice();
    const tickets = [{ id: 5, name: "<b>No sound</b>" }];
    await startSoftphone({ snapshot: { offers: [offerData({}, { tickets })] } });
    await mountSoftphone({ withBus: false });
    await seen(".o_telephony_incoming");
    expect(".o_telephony_card_line .fa-ticket").toHaveCount(1);
    expect(".o_telephony_card_line button").toHaveText("<b>No sound</b>");
});

test("a registered button acts on the call", async () => {
    await startConversation({ withBus: false });
    patchWithCleanup(browser.navigator.clipboard, { writeText: (text) => expect.step(text) });
    await contains(".o_example_copy").click();
    expect.verifySteps([NUMBER]);
});

test("the loader calls from any component", async () => {
    fakeVoice();
    expectDial();
    await startSoftphone();
    await mountSoftphone({ withBus: false });
    await callCustomer(getMockEnv(), NUMBER, { resModel: "example.ticket", resId: 5 });
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps([`dial ${NUMBER} for example.ticket 5`, "connect u-1"]);
});

test("a service is started with the softphone, and receives bus messages", async () => {
    fakeVoice();
    await startSoftphone();
    await mountSoftphone();
    const last = getService("crm_telephony_example.last_caller");
    expect(lastCallerService.dependencies).toEqual(["bus_service"]);
    sendBus("telephony/offer_made", offerData({ customer: { ...callData().customer } }));
    await waitUntil(() => last.name);
    expect(last.name).toBe("Anna");
});
