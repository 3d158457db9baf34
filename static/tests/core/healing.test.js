/**
 * A page shows the true state even if messages of the bus are lost, doubled, late or out of order.
 */

import { describe, expect, test, tick } from "@odoo/hoot";
import {
    AGENT,
    callData,
    phaseOf,
    snapshotData,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { ServerSync } from "@crm_telephony/core/server_sync";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";
import { CallControl } from "@crm_telephony/features/in_call/call_control";

describe.current.tags("headless");

const copy = (value) => JSON.parse(JSON.stringify(value));

/** The server: the true state, and the messages about it. */
class Server {
    agent = { ...AGENT, revision: 1 };
    /** uuid → CallData */
    calls = {};
    /** uuids of running calls of the agent */
    mine = [];
    offers = [];
    /** { type, payload, truth }, with the state after the message as truth */
    messages = [];

    _send(type, payload) {
        const { agent, calls, mine, offers } = this;
        const truth = copy({ agent, calls, mine, offers });
        const at = this.messages.length;
        this.messages.push({ type: `telephony/${type}`, payload: copy(payload), truth, at });
    }

    _change(uuid, values) {
        const known = this.calls[uuid] || callData({ uuid, revision: 0 });
        const call = { ...known, ...values, revision: known.revision + 1 };
        this.calls[uuid] = { ...call, phase: values.phase || phaseOf(call) };
        return this.calls[uuid];
    }

    is(state, values = {}) {
        const isRow = Object.keys(values).length > 0;
        Object.assign(this.agent, { state, ...values });
        this.agent.revision += isRow ? 1 : 0;
        this._send("agent_updated", this.agent);
        return this;
    }

    rings(uuid, id) {
        const call = this._change(uuid, { direction: "incoming", state: "ringing" });
        this.offers.push({ id, expires_at: "2026-11-22 14:30:00", call });
        this._send("offer_made", this.offers.at(-1));
        this.is("ringing");
        this._send("offer_rings", { uuid, offer_id: id });
        return this;
    }

    stops(uuid, id, reason = "accepted") {
        this.offers = this.offers.filter((offer) => offer.id !== id);
        const by_me = reason === "accepted";
        this._send("offer_closed", { uuid, offer_id: id, reason, by_me, message: false });
        return this;
    }

    has(uuid, values) {
        const call = this._change(uuid, values);
        this.mine = [...new Set([...this.mine, uuid])];
        this._send("call_updated", call);
        return this;
    }

    ends(uuid) {
        const call = this._change(uuid, { state: "ended", outcome: "answered" });
        this.mine = this.mine.filter((other) => other !== uuid);
        this._send("call_updated", call);
        return this;
    }

    leaves(uuid) {
        const call = this._change(uuid, { user: false });
        this.mine = this.mine.filter((other) => other !== uuid);
        this._send("call_left", { ...call, has_left: true, message: false });
        return this;
    }
}

/** Return the server's answer for a given state. */
function changes({ agent, calls, mine, offers }, known) {
    const isKnown = (uuid) => known.calls[uuid] === calls[uuid].revision;
    const gone = Object.keys(known.calls).filter((uuid) => !mine.includes(uuid));
    const ended = gone.filter((uuid) => calls[uuid].state === "ended");
    const changed = [...mine.filter((uuid) => !isKnown(uuid)), ...ended];
    return copy({
        agent,
        calls: changed.map((uuid) => calls[uuid]),
        left: gone
            .filter((uuid) => !ended.includes(uuid))
            .map((uuid) => ({ uuid, revision: calls[uuid].revision })),
        offers: offers.filter(({ id }) => !known.offers.includes(id)),
        closed: known.offers.filter((id) => !offers.some((offer) => offer.id === id)),
    });
}

function snapshot(truth, known) {
    const { calls, mine, offers } = truth;
    return copy(
        snapshotData({
            ...changes(truth, known),
            calls: mine.map((uuid) => calls[uuid]),
            offers,
            recent: Object.values(calls).filter(({ state }) => state === "ended"),
        })
    );
}

const TALK = { state: "in_progress", agent_connected: true, role: "agent" };
const transfer = (mode, state) => ({ id: 1, mode, state, kind: "agent", target: "Bob" });
const incoming = (uuid = "u-1", id = 1) =>
    new Server().rings(uuid, id).stops(uuid, id).has(uuid, {}).is("in_call").has(uuid, TALK);

const STORIES = {
    "incoming call with hold, resume and wrap-up": () =>
        incoming()
            .has("u-1", { on_hold: true })
            .has("u-1", { on_hold: false })
            .ends("u-1")
            .is("wrap_up", { wrap_up: { uuid: "u-1", until: "2026-11-22 14:33:00" } })
            .is("available", { wrap_up: false }),
    "offer canceled by the caller": () =>
        new Server().rings("u-1", 1).stops("u-1", 1, "canceled").is("available"),
    "outgoing call": () =>
        new Server()
            .has("u-1", {})
            .is("in_call")
            .has("u-1", { state: "ringing", customer_state: "ringing" })
            .has("u-1", TALK)
            .ends("u-1")
            .is("available"),
    "blind transfer that returns": () =>
        incoming()
            .leaves("u-1")
            .is("available")
            .rings("u-1", 2)
            .stops("u-1", 2)
            .has("u-1", { state: "ringing", user: { id: 1, name: "Me" } })
            .has("u-1", TALK)
            .ends("u-1"),
    "warm transfer that is completed": () =>
        incoming()
            .has("u-1", { transfer: transfer("warm", "ringing"), on_hold: true })
            .has("u-1", { transfer: transfer("warm", "talking") })
            .has("u-1", { transfer: transfer("warm", "conference"), on_hold: false })
            .leaves("u-1")
            .is("available"),
    "warm transfer that is canceled": () =>
        incoming()
            .has("u-1", { transfer: transfer("warm", "ringing"), on_hold: true })
            .has("u-1", { transfer: false })
            .has("u-1", { on_hold: false })
            .ends("u-1"),
    "consulted agent who leaves": () =>
        new Server()
            .rings("u-1", 1)
            .stops("u-1", 1)
            .has("u-1", { ...TALK, role: "consulted", transfer: transfer("warm", "joining") })
            .has("u-1", { transfer: transfer("warm", "talking") })
            .leaves("u-1")
            .is("available"),
    "second call with the first one on hold": () =>
        incoming()
            .rings("u-2", 2)
            .stops("u-2", 2)
            .has("u-2", { user: { id: 1, name: "Me" } })
            .has("u-1", { phase: "held", on_hold: true, agent_connected: false })
            .has("u-2", TALK)
            .ends("u-2")
            .has("u-1", { phase: "agent_lost", on_hold: false })
            .has("u-1", { agent_connected: true })
            .ends("u-1")
            .is("available"),
};

/** A page without a screen. */
class Page {
    constructor(truth) {
        this.store = new SoftphoneStore();
        this.truth = truth;
        /** Number of the newest message heard: the server's state is at least as new */
        this.at = -1;
        this.asked = 0;
        this.heard = {};
        const { store, heard } = this;
        const nothing = () => {};
        const later = async () => {};
        const orm = {
            silent: {
                call: async (_model, method, [known]) => {
                    this.asked++;
                    return (method === "softphone_changes" ? changes : snapshot)(this.truth, known);
                },
            },
        };
        const bus = {
            subscribe: (type, apply) => (heard[type] = apply),
            addEventListener: nothing,
            start: nothing,
        };
        this.calls = new CallControl({
            orm,
            store,
            notification: { add: nothing },
            voiceSession: { onCall: nothing, end: nothing, refresh: later },
            voice: { release: nothing, prepare: later },
            ringer: { update: nothing },
            notes: { forget: nothing, flush: nothing },
            windowState: { open: nothing },
            missed: { count: nothing },
            wrapUp: { restore: nothing },
        });
        this.serverSync = new ServerSync(orm, bus, store, this.calls);
        this.serverSync.onCall("telephony/call_left", (call) => this.calls.onLeft(call));
    }

    hear({ type, payload, truth, at }, id) {
        if (at > this.at) {
            Object.assign(this, { at, truth });
        }
        this.heard[type](copy(payload), { id });
    }

    get shown() {
        const { calls, offers, recent } = this.store;
        return view(calls, offers, recent);
    }
}

const byKey = ([a], [b]) => (a < b ? -1 : 1);
const ages = (calls) => calls.map(({ uuid, revision }) => [uuid, revision]).sort(byKey);

function view(calls, offers, ended) {
    return JSON.stringify([ages(calls), offers.map(({ id }) => id).sort(), ages(ended)]);
}

function viewOf({ calls, mine, offers }) {
    const all = Object.values(calls);
    const isEnded = ({ state, uuid }) => state === "ended" && !mine.includes(uuid);
    return view(
        all.filter(({ uuid }) => mine.includes(uuid)),
        offers,
        all.filter(isEnded)
    );
}

/** Every way in which one message of a story can fail. */
function* faults(messages) {
    for (let at = 0; at < messages.length; at++) {
        const before = messages.slice(0, at);
        const [message, next, ...rest] = messages.slice(at);
        const after = messages.slice(at + 1);
        yield [`${at} is lost`, [...before, ...after], true];
        yield [`${at} comes twice`, [...before, message, message, ...after], false];
        yield [`${at} comes again at the end`, [...before, message, ...after, message], false];
        if (next) {
            yield [`${at} is overtaken`, [...before, next, message, ...rest], false];
        }
    }
}

async function openPage(truth) {
    const page = new Page(truth);
    await page.serverSync.start();
    return page;
}

const NOTHING = { agent: { ...AGENT, revision: 1 }, calls: {}, mine: [], offers: [] };

describe("one message of a story goes wrong", () => {
    for (const [name, createStory] of Object.entries(STORIES)) {
        test(name, async () => {
            const { messages } = createStory();
            const { truth } = messages.at(-1);
            const wrong = [];
            for (const [fault, heard, mayBeWrong] of faults(messages)) {
                const page = await openPage(copy(NOTHING));
                heard.forEach((message, index) => page.hear(message, index + 1));
                page.truth = truth;
                if (!mayBeWrong && page.shown !== viewOf(truth)) {
                    wrong.push(`${fault}: ${page.shown}`);
                }
                await page.serverSync.catchUp();
                const { state, wrap_up } = page.store.agent;
                const isTrue =
                    state === truth.agent.state &&
                    Boolean(wrap_up) === Boolean(truth.agent.wrap_up) &&
                    page.shown === viewOf(truth);
                if (!isTrue) {
                    wrong.push(`${fault}, after asking: ${page.shown} ${state}`);
                }
            }
            expect(wrong).toEqual([]);
        });

        test(`${name}: a late snapshot overwrites nothing`, async () => {
            const { messages } = createStory();
            const { truth } = messages.at(-1);
            const wrong = [];
            for (let at = 0; at < messages.length; at++) {
                const page = await openPage(copy(NOTHING));
                const { store } = page;
                const hear = (part, first) =>
                    part.forEach((message, index) => page.hear(message, first + index));
                hear(messages.slice(0, at + 1), 1);
                const { mark } = store;
                const late = snapshot(messages[at].truth, store.known);
                hear(messages.slice(at + 1), at + 2);
                store.applySnapshot(late, mark);
                if (page.shown !== viewOf(truth)) {
                    wrong.push(`asked after ${at}: ${page.shown}`);
                }
            }
            expect(wrong).toEqual([]);
        });
    }
});

describe("an idle page", () => {
    for (const [name, createStory] of Object.entries(STORIES)) {
        const { messages } = createStory();
        const rings = messages.filter(({ type }) => type === "telephony/offer_made");
        for (const { at } of rings) {
            test(`${name}: ring ${at} was lost, its reminder shows it`, async () => {
                const page = await openPage(copy(NOTHING));
                const reminder = at + 2; // the offer's message and the agent's state are lost
                const heard = [...messages.slice(0, at), ...messages.slice(reminder)];
                for (const message of heard) {
                    page.hear(message, message.at + 1);
                    if (message.at === reminder) {
                        await tick();
                        await tick();
                        expect(page.shown).toBe(viewOf(message.truth));
                        expect(page.store.agent.state).toBe("ringing");
                    }
                }
                expect(page.shown).toBe(viewOf(messages.at(-1).truth));
            });
        }
    }

    test("a page that shows the offer, or has closed it, ignores the reminder", async () => {
        const [made, state, reminder] = new Server().rings("u-1", 1).messages;
        const page = await openPage(copy(NOTHING));
        page.hear(made, 1);
        page.hear(state, 2);
        const { asked, store } = page;
        page.calls.ringer.update = () => expect.step("ringer");
        page.hear(reminder, 3);
        expect(store.offers).toHaveLength(1);
        store.removeOffer("u-1");
        page.hear(reminder, 4);
        await tick();
        expect(page.asked).toBe(asked);
        expect(store.offers).toHaveLength(0);
        expect.verifySteps([]);
    });
});

describe("bus id of a message", () => {
    const talking = () => incoming().messages.at(-1);
    const ringing = () => incoming().messages.at(-2);

    test("an explanation with a lower bus id than a later snapshot is shown", async () => {
        const page = new Page(copy(NOTHING));
        const read = page.serverSync.orm.silent.call;
        let busId = 20;
        page.serverSync.orm.silent.call = async (...args) => ({
            ...(await read(...args)),
            bus_id: busId,
        });
        page.serverSync.onNews("telephony/set_offline", ({ text }) => expect.step(text));
        await page.serverSync.start();
        busId = 30;
        await page.serverSync.refresh();
        const say = (text, id) =>
            page.hear({ type: "telephony/set_offline", payload: { text } }, id);
        say("replayed", 19);
        say("overtaken by the snapshot", 29); // its transaction committed later
        say("new", 31);
        expect.verifySteps(["overtaken by the snapshot", "new"]);
    });

    test("a message with a lower bus id than the snapshot is applied at once", async () => {
        const page = new Page(ringing().truth);
        const read = page.serverSync.orm.silent.call;
        page.serverSync.orm.silent.call = async (...args) => ({
            ...(await read(...args)),
            bus_id: 20,
        });
        await page.serverSync.start();
        expect(page.store.currentCall.state).toBe("ringing");
        page.hear(talking(), 19); // its transaction committed later
        expect(page.store.currentCall.state).toBe("in_progress");
    });

    test("messages replayed to a new browser change nothing", async () => {
        const page = new Page(NOTHING);
        const read = page.serverSync.orm.silent.call;
        page.serverSync.orm.silent.call = async (...args) => ({
            ...(await read(...args)),
            bus_id: 20,
        });
        await page.serverSync.start();
        incoming().messages.forEach((message, index) => page.hear(message, index + 1));
        expect(page.store.calls).toEqual([]);
        expect(page.store.offers).toEqual([]);
    });

    test("later messages survive a snapshot that is overtaken several times", async () => {
        const page = new Page(ringing().truth);
        await page.serverSync.start();
        const answers = [];
        page.serverSync.orm.silent.call = () => new Promise((resolve) => answers.push(resolve));
        const isRead = page.serverSync.refresh();
        const old = snapshot(ringing().truth, page.store.known);
        const { payload } = talking();
        for (let read = 1; read <= 3; read++) {
            // A change happens during each read, and the last answer is the oldest.
            page.hear({
                type: "telephony/call_updated",
                payload: { ...payload, uuid: `x-${read}` },
            });
            page.hear(talking());
            answers.shift()(copy(old));
            await Promise.resolve();
            await new Promise((resolve) => queueMicrotask(resolve));
            await Promise.resolve();
        }
        await isRead;
        expect(page.store.findCall("u-1").state).toBe("in_progress");
    });

    test("a refresh during a running refresh reads the newest state", async () => {
        const page = new Page(ringing().truth);
        await page.serverSync.start();
        const first = page.serverSync.refresh();
        page.truth = talking().truth;
        const second = page.serverSync.refresh();
        await Promise.all([first, second]);
        expect(page.store.findCall("u-1").state).toBe("in_progress");
    });
});
