import {
    advanceTime,
    animationFrame,
    describe,
    expect,
    mockDate,
    test,
    waitForNone,
    waitUntil,
} from "@odoo/hoot";
import { startBusService } from "@bus/../tests/bus_test_helpers";
import {
    contains,
    defineModels,
    fields,
    getService,
    models,
    mockService,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    AGENT,
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    mountSoftphone,
    NO_CHANGES,
    seen,
    sendBus,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { Reach } from "@crm_telephony/core/constants";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";

class Agent extends models.Model {
    _name = "agent";

    state = fields.Selection({
        selection: [
            ["offline", "Offline"],
            ["available", "Available"],
            ["in_call", "In a Call"],
        ],
    });

    _records = [
        { id: 1, state: "available" },
        { id: 2, state: "offline" },
    ];
}

defineTelephony();
defineModels([Agent]);

/** Answer `renew_lease` with `world.lease`; an error in it is thrown. */
async function start(snapshot = {}) {
    fakeVoice();
    const world = await startSoftphone({ snapshot });
    world.lease = { expires_at: "2026-11-22 14:30:00", reachable: true };
    world.words = [];
    onRpc("telephony.agent", "renew_lease", ({ args }) => {
        world.words.push(args[1]);
        if (world.lease instanceof Error) {
            throw world.lease;
        }
        return world.lease;
    });
    await mountSoftphone();
    await contains(".o_telephony_systray").click();
    return world;
}

describe("reachability", () => {
    test("a page without bus messages shows a warning and recovers by itself", async () => {
        const world = await start();
        expect(".o_telephony_systray").toHaveAttribute("data-presence", "available");
        expect(".o_telephony_unreachable").toHaveCount(0);

        world.lease.reachable = false;
        await world.softphone.lease.renew();
        await seen(".o_telephony_unreachable");
        expect(".o_telephony_unreachable").toHaveText(/cannot receive calls/);
        expect(".o_telephony_status").toHaveText("Disconnected");
        expect(".o_telephony_systray").toHaveAttribute("data-presence", "unreachable");
        expect(world.words).not.toInclude("abc");

        const { clientUuid } = world.softphone.lease;
        sendBus("telephony/lease", { client_uuid: clientUuid, word: "abc" });
        await waitUntil(() => world.softphone.lease.word === "abc");
        world.lease.reachable = true;
        await advanceTime(1000);
        await waitForNone(".o_telephony_unreachable");
        expect(world.words.at(-1)).toBe("abc");
    });

    test("an expired lease shows a warning, a single failed renewal does not", async () => {
        mockDate("2026-11-22 14:28:00", 0);
        const world = await start();
        // A connection that comes later renews the lease once more.
        await waitUntil(() => getService("bus_service").workerState === "CONNECTED");
        world.lease = {
            expires_at: "2026-11-22 14:29:40",
            now: "2026-11-22 14:28:00",
            reachable: true,
        };
        await world.softphone.lease.renewing; // begun before the answer was set
        await world.softphone.lease.renew();
        world.lease = new Error("away");
        await world.softphone.lease.renew();
        await animationFrame();
        expect(".o_telephony_unreachable").toHaveCount(0);
        mockDate("2026-11-22 14:35:00", 0);
        await world.softphone.lease.renew();
        await seen(".o_telephony_unreachable");
        expect(".o_telephony_unreachable").toHaveText(/cannot reach the server/);
    });

    test("a page that opens shows that it connects until its lease is known", async () => {
        const store = new SoftphoneStore();
        expect(store.presence).toBe("connecting");
        store.applyAgent({ ...AGENT, state: "unreachable" });
        expect(store.presence).toBe("connecting");
        expect(store.isUnreachable).toBe(false);
        store.setStarted();
        expect(store.presence).toBe("unreachable");
        expect(store.isUnreachable).toBe(true);
    });

    test("a state from before the lease is read again when the page opens", async () => {
        fakeVoice();
        const { store } = await startSoftphone({
            snapshot: { agent: { ...AGENT, state: "unreachable" } },
            changes: { agent: { ...AGENT }, ...NO_CHANGES },
        });
        expect(store.hasStarted).toBe(true);
        expect(store.presence).toBe("available");
    });

    test("custom phones and offline users are never shown as unreachable", async () => {
        for (const values of [{ call_via: "phone" }, { status: "offline", state: "offline" }]) {
            const store = new SoftphoneStore();
            store.agent = { ...AGENT, ...values };
            store.reach = Reach.BUS;
            expect(store.isUnreachable).toBe(false);
        }
    });
});

describe("alerts", () => {
    test("a user who is set offline sees a message until it is read", async () => {
        await start();
        const message = "You did not answer 2 calls in a row, so you are offline now.";
        sendBus("telephony/set_offline", { message });
        sendBus("telephony/agent_updated", { ...AGENT, status: "offline", state: "offline" });
        await seen(".o_notification");
        expect(".o_notification_content").toHaveText(message);
        await advanceTime(60_000);
        expect(".o_notification").toHaveCount(1);
        expect(".o_telephony_status").toHaveText("Offline");
    });

    test("a missed call is counted and called back with one click", async () => {
        const world = await start();
        onRpc("telephony.call", "dial", ({ args }) => {
            expect.step(`dial ${args[0]}`);
            return callData({ uuid: "u-2" });
        });
        const missed = endedData({
            direction: "incoming",
            outcome: "missed",
            answered_at: false,
            ended_at: "2026-11-22 14:29:00",
        });
        world.snapshot.recent = [missed];
        sendBus("telephony/call_missed", missed);
        await seen(".o_telephony_missed_alert");
        expect(".o_telephony_missed_alert .o_notification_content").toHaveText(
            "Missed call from Anna"
        );
        await seen(".o_telephony_counter");
        expect(".o_telephony_counter").toHaveText("1");
        await contains(".o_telephony_missed_alert .o_notification_buttons button").click();
        await seen(".o_telephony_call[data-voice=connected]");
        expect(".o_telephony_missed_alert").toHaveCount(0);
        expect.verifySteps(["dial +32470123456", "connect u-2"]);
    });

    test("a hidden caller cannot be called back", async () => {
        await start();
        const customer = { number: false, number_display: "Hidden number", name: false };
        sendBus("telephony/call_missed", endedData({ direction: "incoming", customer }));
        await seen(".o_telephony_missed_alert");
        expect(".o_telephony_missed_alert .o_notification_content").toHaveText(
            "Missed call from Hidden number"
        );
        expect(".o_telephony_missed_alert .o_notification_buttons button").toHaveCount(0);
    });

    test("Z03: a voice message is opened from its alert", async () => {
        mockService("action", {
            doAction({ res_model, res_id }) {
                expect.step(`open ${res_model} ${res_id}`);
            },
        });
        await start();
        sendBus("telephony/voicemail_received", {
            call: endedData({ direction: "incoming", outcome: "voicemail" }),
            recording_id: 9,
            duration: 65,
        });
        await seen(".o_telephony_voicemail_alert");
        expect(".o_telephony_voicemail_alert .o_notification_content").toHaveText(
            "Voicemail from Anna (1:05)"
        );
        await contains(".o_telephony_voicemail_alert .o_notification_buttons button").click();
        expect.verifySteps(["open telephony.recording 9"]);
    });

    test("a changed right takes effect without a reload", async () => {
        const world = await start({ can_call: false, cannot_call_reason: "No number." });
        expect(".o_telephony_blocked").toHaveText("No number.");
        Object.assign(world.snapshot, { can_call: true, cannot_call_reason: false });
        sendBus("telephony/rights_changed", {});
        await waitForNone(".o_telephony_blocked");
    });
});

describe("colleagues", () => {
    test("their state is an icon and a word, and is updated by the bus", async () => {
        await startSoftphone({ isPhoneUser: false });
        await mountView({
            type: "list",
            resModel: "agent",
            arch: `<list><field name="state" widget="telephony_agent_state"/></list>`,
        });
        await startBusService();
        const state = ".o_telephony_agent_state";
        expect(`${state}:first`).toHaveText("Available");
        expect(`${state}:last`).toHaveAttribute("data-state", "offline");
        sendBus("telephony/agent_state", { id: 1, state: "in_call" });
        await seen(`${state}[data-state=in_call]`);
        expect(`${state}:first`).toHaveText("In a Call");
        expect(`${state}:last`).toHaveText("Offline");
    });
});
