import { animationFrame, describe, expect, mockDate, queryAllTexts, test } from "@odoo/hoot";
import { contains, onRpc } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    fakeVoice,
    mountSoftphone,
    offerData,
    seen,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

const MATCHES = [
    { id: 7, name: "Anna", company_name: "Azure" },
    { id: 8, name: "Zoe", company_name: false },
];
const ACTIVITY = { icon: "fa-phone", user_name: "Me" };
const CARD = {
    matches: MATCHES,
    activities: [
        {
            ...ACTIVITY,
            id: 1,
            name: "Send the offer",
            date: "2026-11-20",
            record: { model: "crm.lead", id: 3, name: "Desks" },
        },
        {
            ...ACTIVITY,
            id: 2,
            name: "Call again",
            date: "2026-11-25",
            record: { model: "res.partner", id: 7, name: "Anna" },
        },
    ],
    route: ["Call to Sales.", "Rings at Ana."],
};
const zoned = (timezone, values = {}) => ({
    customer: { ...callData().customer, timezone },
    ...values,
});

async function ring(values = {}, card = {}) {
    mockDate("2026-11-22 14:30:00");
    fakeVoice();
    const world = await startSoftphone({ snapshot: { offers: [offerData(values, card)] } });
    await mountSoftphone({ withBus: false });
    await seen(".o_telephony_incoming");
    return world;
}

describe("a ringing call", () => {
    test("Z17: local time, waiting time, activities and the route are shown", async () => {
        await ring(zoned("America/New_York"), CARD);
        expect(".o_telephony_local_time").toHaveText(/^Local time .+/);
        expect(".o_telephony_waiting .o_telephony_timer").toHaveCount(1);
        expect(".o_telephony_card_activity").toHaveCount(2);
        expect(".o_telephony_card_activity:eq(0)").toHaveAttribute("data-late", "1");
        expect(".o_telephony_card_activity:eq(0)").toHaveText(/Send the offer\s*overdue since/);
        expect(".o_telephony_card_activity:eq(1)").toHaveAttribute("data-late", "0");
        await contains(".o_telephony_route summary").click();
        expect(queryAllTexts(".o_telephony_route li")).toEqual(CARD.route);
    });

    test("the verification, the dialed number, and an unknown caller's place are shown", async () => {
        const network = { name: "<b>ACME</b>", city: "Toronto", country: "Canada", country_id: 38 };
        const customer = { ...callData().customer, name: false, partner_id: false, network };
        const { store } = await ring({
            customer,
            attestation: "verified",
            diverted_from: "+32 2 555 01 99",
        });
        expect(".o_telephony_attestation").toHaveText(/^Number verified/);
        expect(".o_telephony_attestation").toHaveAttribute("title", /carrier confirms/);
        expect(".o_telephony_network_name").toHaveText("Shown as <b>ACME</b>");
        expect(".o_telephony_place").toHaveText("Toronto, Canada");
        expect(".o_telephony_diverted").toHaveText("Diverted from +32 2 555 01 99");
        for (const [attestation, text] of [
            ["unverified", /^Number not verified/],
            ["failed", /^Number verification failed/],
        ]) {
            store.offers[0].call.attestation = attestation;
            await animationFrame();
            expect(".o_telephony_attestation").toHaveText(text);
            expect(".o_telephony_attestation").toHaveAttribute("data-attestation", attestation);
        }
        Object.assign(store.offers[0].call, { attestation: false, diverted_from: false });
        store.offers[0].call.customer.network = false;
        await animationFrame();
        expect(".o_telephony_attestation, .o_telephony_place, .o_telephony_diverted").toHaveCount(
            0
        );
    });

    test("Z17: the local time marks the night and is hidden without a time zone", async () => {
        const { store } = await ring(zoned("Europe/Brussels"));
        const hour = luxon.DateTime.now().setZone("Europe/Brussels").hour;
        const zone = `UTC${hour >= 12 ? "+" : "-"}8`;
        store.offers[0].call.customer.timezone = zone;
        await animationFrame();
        const there = luxon.DateTime.now().setZone(zone).hour;
        const isNight = there >= 21 || there < 7;
        expect(`.o_telephony_local_time .fa-moon-o`).toHaveCount(isNight ? 1 : 0);
        store.offers[0].call.customer.timezone = false;
        await animationFrame();
        expect(".o_telephony_local_time").toHaveCount(0);
    });

    test("Z17: one of several contacts is chosen before the call is answered", async () => {
        const { store } = await ring({}, CARD);
        onRpc("telephony.call", "choose_contact", ({ args }) => {
            expect.step(`choose ${args[1]}`);
            const customer = { ...callData().customer, name: "Zoe", partner_id: 8 };
            return {
                call: callData({ direction: "incoming", state: "ringing", customer }),
                card: { matches: MATCHES, opportunities: [{ id: 9, name: "Chairs" }] },
            };
        });
        expect(".o_telephony_match[aria-pressed=true]").toHaveText(/Anna/);
        await contains(".o_telephony_match[data-id='8']").click();
        await animationFrame();
        expect.verifySteps(["choose 8"]);
        expect(".o_telephony_incoming .o_telephony_name").toHaveText("Zoe");
        expect(".o_telephony_match[aria-pressed=true]").toHaveText(/Zoe/);
        expect(".o_telephony_opportunities").toHaveText(/Chairs/);
        expect(store.calls).toHaveLength(0); // the call is still ringing
    });

    test("an error is shown on the card", async () => {
        await ring({}, CARD);
        onRpc("telephony.call", "choose_contact", () => {
            throw userError("This contact does not have the number of the call.");
        });
        await contains(".o_telephony_match[data-id='8']").click();
        await seen(".o_telephony_matches .o_telephony_field_error");
        expect(".o_telephony_match[aria-pressed=true]").toHaveText(/Anna/);
    });
});

describe("in a call", () => {
    test("Z17: the card is also read for outgoing calls and can be expanded", async () => {
        fakeVoice();
        const call = callData({ state: "in_progress", agent_connected: true });
        const world = await startSoftphone({ snapshot: { calls: [call] } });
        onRpc("telephony.call", "get_card", ({ args }) => {
            expect.step(`card ${args[0]}`);
            return { last_call: false, opportunities: [{ id: 3, name: "Desks", stage: "New" }] };
        });
        await mountSoftphone({ withBus: false });
        await contains(".o_telephony_systray").click();
        await seen(".o_telephony_caller_card");
        expect(".o_telephony_caller_card").not.toHaveAttribute("open");
        await contains(".o_telephony_caller_card_toggle").click();
        expect(".o_telephony_opportunities").toHaveText(/Desks\s*New/);
        expect.verifySteps(["card u-1"]);
        const customer = { ...call.customer, partner_id: 8 };
        world.softphone.calls.onCall({ ...call, customer });
        await expect.waitForSteps(["card u-1"]);
    });

    test("without a card there is nothing to expand", async () => {
        fakeVoice();
        const call = callData({ state: "in_progress", agent_connected: true });
        await startSoftphone({ snapshot: { calls: [call] } });
        onRpc("telephony.call", "get_card", () => {
            expect.step("card");
            throw userError("This is not your call.");
        });
        await mountSoftphone({ withBus: false });
        await contains(".o_telephony_systray").click();
        await expect.waitForSteps(["card"]);
        await animationFrame();
        expect(".o_telephony_call").toHaveCount(1);
        expect(".o_telephony_caller_card").toHaveCount(0);
    });
});
