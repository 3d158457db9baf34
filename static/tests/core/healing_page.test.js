import { advanceTime, animationFrame, expect, test, waitFor } from "@odoo/hoot";
import { contains, onRpc } from "@web/../tests/web_test_helpers";
import {
    callData,
    defineTelephony,
    endedData,
    fakeVoice,
    liveRow,
    mountSoftphone,
    NO_CHANGES,
    offerData,
    runningData,
    startConversation,
    startSoftphone,
} from "@crm_telephony/../tests/telephony_test_helpers";

defineTelephony();

/** Advance the time by steps, because each answer of the server may start a new wait. */
async function pass(seconds) {
    for (let second = 0; second < seconds; second++) {
        await advanceTime(1000);
    }
}

/** Give the server changes that the bus has not delivered, and count the requests. */
function knowsMore(world, calls) {
    world.asked = [];
    world.changes = (known) => {
        world.asked.push(known);
        const isKnown = ({ uuid, revision }) => known.calls[uuid] === revision;
        return {
            ...NO_CHANGES,
            agent: world.store.agent,
            calls: calls.filter((call) => call.state === "ended" || !isKnown(call)),
        };
    };
}

test("a lost confirmation of an accepted call is read once from the server", async () => {
    const taken = { direction: "incoming", state: "ringing", revision: 5 };
    fakeVoice();
    const world = await startSoftphone({ snapshot: { offers: [offerData({ revision: 3 })] } });
    onRpc("telephony.call", "accept", () => ({ accepted: true, call: callData(taken) }));
    await mountSoftphone({ withBus: false });
    await contains(".o_telephony_accept").click();
    await waitFor(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["connect u-1"]);
    expect(".o_telephony_state").toHaveText("Connecting…");
    expect(".o_telephony_hold").not.toBeEnabled();

    // The conversation runs, and its message was lost.
    knowsMore(world, [runningData({ direction: "incoming", revision: 7 })]);
    await advanceTime(2100);
    await waitFor(".o_telephony_call[data-state=in_progress]");
    expect(".o_telephony_state").toHaveText("In a call");
    expect(".o_telephony_hold").toBeEnabled();
    expect(world.asked).toEqual([{ calls: { "u-1": 5 }, offers: [] }]);
    await pass(20);
    expect(world.asked).toHaveLength(1);
});

test("missed changes are requested repeatedly while a phone rings", async () => {
    const world = await startConversation({
        call: callData({ state: "ringing", customer_state: "ringing", revision: 2 }),
        withBus: false,
    });
    knowsMore(world, []);
    await pass(12);
    expect(world.asked.length).toBeWithin(3, 5);
    await pass(60);
    const { length } = world.asked;
    await pass(30); // a phase this long is checked less often
    expect(world.asked.length - length).toBeWithin(2, 4);
});

test("a requested hold is shown although its message was lost", async () => {
    const world = await startConversation({ call: runningData({ revision: 9 }), withBus: false });
    onRpc("telephony.call", "set_hold", () => runningData({ revision: 9 }));
    await contains(".o_telephony_hold").click();
    knowsMore(world, [runningData({ revision: 10, on_hold: true })]);
    await advanceTime(2100);
    await animationFrame();
    expect(".o_telephony_state").toHaveText("On hold");
    expect(world.store.holdWish).toBe(null);
});

test("the end of a hold after a consultation is shown although its message was lost", async () => {
    const transfer = { id: 1, mode: "warm", state: "talking", kind: "agent", target: "Bob" };
    const asking = { transfer: { ...transfer, by: { id: 1, name: "Me" }, is_mine: true } };
    const call = runningData({ ...asking, on_hold: true, revision: 9 });
    const world = await startConversation({ call, withBus: false });
    world.softphone.calls.onCall(runningData({ on_hold: true, revision: 10 }));
    knowsMore(world, []);
    await pass(6); // the provider is slow
    expect(world.asked.length).toBeWithin(2, 3);
    knowsMore(world, [runningData({ revision: 11 })]);
    await pass(3);
    await animationFrame();
    expect(".o_telephony_state").toHaveText("In a call");
    expect(world.asked).toHaveLength(1);
});

test("the lease renewal delivers the end of a call whose message was lost", async () => {
    const world = await startConversation({ call: runningData({ revision: 9 }), withBus: false });
    const known = [];
    onRpc("telephony.agent", "renew_lease", ({ args }) => {
        known.push(args[2]);
        return { changes: { ...NO_CHANGES, agent: world.store.agent, calls: [endedData()] } };
    });
    await world.softphone.lease.renew();
    await waitFor(".o_telephony_ended");
    expect(known[0]).toEqual({ calls: { "u-1": 9 }, offers: [] });
    expect.verifySteps(["leave"]);
});

test("a late row of the live lists replaces no newer row", async () => {
    fakeVoice();
    const { softphone } = await startSoftphone();
    const { companyCalls } = softphone;
    await companyCalls.open();
    companyCalls.onRow(liveRow({ revision: 4, list: "conversation" }));
    companyCalls.onRow(liveRow({ revision: 3 }));
    expect(companyCalls.talking).toHaveLength(1);
    expect(companyCalls.waiting).toHaveLength(0);
    companyCalls.onRow(liveRow({ revision: 6, list: false }));
    companyCalls.onRow(liveRow({ revision: 5, list: "conversation" }));
    expect(companyCalls.talking).toHaveLength(0);
});
