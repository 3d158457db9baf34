import { describe, expect, test } from "@odoo/hoot";
import {
    AGENT,
    callData,
    endedData,
    offerData,
    snapshotData,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { AgentState } from "@crm_telephony/backend/agent_state";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { VoiceState } from "@crm_telephony/core/constants";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";
import { CallSession } from "@crm_telephony/voice/call_session";

describe.current.tags("headless");

describe("store", () => {
    test("an ended call moves to the recent calls and never returns", () => {
        const store = new SoftphoneStore();
        store.applyCall(callData());
        expect(store.hasCall).toBe(true);
        store.applyCall(endedData());
        expect(store.hasCall).toBe(false);
        expect(store.recent.map((call) => call.uuid)).toEqual(["u-1"]);

        store.applyCall(callData({ state: "in_progress" }));
        store.applySnapshot(snapshotData({ calls: [callData()] }));
        expect(store.calls).toEqual([]);
    });

    test("older data never replaces newer data, from the bus or from a snapshot", () => {
        const store = new SoftphoneStore();
        store.applyCall(callData({ state: "in_progress", revision: 5 }));
        store.applyCall(callData({ state: "routing", revision: 4 }));
        expect(store.findCall("u-1").state).toBe("in_progress");
        store.applySnapshot(snapshotData({ calls: [callData({ revision: 3 })] }));
        expect(store.findCall("u-1").state).toBe("in_progress");
        // A call may return to an earlier state, as after an unanswered transfer.
        store.applyCall(callData({ state: "queued", revision: 6 }));
        expect(store.findCall("u-1").state).toBe("queued");
    });

    test("only a newer message restores a call that the agent has left", () => {
        const store = new SoftphoneStore();
        store.applyCall(callData({ revision: 5 }));
        store.applyLeft({ uuid: "u-1", revision: 7 });
        store.applyCall(callData({ revision: 6 }));
        store.applyCall(callData({ revision: 7 }));
        expect(store.calls).toEqual([]);
        store.applyCall(callData({ revision: 8 }));
        expect(store.calls).toHaveLength(1);
        store.applyLeft({ uuid: "u-1", revision: 7 });
        expect(store.calls).toHaveLength(1);
    });

    test("a late message of a closed offer is ignored", () => {
        const store = new SoftphoneStore();
        store.closeOffer({ uuid: "u-1", offer_id: 1 });
        store.addOffer(offerData());
        expect(store.offers).toEqual([]);
        store.addOffer({ ...offerData(), id: 2 });
        store.closeOffer({ uuid: "u-1", offer_id: 1 });
        expect(store.offers).toHaveLength(1);
    });

    test("an older state of the agent replaces no newer one", () => {
        const store = new SoftphoneStore();
        store.applyAgent({ ...AGENT, revision: 4, status: "offline" });
        store.applyAgent({ ...AGENT, revision: 3 });
        expect(store.agent.status).toBe("offline");
        const { mark } = store;
        store.applyAgent({ ...AGENT, revision: 4, status: "offline" });
        expect(store.mark).toBe(mark);
    });

    test("an offer is added once and ends when its call is accepted", () => {
        const store = new SoftphoneStore();
        store.addOffer(offerData());
        store.addOffer(offerData());
        expect(store.offers).toHaveLength(1);
        store.applyCall(callData({ direction: "incoming", state: "in_progress" }));
        expect(store.offers).toHaveLength(0);
        store.addOffer(offerData());
        expect(store.offers).toHaveLength(0);
    });

    test("the presence is in call before ringing, and ringing before the server's state", () => {
        const store = new SoftphoneStore();
        expect(store.presence).toBe(AgentState.CONNECTING);
        store.agent = { ...AGENT };
        expect(store.presence).toBe(AgentState.AVAILABLE);
        store.addOffer(offerData({ uuid: "u-2" }));
        expect(store.presence).toBe(AgentState.RINGING);
        store.applyCall(callData());
        expect(store.presence).toBe(AgentState.IN_CALL);
    });

    test("rejoin is offered without a leg, but not while a tab carries the sound", () => {
        const store = new SoftphoneStore();
        store.applyCall(callData({ state: "in_progress", agent_connected: true }));
        expect(store.needsRejoin).toBe(false);
        store.applyCall(callData({ state: "in_progress", agent_connected: false }));
        expect(store.needsRejoin).toBe(true);
        store.session = new CallSession("u-1");
        expect(store.needsRejoin).toBe(false);
        store.session.setState(VoiceState.LOST);
        expect(store.needsRejoin).toBe(true);
    });
});

describe("session", () => {
    test("only listed state changes are possible, and the end is final", () => {
        const states = [];
        const session = new CallSession("u-1", ({ state }) => states.push(state));
        expect(session.setState(VoiceState.CONNECTED)).toBe(false);
        expect(session.setState(VoiceState.CONNECTING)).toBe(true);
        expect(session.setState(VoiceState.CONNECTED)).toBe(true);
        expect(session.setState(VoiceState.ENDING)).toBe(true);
        expect(session.setState(VoiceState.CONNECTED)).toBe(false);
        expect(session.setState(VoiceState.ENDED)).toBe(true);
        for (const state of Object.values(VoiceState)) {
            expect(session.setState(state)).toBe(false);
        }
        expect(states).toEqual(["connecting", "connected", "ending", "ended"]);
    });

    test("a mirror shows the state of the owner and owns nothing", () => {
        const session = new CallSession("u-1");
        session.setState(VoiceState.CONNECTING);
        session.update({ isMuted: true, digits: "12" });
        const mirror = CallSession.mirror(session.toMessage());
        expect(mirror.isMine).toBe(false);
        expect([mirror.uuid, mirror.state, mirror.isMuted, mirror.digits]).toEqual([
            "u-1",
            "connecting",
            true,
            "12",
        ]);
    });
});

test("times are formatted as on a phone", () => {
    expect([0, 9.9, 61, 3725, -3].map(formatSeconds)).toEqual([
        "0:00",
        "0:09",
        "1:01",
        "1:02:05",
        "0:00",
    ]);
});
