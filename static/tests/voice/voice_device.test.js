import { advanceTime, beforeEach, describe, expect, test, tick } from "@odoo/hoot";
import { EventBus } from "@odoo/owl";
import { assets } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import {
    allowTranslations,
    makeMockEnv,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { defineTelephony } from "@crm_telephony/../tests/telephony_test_helpers";
import { VoiceErrorKind, VoiceNeed, VoiceState } from "@crm_telephony/core/constants";
import { humanError, VoiceError } from "@crm_telephony/core/human_error";
import { ensureMicrophone } from "@crm_telephony/voice/microphone";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

defineTelephony();

/** The SDK's events, with their values as arguments. */
class Emitter {
    bus = new EventBus();

    on(name, callback) {
        this.bus.addEventListener(name, ({ detail }) => callback(detail));
    }

    emit(name, value) {
        this.bus.trigger(name, value);
    }
}

class FakeCall extends Emitter {
    mute(isMuted) {
        expect.step(`mute ${isMuted}`);
    }

    sendDigits(digits) {
        expect.step(`digits ${digits}`);
    }

    disconnect() {
        expect.step("disconnect");
        this.emit("disconnect");
    }
}

class FakeDevice extends Emitter {
    static isSupported = true;
    static all = [];
    /** Behavior of the next devices: "accept", or the error that ends their call */
    static plan = [];
    /** Connections to the provider that were opened and closed */
    static ways = [];

    constructor(token, options) {
        super();
        Object.assign(this, { token, options });
        FakeDevice.all.push(this);
    }

    async connect({ params }) {
        expect.step(`connect ${params.uuid || "test"} with ${this.token}`);
        this.call = new FakeCall();
        const outcome = FakeDevice.plan.shift() || "accept";
        setTimeout(() => {
            if (outcome === "accept") {
                this.call.emit("accept");
            } else if (outcome !== "silence") {
                this.call.emit("error", outcome);
                this.call.emit("disconnect");
            }
        });
        return this.call;
    }

    updateToken(token) {
        expect.step(`update ${token}`);
    }

    async _setupStream() {
        FakeDevice.ways.push(`open ${this.token}`);
    }

    destroy() {
        FakeDevice.ways.push(`close ${this.token}`);
    }
}

const handlers = {
    onState: (state, error) => expect.step(`state ${state} ${error?.kind || ""}`.trim()),
    onWarnings: (kinds) => expect.step(`warnings ${kinds}`),
};

let tokens;
/** What the server says about the account's plan, and why its limit refuses a browser */
let plan, limit;

beforeEach(async () => {
    tokens = 0;
    plan = {};
    limit = false;
    FakeDevice.all = [];
    FakeDevice.plan = [];
    FakeDevice.ways = [];
    patchWithCleanup(window, { Twilio: { Device: FakeDevice } });
    patchWithCleanup(assets, { loadJS: async (url) => expect.step(`load ${url}`) });
    onRpc("/telephony/token", () => {
        tokens++;
        return {
            token: `token-${tokens}`,
            ttl: 3600,
            identity: "u_1",
            sdk_url: "/sdk.js",
            gateway: "localhost:8090",
            edge: false,
            ...plan,
        };
    });
    onRpc("/telephony/limit", () => {
        expect.step("limit");
        return limit;
    });
    patchWithCleanup(user, { hasGroup: async () => false });
    await makeMockEnv();
});

describe("device", () => {
    test("is created with the account's hosts and local sounds", async () => {
        await new VoiceDevice().connect("u-1", handlers);
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "state connected"]);
        const [{ options }] = FakeDevice.all;
        expect(options.chunderw).toBe("localhost:8090");
        expect("edge" in options).toBe(false);
        expect(options.publishEvents).toBe(false);
        plan = { insights: true };
        await new VoiceDevice().connect("u-2", handlers);
        expect(FakeDevice.all[1].options.publishEvents).toBe(true);
        expect.verifySteps(["load /sdk.js", "connect u-2 with token-2", "state connected"]);
        for (const url of Object.values(options.sounds)) {
            expect(url).toMatch(/^\/crm_telephony\/static\//);
        }
    });

    test("loads nothing before the first call", async () => {
        new VoiceDevice();
        await tick();
        expect(tokens).toBe(0);
        expect.verifySteps([]);
    });

    test("is prepared while a call rings and reused when it is accepted", async () => {
        const voice = new VoiceDevice();
        await voice.prepare(VoiceNeed.OFFER);
        await voice.prepare(VoiceNeed.OFFER);
        expect.verifySteps(["load /sdk.js"]);
        expect(FakeDevice.ways).toEqual(["open token-1"]);
        await voice.connect("u-1", handlers);
        expect.verifySteps(["connect u-1 with token-1", "state connected"]);
        await voice.release(VoiceNeed.OFFER);
        expect(FakeDevice.ways).toEqual(["open token-1"]);
    });

    test("is closed when it is no longer needed, even before it is ready", async () => {
        const voice = new VoiceDevice();
        await voice.prepare(VoiceNeed.OFFER);
        await voice.release(VoiceNeed.OFFER);
        voice.prepare(VoiceNeed.OFFER);
        await voice.release(VoiceNeed.OFFER);
        await voice.release(VoiceNeed.OFFER);
        expect(FakeDevice.ways).toEqual([
            ...["open token-1", "close token-1", "open token-2", "close token-2"],
        ]);
        expect.verifySteps(["load /sdk.js", "load /sdk.js"]);
    });

    test("stays ready as long as one of two needs remains", async () => {
        const voice = new VoiceDevice();
        await voice.prepare(VoiceNeed.NUMBER);
        await voice.prepare(VoiceNeed.CALL);
        await voice.release(VoiceNeed.OFFER);
        await voice.release(VoiceNeed.NUMBER);
        expect(FakeDevice.ways).toEqual(["open token-1"]);
        await voice.release(VoiceNeed.CALL);
        expect(FakeDevice.ways).toEqual(["open token-1", "close token-1"]);
        expect.verifySteps(["load /sdk.js"]);
    });

    test("is created again after it failed before the call", async () => {
        const voice = new VoiceDevice();
        await voice.prepare(VoiceNeed.OFFER);
        FakeDevice.all[0].emit("error", { code: 31005 });
        await voice.connect("u-1", handlers);
        expect(FakeDevice.ways).toEqual(["open token-1", "close token-1", "open token-2"]);
        expect.verifySteps([
            ...["load /sdk.js", "load /sdk.js", "connect u-1 with token-2", "state connected"],
        ]);
    });

    test("explains a refusal at the account's limit of calls", async () => {
        plan = { is_limited: true };
        limit = "Your Twilio account carries only 3 calls at once.";
        FakeDevice.plan = [{ code: 31005 }];
        const error = await new VoiceDevice().connect("u-1", handlers).catch((e) => e);
        expect(error.kind).toBe(VoiceErrorKind.LIMIT);
        expect(humanError(error)).toBe(limit);
        limit = false;
        FakeDevice.plan = [{ code: 31005 }];
        const other = await new VoiceDevice().connect("u-1", handlers).catch((e) => e);
        expect(other.kind).toBe(VoiceErrorKind.CONNECTION_LOST);
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "disconnect",
            "limit",
            "load /sdk.js",
            "connect u-1 with token-2",
            "disconnect",
            "limit",
        ]);
    });

    test("explains that Twilio receives too many requests", async () => {
        FakeDevice.plan = [{ code: 31429 }];
        const error = await new VoiceDevice().connect("u-1", handlers).catch((e) => e);
        expect(error.kind).toBe(VoiceErrorKind.RATE_LIMITED);
        expect(humanError(error)).toMatch(/too many requests from this account/);
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "disconnect"]);
    });

    test("presses one key for a trial account, as soon as its prompt is audible", async () => {
        plan = { is_trial: true };
        await new VoiceDevice().connect("u-1", handlers);
        const [{ call }] = FakeDevice.all;
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "state connected"]);
        call.emit("sample", { packetsReceived: 0 });
        expect.verifySteps([]);
        call.emit("sample", { packetsReceived: 40 });
        call.emit("sample", { packetsReceived: 90 });
        expect.verifySteps(["digits 1"]);
        await advanceTime(5000); // a second key would be sent after a pause
        expect.verifySteps([]);
    });

    test("presses no key for an upgraded account", async () => {
        await new VoiceDevice().connect("u-1", handlers);
        FakeDevice.all[0].call.emit("sample", { packetsReceived: 40 });
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "state connected"]);
    });

    test("renews a refused token once, without an error", async () => {
        FakeDevice.plan = [{ code: 20101 }];
        await new VoiceDevice().connect("u-1", handlers);
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "disconnect",
            "load /sdk.js",
            "connect u-1 with token-2",
            "state connected",
        ]);
    });

    test("reports an error when the renewed token is refused", async () => {
        FakeDevice.plan = [{ code: 20101 }, { code: 20104 }];
        const error = await new VoiceDevice().connect("u-1", handlers).catch((e) => e);
        expect([error.kind, error.code]).toEqual([VoiceErrorKind.TOKEN, 20104]);
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "disconnect",
            "load /sdk.js",
            "connect u-1 with token-2",
            "disconnect",
        ]);
    });

    test("stops a connection attempt without an answer after some seconds", async () => {
        FakeDevice.plan = ["silence"];
        const connecting = new VoiceDevice().connect("u-1", handlers);
        const failed = connecting.catch((error) => error);
        await tick();
        await advanceTime(16_000);
        expect((await failed).kind).toBe(VoiceErrorKind.UNREACHABLE);
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "disconnect"]);
    });

    test("reports an unexpected end, but not a requested one", async () => {
        const voice = new VoiceDevice();
        await voice.connect("u-1", handlers);
        FakeDevice.all[0].call.emit("error", { code: 53405 });
        FakeDevice.all[0].call.emit("disconnect");
        await voice.connect("u-1", handlers);
        voice.disconnect();
        FakeDevice.all[1].call.emit("reconnected");
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "state connected",
            "disconnect",
            "state lost connection_lost",
            "load /sdk.js",
            "connect u-1 with token-2",
            "state connected",
            "disconnect",
        ]);
    });

    test("reports reconnecting and warnings in the client's words", async () => {
        const voice = new VoiceDevice();
        await voice.connect("u-1", handlers);
        const [{ call }] = FakeDevice.all;
        call.emit("reconnecting", { code: 53001 });
        call.emit("reconnected");
        call.emit("warning", "high-jitter");
        call.emit("warning", "low-mos");
        call.emit("warning-cleared", "high-jitter");
        call.emit("warning", "not-known-to-us");
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "state connected",
            `state ${VoiceState.RECONNECTING}`,
            `state ${VoiceState.CONNECTED}`,
            "warnings slow_network",
            "warnings slow_network",
            "warnings slow_network",
        ]);
    });

    test("reports a microphone that another program takes, until it is back", async () => {
        const voice = new VoiceDevice();
        await voice.connect("u-1", handlers);
        const track = Object.assign(new EventTarget(), { label: "Headset" });
        const stream = { getAudioTracks: () => [track] };
        patchWithCleanup(browser, {
            navigator: { mediaDevices: { getUserMedia: async () => stream } },
        });
        const [{ call, options }] = FakeDevice.all;
        await options.getUserMedia({ audio: true });
        track.dispatchEvent(new Event("mute"));
        track.dispatchEvent(new Event("mute"));
        track.dispatchEvent(new Event("unmute"));
        track.dispatchEvent(new Event("ended"));
        await options.getUserMedia({ audio: true }); // another device is used
        expect.verifySteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "state connected",
            "warnings lost_microphone",
            "warnings ",
            "warnings lost_microphone",
            "warnings ",
        ]);
        call.emit("error", { code: 31402 });
        call.emit("disconnect");
        expect.verifySteps(["disconnect", `state ${VoiceState.LOST} ${VoiceErrorKind.MIC_BUSY}`]);
    });

    test("names a busy microphone when the call cannot begin", async () => {
        const voice = new VoiceDevice();
        const busy = Object.assign(new Error("in use"), { name: "NotReadableError" });
        patchWithCleanup(browser, {
            navigator: { mediaDevices: { getUserMedia: () => Promise.reject(busy) } },
        });
        FakeDevice.plan = ["silence"];
        const connected = voice.connect("u-1", handlers).catch((error) => error);
        await advanceTime(100);
        const [{ call, options }] = FakeDevice.all;
        await options.getUserMedia({ audio: true }).catch(() => {});
        call.emit("disconnect"); // the SDK ends the call without a reason
        await advanceTime(100);
        expect((await connected).kind).toBe(VoiceErrorKind.MIC_BUSY);
        expect(humanError(await connected)).toMatch(/Another program may be using it/);
        expect.verifySteps(["load /sdk.js", "connect u-1 with token-1", "disconnect"]);
    });

    test("reports the worst quality once, when the sound ends", async () => {
        const voice = new VoiceDevice();
        const reports = [];
        await voice.connect("u-1", {
            onState: () => {},
            onWarnings: () => {},
            onQuality: (report) => reports.push(report),
        });
        const [{ call }] = FakeDevice.all;
        call.parameters = { CallSid: "CA1" };
        const sample = { rtt: 20, jitter: 3, mos: 4.4, packetsLostFraction: 0 };
        call.emit("sample", sample);
        call.emit("sample", { ...sample, rtt: 640, mos: 2.1, packetsLostFraction: 4.5 });
        call.emit("sample", { ...sample, mos: null, jitter: 45 });
        call.emit("warning", "high-rtt");
        // First silent on purpose, then not.
        voice.mute(true);
        call.emit("warning", "constant-audio-input-level");
        call.emit("sample", sample);
        expect(voice._attempt.meter.toReport().silent_seconds).toBe(undefined);
        voice.mute(false);
        call.emit("sample", sample);
        call.emit("sample", sample);
        call.emit("warning-cleared", "constant-audio-input-level");
        call.emit("sample", sample);
        expect(reports).toEqual([]);
        voice.disconnect();
        voice.disconnect();
        expect(reports).toEqual([
            {
                uuid: "u-1",
                legId: "CA1",
                report: {
                    rtt: 640,
                    jitter: 45,
                    packet_loss: 4.5,
                    mos: 2.1,
                    bad_network: true,
                    silent_microphone: true,
                    silent_seconds: 12,
                },
            },
        ]);
        expect(voice.takeQuality()).toBe(null);
        expect.verifySteps([
            ...["load /sdk.js", "connect u-1 with token-1"],
            ...["mute true", "mute false", "disconnect"],
        ]);
    });

    test("renews its token during a long call", async () => {
        await new VoiceDevice().connect("u-1", handlers);
        FakeDevice.all[0].emit("tokenWillExpire");
        await expect.waitForSteps([
            "load /sdk.js",
            "connect u-1 with token-1",
            "state connected",
            "update token-2",
        ]);
    });

    test("reports an SDK that cannot be loaded", async () => {
        patchWithCleanup(assets, { loadJS: () => Promise.reject(new Error("404")) });
        const error = await new VoiceDevice().connect("u-1", handlers).catch((e) => e);
        expect(error.kind).toBe(VoiceErrorKind.SDK_UNAVAILABLE);
    });
});

describe("microphone", () => {
    const withMicrophone = (getUserMedia, state = "prompt") =>
        patchWithCleanup(browser, {
            navigator: {
                mediaDevices: getUserMedia && { getUserMedia },
                permissions: { query: async () => ({ state }) },
            },
        });
    const fails = (name) => async () => {
        throw Object.assign(new Error(name), { name });
    };

    test("each error of the browser has its own kind", async () => {
        for (const [name, kind] of [
            ["NotAllowedError", VoiceErrorKind.MIC_DENIED],
            ["NotFoundError", VoiceErrorKind.MIC_MISSING],
            ["NotReadableError", VoiceErrorKind.MIC_BUSY],
        ]) {
            withMicrophone(fails(name));
            const error = await ensureMicrophone().catch((e) => e);
            expect(error.kind).toBe(kind);
            expect(error.isMicrophone).toBe(true);
        }
        withMicrophone(undefined);
        const error = await ensureMicrophone().catch((e) => e);
        expect(error.kind).toBe(VoiceErrorKind.INSECURE);
    });

    test("is closed after the permission prompt, and not opened if already allowed", async () => {
        const track = { stop: () => expect.step("stop") };
        const open = async () => expect.step("open") || { getTracks: () => [track] };
        withMicrophone(open);
        await ensureMicrophone();
        expect.verifySteps(["open", "stop"]);
        withMicrophone(open, "granted");
        await ensureMicrophone();
        expect.verifySteps([]);
    });
});

describe("test of the connection", () => {
    /** Does what the SDK's preflight does with its Device. */
    class FakePreflight extends Emitter {
        constructor(token, { deviceFactory }) {
            super();
            this.samples = 0;
            this.device = new deviceFactory(token, { codecPreferences: ["pcmu"], edge: "roaming" });
            this.device.on("registered", () => this.call());
            this.device.on("error", (error) => this.emit("failed", error));
            this.device.on("unregistered", () => this.emit(this.isStopped ? "failed" : "ended"));
            this.device.register();
        }

        async call() {
            const call = await this.device.connect({});
            call.on("disconnect", () => this.device.destroy());
        }

        stop() {
            this.isStopped = true;
            this.device.destroy();
        }
    }

    const SAMPLE = { rtt: 50, jitter: 3, totals: { packetsLostFraction: 0.5 } };
    const STATS = { rtt: { average: 48 }, jitter: { average: 2 } };

    /** Run a test whose call ends as planned. */
    async function start(outcome = "accept") {
        FakeDevice.plan = [outcome];
        let preflight;
        patchWithCleanup(FakeDevice, {
            runPreflight: (token, options) => (preflight = new FakePreflight(token, options)),
        });
        patchWithCleanup(FakeDevice.prototype, { disconnectAll() {} });
        const voice = new VoiceDevice();
        const measured = [];
        const result = voice.test((measures) => measured.push(measures)).catch((error) => error);
        for (let time = 0; time < 8; time++) {
            await tick();
        }
        return { voice, result, measured, preflight };
    }

    test("names itself, registers nothing, and has the options of a call", async () => {
        const { preflight, result, measured } = await start();
        const [{ options }] = FakeDevice.all;
        expect(options.chunderw).toBe("localhost:8090");
        expect(options.edge).toBe("roaming");
        expect(options.sounds.outgoing).toMatch(/silence/);
        preflight.emit("sample", SAMPLE);
        expect(measured).toEqual([{ rtt: 50, jitter: 3, loss: 0.5 }]);
        const warnings = [{ name: "high-jitter" }, { name: "insights-connection-error" }];
        preflight.emit("completed", { stats: STATS, warnings });
        expect(await result).toEqual({ rtt: 48, jitter: 2, loss: 0.5, troubles: ["slow_network"] });
        expect.verifySteps(["load /sdk.js", "connect test with token-1"]);
    });

    test("a trial account gets its key when the prompt is audible, once", async () => {
        plan = { is_trial: true };
        const { preflight } = await start();
        const { call } = preflight.device;
        call.emit("sample", { packetsReceived: 0 });
        call.emit("sample", { packetsReceived: 9 });
        call.emit("sample", { packetsReceived: 20 });
        expect.verifySteps(["load /sdk.js", "connect test with token-1", "digits 1"]);
    });

    test("a refused call, a call without sound and a stop are errors", async () => {
        const refused = await start({ code: 31486 });
        await new Promise((resolve) => setTimeout(resolve));
        await advanceTime(10);
        refused.preflight.emit("completed", { warnings: [] });
        expect((await refused.result).kind).toBe(VoiceErrorKind.REFUSED);

        const silent = await start();
        silent.preflight.emit("completed", { warnings: [] });
        expect((await silent.result).kind).toBe(VoiceErrorKind.REFUSED);

        const late = await start("silence");
        await advanceTime(30_000);
        expect((await late.result).kind).toBe(VoiceErrorKind.UNREACHABLE);

        const left = await start();
        left.voice.stopTest();
        expect((await left.result).kind).toBe(VoiceErrorKind.UNKNOWN);
        expect.verifySteps(
            [1, 2, 3, 4].flatMap((n) => ["load /sdk.js", `connect test with token-${n}`])
        );
    });
});

test("every kind of error has a whole sentence", () => {
    allowTranslations();
    for (const kind of Object.values(VoiceErrorKind)) {
        expect(`${humanError(new VoiceError(kind))}`).toMatch(/^[A-Z].+\.$/);
    }
});
