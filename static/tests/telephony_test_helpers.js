/**
 * The world of the softphone's tests: an agent, a server with answers, and a voice without sound.
 */

import { expect, waitFor } from "@odoo/hoot";
import { startBusService } from "@bus/../tests/bus_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { assets } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import {
    getService,
    makeMockEnv,
    makeServerError,
    MockServer,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
    serverState,
} from "@web/../tests/web_test_helpers";
import { LOADER_NAME, SERVICE_NAME } from "@crm_telephony/backend/softphone_loader";
import { VoiceState } from "@crm_telephony/core/constants";
import { SoftphoneSystray } from "@crm_telephony/shell/softphone_systray";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

export const AGENT = Object.freeze({
    id: 1,
    status: "online",
    call_via: "browser",
    phone_number: false,
    state: "available",
    wrap_up: false,
});

const PHASES = {
    new: "fresh",
    routing: "in_flow",
    queued: "waiting",
    ringing: "offering",
    in_progress: "talking",
    ended: "ended",
};

/** @returns {string} phase of a call in which nothing unusual happens */
export function phaseOf({ state, agent_connected }) {
    return state === "in_progress" && !agent_connected ? "agent_lost" : PHASES[state];
}

/** @returns {Object} CallData of an outgoing call that was just dialed */
export function callData(values = {}) {
    const call = {
        uuid: "u-1",
        id: 1,
        direction: "outgoing",
        state: "routing",
        outcome: false,
        end_message: false,
        customer: {
            number: "+32470123456",
            number_display: "+32 470 12 34 56",
            name: "Anna",
            company_name: "Azure",
            partner_id: 7,
            country_code: false,
            avatar_url: false,
        },
        our_number: {
            id: 1,
            number: "+3225550100",
            number_display: "+32 2 555 01 00",
            name: "Sales",
        },
        record: false,
        user: false,
        created_at: "2026-11-22 14:28:00",
        answered_at: false,
        ended_at: false,
        customer_state: "new",
        on_hold: false,
        recording: false,
        agent_connected: values.state === "in_progress",
        note: "",
        ...values,
    };
    return { ...call, phase: (call.state !== "ended" && values.phase) || phaseOf(call) };
}

/** @returns {Object} OfferData of a ringing call */
export function offerData(values = {}, card = {}) {
    const call = callData({ direction: "incoming", state: "ringing", ...values });
    call.card = { last_call: false, opportunities: [], ...card };
    return { id: 1, expires_at: "2026-11-22 14:30:00", call };
}

export function endedData(values = {}) {
    return callData({
        state: "ended",
        outcome: "answered",
        end_message: "The call has ended.",
        answered_at: "2026-11-22 14:28:10",
        ended_at: "2026-11-22 14:32:12",
        ...values,
    });
}

/** @returns {Object} RecentCallData of a call */
export function recentData(call) {
    const text = call.outcome ? call.outcome[0].toUpperCase() + call.outcome.slice(1) : false;
    return { outcome_display: text, voicemail: false, callback: false, part: false, ...call };
}

export function snapshotData(values = {}) {
    return {
        agent: { ...AGENT },
        can_call: true,
        cannot_call_reason: false,
        numbers: [
            {
                id: 1,
                number: "+3225550100",
                number_display: "+32 2 555 01 00",
                name: "Sales",
                recording_mode: "off",
            },
        ],
        caller_ids: [],
        country: { code: "BE", phone_code: 32 },
        calls: [],
        offers: [],
        recent: [],
        client_lease_seconds: 100,
        ...values,
    };
}

/** Reminders of Odoo's calendar */
export const ALARMS = Object.freeze([
    { id: 1, duration: 15, interval: "minutes", duration_minutes: 15 },
    { id: 2, duration: 1, interval: "hours", duration_minutes: 60 },
]);

/** Answer of `softphone_changes` without missed changes, except for the agent. */
export const NO_CHANGES = Object.freeze({ calls: [], left: [], offers: [], closed: [] });

/** @returns {Object} row of the live lists: a caller waiting in a queue */
export function liveRow(values = {}) {
    return {
        id: 1,
        uuid: "q-1",
        company_id: 1,
        list: "queue",
        phase: "waiting",
        direction: "incoming",
        customer_name: "Anna",
        customer_number: "+32 470 12 34 56",
        our_number: "Support",
        our_number_display: "+32 2 555 01 01",
        user: false,
        queue: { id: 5, name: "Helpdesk", amber_seconds: 180, red_seconds: 300 },
        started_at: "2026-11-22 14:28:00",
        answered_at: false,
        on_hold: false,
        ...values,
    };
}

/** @returns {Error} the server's refusal, with a sentence for users */
export function userError(message) {
    return makeServerError({ type: "UserError", message });
}

export class FakeAudio {
    static played = 0;
    static error = null;
    paused = true;
    currentTime = 0;

    async play() {
        if (FakeAudio.error) {
            throw FakeAudio.error;
        }
        FakeAudio.played++;
        this.paused = false;
    }

    pause() {
        this.paused = true;
    }
}

/**
 * Replace the real voice by one without sound. It steps `connect <uuid>`, `leave`,
 * `mute <bool>` and `digits <text>`.
 */
export function fakeVoice() {
    const fake = { handlers: null, microphoneError: null, connectErrors: [] };
    patchWithCleanup(VoiceDevice.prototype, {
        async ensureMicrophone() {
            if (fake.microphoneError) {
                throw fake.microphoneError;
            }
        },
        async prepare() {},
        async release() {},
        async connect(uuid, handlers) {
            expect.step(`connect ${uuid}`);
            const error = fake.connectErrors.shift();
            if (error) {
                throw error;
            }
            fake.handlers = handlers;
            handlers.onState(VoiceState.CONNECTED);
        },
        disconnect() {
            if (fake.handlers) {
                fake.handlers = null;
                expect.step("leave");
            }
        },
        mute(isMuted) {
            expect.step(`mute ${isMuted}`);
        },
        sendDigits(digits) {
            expect.step(`digits ${digits}`);
        },
    });
    return fake;
}

/**
 * Declare the models and a server that answers with the snapshot. Note: call it in each test file.
 */
export function defineTelephony() {
    defineMailModels();
}

/**
 * Start the loader, which starts the softphone of a phone user.
 *
 * @param {Object} [options]
 * @param {Object} [options.snapshot] values of the snapshot
 * @param {boolean} [options.isPhoneUser]
 * @param {boolean} [options.mustWait] wait for the whole start, including rejoining a call
 * @param {boolean} [options.mustAwaitLoading] wait until the bundle is loaded
 * @param {Object} [options.changes] answer of `softphone_changes`
 * @param {Function} [options.loadBundle] by default does nothing, as the tests have all files
 */
export async function startSoftphone({
    snapshot = {},
    isPhoneUser = true,
    mustWait = true,
    mustAwaitLoading = true,
    changes = null,
    loadBundle = async () => {},
} = {}) {
    FakeAudio.played = 0;
    FakeAudio.error = null;
    patchWithCleanup(browser, { Audio: FakeAudio });
    patchWithCleanup(user, { hasGroup: async () => isPhoneUser });
    patchWithCleanup(assets, { loadBundle });
    const server = { snapshot: snapshotData(snapshot), talking: [], waiting: [], isPhoneUser };
    onRpc("res.users", "has_group", () => server.isPhoneUser);
    onRpc("telephony.agent", "softphone_snapshot", ({ args }) => {
        const { snapshot: data } = server;
        const listed = [...data.calls, ...data.recent].map(({ uuid }) => uuid);
        const gone = Object.entries(args[0].calls).filter(([uuid]) => !listed.includes(uuid));
        const rings = data.offers.map(({ id }) => id);
        return {
            left: gone.map(([uuid, revision]) => ({ uuid, revision })),
            closed: args[0].offers.filter((id) => !rings.includes(id)),
            ...data,
        };
    });
    // Unless a test sets changes, the page has missed none.
    server.changes = () => changes || { agent: server.store.agent, ...NO_CHANGES };
    onRpc("telephony.agent", "softphone_changes", ({ args }) => server.changes(args[0]));
    onRpc("telephony.agent", "renew_lease", () => ({
        expires_at: "2026-11-22 14:30:00",
        status: "online",
    }));
    onRpc("telephony.agent", "release_lease", () => true);
    onRpc("telephony.call", "live_calls", () => server.talking);
    onRpc("telephony.call", "queued_calls", () => server.waiting);
    onRpc("telephony.call", "due_calls", () => []);
    server.recent = () => server.store.recent.map((call) => recentData(call));
    onRpc("telephony.call", "recent_calls", ({ args }) => {
        const calls = server.recent(...args);
        return Array.isArray(calls) ? { calls, has_more: false } : calls;
    });
    onRpc("telephony.call", "get_creatable", () => []);
    onRpc("calendar.alarm", "search_read", () => ALARMS);
    onRpc("telephony.call", "get_card", () => ({ last_call: false, opportunities: [] }));
    onRpc("res.partner", "has_access", () => true);
    onRpc("crm.lead", "has_access", () => true);
    onRpc("telephony.call", "save_note", ({ args }) => expect.step(`note ${args[1]}`) || true);
    await makeMockEnv();
    if (mustAwaitLoading) {
        await getService(LOADER_NAME).started;
    }
    const softphone = getService(SERVICE_NAME);
    if (mustWait) {
        await softphone?.started;
    }
    return Object.assign(server, { softphone, store: softphone?.store });
}

/**
 * Mount the systray icon; the window and the cards come with the main components.
 *
 * @param {Object} [options]
 * @param {boolean} [options.withBus] connect the bus, which runs all pending timers
 */
export async function mountSoftphone({ withBus = true } = {}) {
    await mountWithCleanup(SoftphoneSystray);
    if (withBus) {
        await startBusService();
    }
}

/** @returns {Object} CallData of a conversation with its sound open */
export function runningData(values = {}) {
    return callData({
        state: "in_progress",
        customer_state: "in_progress",
        answered_at: "2026-11-22 14:28:10",
        agent_connected: true,
        via: "browser",
        role: "agent",
        transfer: false,
        transfer_path: false,
        supervisors: [],
        ...values,
    });
}

/**
 * Start a conversation with its sound in this tab.
 *
 * @param {Object} [options]
 * @param {Object} [options.call] CallData
 * @param {Object} [options.snapshot] values of the snapshot before it
 * @param {boolean} [options.withBus] see `mountSoftphone`
 */
export async function startConversation({
    call = runningData(),
    snapshot = {},
    withBus = true,
} = {}) {
    const voice = fakeVoice();
    const world = await startSoftphone({ snapshot });
    onRpc("telephony.call", "dial", () => call);
    await mountSoftphone({ withBus });
    await world.softphone.dialer.dial({ number: "047" });
    await seen(".o_telephony_call[data-voice=connected]");
    expect.verifySteps(["connect u-1"]);
    world.snapshot = snapshotData({ calls: [call] });
    return Object.assign(world, { voice });
}

/** Send a bus message to the current user. */
export function sendBus(type, payload) {
    MockServer.env["bus.bus"]._sendone(serverState.partnerId, type, payload);
}

/** Wait for an element, as long as a busy machine may need to render it. */
export function seen(selector) {
    return waitFor(selector, { timeout: 3000 });
}
