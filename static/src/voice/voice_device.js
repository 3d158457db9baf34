/**
 * The sound of a call through the Twilio Voice SDK. More than 600 lines, because this is the only
 * file of the client that knows the SDK and its error codes.
 *
 * The SDK's objects stay in this file: they must never reach reactive state. Each call has its own `Device`, with a
 * fresh token and a fresh connection, which is destroyed afterwards. The `Device` never registers,
 * because incoming calls ring through the bus and are then connected like outgoing ones. It may be
 * created while the call still rings, so that the connection to the provider is open at the click.
 */

import { loadJS } from "@web/core/assets";
import { browser } from "@web/core/browser/browser";
import { rpc } from "@web/core/network/rpc";
import { user } from "@web/core/user";
import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { VoiceErrorKind as Kind, VoiceState } from "@crm_telephony/core/constants";
import { VoiceError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";
import { ensureMicrophone, microphoneConstraints, openMicrophone } from "./microphone";
import { QualityMeter } from "./quality_meter";

const CONNECT_TIMEOUT = 15_000; // ms
const TEST_TIMEOUT = 30_000; // ms
const TOKEN_REFRESH = 60_000; // ms before the token expires
const DIGIT_PERIOD = 230; // ms; the SDK makes tones of 160 ms and gaps of 70 ms
const DIGIT_MARGIN = 150; // ms by which a busy computer may be late
const AUDIO_FOLDER = "/crm_telephony/static/src/audio";
const DIGIT_NAMES = [..."0123456789", "s", "h"].map((key) => `dtmf${key}`);

/** @returns {Promise<Object>} access to the account of the company shown in the page */
function fetchAccess() {
    const params = { company_id: user.activeCompany.id };
    return rpc("/telephony/token", params, { silent: true });
}

/** @returns {Promise<string|false>} why the account cannot carry another call now, if so */
function fetchLimit() {
    const params = { company_id: user.activeCompany.id };
    return rpc("/telephony/limit", params, { silent: true });
}

const KIND_OF_CODE = {
    20101: Kind.TOKEN,
    20102: Kind.TOKEN,
    20103: Kind.TOKEN,
    20104: Kind.TOKEN,
    20151: Kind.TOKEN,
    20157: Kind.TOKEN,
    31201: Kind.TOKEN,
    31202: Kind.TOKEN,
    31203: Kind.TOKEN,
    31204: Kind.TOKEN,
    31205: Kind.TOKEN,
    31207: Kind.TOKEN,
    31000: Kind.UNREACHABLE,
    31003: Kind.CONNECTION_LOST,
    31005: Kind.CONNECTION_LOST,
    31009: Kind.UNREACHABLE,
    53000: Kind.UNREACHABLE,
    53001: Kind.CONNECTION_LOST,
    53405: Kind.CONNECTION_LOST,
    10004: Kind.LIMIT,
    16021: Kind.LIMIT,
    31429: Kind.RATE_LIMITED,
    31002: Kind.REFUSED,
    31206: Kind.REFUSED,
    31404: Kind.REFUSED,
    31480: Kind.REFUSED,
    31486: Kind.REFUSED,
    31603: Kind.REFUSED,
    31401: Kind.MIC_DENIED,
    31402: Kind.MIC_BUSY,
    53400: Kind.UNSUPPORTED,
    53402: Kind.UNSUPPORTED,
};

/** Kinds of which the account's limit of calls may be the cause: the SDK does not say so. */
const UNCLEAR = [Kind.REFUSED, Kind.CONNECTION_LOST, Kind.UNKNOWN];
/** The key that a trial account demands of each party before it connects */
const TRIAL_KEY = "1";

/** A warning of our own, beside those of the SDK */
const MICROPHONE_LOST = "microphone-lost";

/** Warnings that are shown to the agent. */
const WARNINGS = {
    "constant-audio-input-level": "silent_microphone",
    "low-bytes-sent": "silent_microphone",
    "low-bytes-received": "nothing_received",
    "high-rtt": "late_network",
    "high-jitter": "slow_network",
    "high-packet-loss": "slow_network",
    "high-packets-lost-fraction": "slow_network",
    "low-mos": "slow_network",
    "ice-connectivity-lost": "interrupted",
    [MICROPHONE_LOST]: "lost_microphone",
};

function toVoiceError(error) {
    return error instanceof VoiceError
        ? error
        : new VoiceError(KIND_OF_CODE[error?.code] || Kind.UNKNOWN, error?.code || error?.name);
}

function sounds() {
    const silence = `${AUDIO_FOLDER}/silence.wav`;
    const entries = DIGIT_NAMES.map((name) => [name, `${AUDIO_FOLDER}/${name}.wav`]);
    return {
        incoming: silence,
        outgoing: silence,
        disconnect: silence,
        ...Object.fromEntries(entries),
    };
}

/** @throws {VoiceError} the file of the SDK cannot be loaded */
async function loadSdk(access) {
    try {
        await loadJS(access.sdk_url);
    } catch {
        throw new VoiceError(Kind.SDK_UNAVAILABLE);
    }
}

/** @throws {VoiceError} the SDK is missing, or does not support this browser */
function getDeviceClass() {
    const { Device } = window.Twilio || {};
    if (!Device || !Device.isSupported) {
        throw new VoiceError(Device ? Kind.UNSUPPORTED : Kind.SDK_UNAVAILABLE);
    }
    return Device;
}

function deviceOptions(access) {
    return {
        ...(access.gateway && { chunderw: access.gateway }),
        ...(access.edge && { edge: access.edge }),
        sounds: sounds(),
        publishEvents: Boolean(access.insights),
        enableImprovedSignalingErrorPrecision: true,
        tokenRefreshMs: TOKEN_REFRESH,
        logLevel: "silent",
    };
}

/**
 * @typedef {Object} VoiceHandlers
 * @property {(state: string, error?: VoiceError) => void} onState called with CONNECTED,
 *  RECONNECTING, and once, at the end, with LOST if the sound ends without `disconnect`
 * @property {(kinds: string[]) => void} onWarnings kinds of trouble that are present now
 * @property {(quality: { uuid: string, legId: string, report: Object }) => void} [onQuality] called
 *  once, when a measured connection ends
 */

export class VoiceDevice {
    /** @param {BrowserSettings} [settings] which microphone and speaker to use */
    constructor(settings = new BrowserSettings()) {
        this.settings = settings;
        this._attempt = null;
        /** Promise of the attempt prepared for the next call */
        this._next = null;
        /** The needs for which that attempt is kept open */
        this._needs = new Set();
        /** The running test of the connection */
        this._test = null;
        settings.onChange(() => this._attempt?.useDevices());
    }

    ensureMicrophone() {
        return ensureMicrophone();
    }

    /**
     * Load the SDK, get a token and open the connection to the provider, so that `connect` need not
     * wait.
     *
     * @param {string} need one of `VoiceNeed`; the connection stays open until all are released
     * @throws {VoiceError|import("@web/core/network/rpc").RPCError}
     */
    async prepare(need) {
        this._needs.add(need);
        const next = (this._next ||= this._open());
        try {
            await next;
        } catch (error) {
            if (this._next === next) {
                this._next = null;
            }
            throw error;
        }
    }

    /** @param {string} need one of `VoiceNeed` that has ended */
    async release(need) {
        this._needs.delete(need);
        if (this._needs.size) {
            return;
        }
        const next = this._next;
        this._next = null;
        const attempt = await next?.catch(() => null);
        attempt?.close();
    }

    async _open() {
        const access = await fetchAccess();
        await loadSdk(access);
        const attempt = new VoiceAttempt(access, this.settings);
        attempt.open();
        return attempt;
    }

    async _takeNext() {
        const next = this._next || this._open();
        this._next = null; // each call needs its own token
        const attempt = await next;
        if (!attempt.lastError) {
            return attempt;
        }
        attempt.close(); // it failed while it was idle
        return this._open();
    }

    /**
     * Join the call's sound. Resolves when both directions are open.
     *
     * @param {string} uuid of the call
     * @param {VoiceHandlers} handlers
     * @throws {VoiceError|import("@web/core/network/rpc").RPCError}
     */
    async connect(uuid, handlers) {
        try {
            await this._connectOnce(uuid, handlers);
        } catch (error) {
            if (error?.kind !== Kind.TOKEN) {
                throw error;
            }
            // The token was older than the account's key: a new token is the complete remedy.
            await this._connectOnce(uuid, handlers);
        }
    }

    async _connectOnce(uuid, handlers) {
        this.disconnect();
        const attempt = await this._takeNext();
        this._attempt = attempt;
        try {
            await attempt.connect(uuid, handlers);
        } catch (error) {
            const cause = toVoiceError(error);
            const isClosed = attempt.isClosed && cause.code === "closed";
            attempt.close();
            throw attempt.isLimited && !isClosed ? await this._findCause(cause) : cause;
        }
    }

    /** @returns {Promise<VoiceError>} the error, with the account's limit of calls as its cause */
    async _findCause(error) {
        const sentence = UNCLEAR.includes(error.kind) && (await fetchLimit().catch(() => false));
        return sentence ? new VoiceError(Kind.LIMIT, error.code, sentence) : error;
    }

    /**
     * Test the way to the provider with a call that reaches no one, as the SDK's preflight. It uses
     * the same options as a call.
     *
     * @param {(measures: { rtt: number, jitter: number, loss: number }) => void} onMeasures called
     *  once a second: round trip and jitter in milliseconds, and the lost packets in percent
     * @returns {Promise<{ rtt: number, jitter: number, loss: number, troubles: string[] }>}
     * @throws {VoiceError|import("@web/core/network/rpc").RPCError}
     */
    async test(onMeasures) {
        this.stopTest();
        const access = await fetchAccess();
        await loadSdk(access);
        const test = (this._test = new VoiceTest(access, this.settings));
        try {
            return await test.run(onMeasures);
        } finally {
            if (this._test === test) {
                this._test = null;
            }
        }
    }

    /** Stop the test: its `test` is rejected. */
    stopTest() {
        this._test?.stop();
        this._test = null;
    }

    /** @param {boolean} isMuted */
    mute(isMuted) {
        this._attempt?.mute(isMuted);
    }

    /** @param {string} digits of 0-9, * and # */
    sendDigits(digits) {
        this._attempt?.sendDigits(digits);
    }

    /** @returns {Object|null} see `onQuality`, which is not called afterwards */
    takeQuality() {
        return this._attempt?.takeQuality() || null;
    }

    /** Leave the sound. Afterwards no handler but `onQuality` is called. */
    disconnect() {
        this._attempt?.close();
        this._attempt = null;
    }
}

/** One Device with its one call, from the first request to the end. */
class VoiceAttempt {
    constructor(access, settings) {
        this.settings = settings;
        this.isClosed = false;
        this.isConnected = false;
        this.warnings = new Map();
        this.meter = new QualityMeter();
        this.isMuted = false;
        this.isLimited = access.is_limited;
        this.awaitsKey = access.is_trial;
        this.digits = ""; // keys pressed but not sent yet
        this.digitTimer = null;
        const Device = getDeviceClass();
        this.device = new Device(access.token, {
            ...deviceOptions(access),
            getUserMedia: (constraints) => this._openMicrophone(constraints),
        });
        this.device.on("error", (error) => this._onError(error));
        this.device.on("tokenWillExpire", () => this._renewToken());
    }

    /** Open the connection, as the SDK does in `connect`; `register` would also receive calls. */
    open() {
        this.device._setupStream?.().catch(() => {}); // `error` is emitted; `connect` tries again
    }

    /**
     * @param {string} uuid of the call
     * @param {VoiceHandlers} handlers
     */
    connect(uuid, handlers) {
        Object.assign(this, { uuid, handlers });
        this.devices = { microphone: this.settings.microphone, speaker: "" };
        return new Promise((resolve, reject) => {
            const timer = browser.setTimeout(
                () => reject(new VoiceError(Kind.UNREACHABLE, "timeout")),
                CONNECT_TIMEOUT
            );
            const settle = (callback) => (value) => {
                browser.clearTimeout(timer);
                callback(value);
            };
            this.resolve = settle(resolve);
            this.reject = settle(reject);
            this.device
                .connect({
                    params: { uuid },
                    rtcConstraints: microphoneConstraints(this.settings.microphone),
                })
                .then((call) => this._follow(call), this.reject);
        });
    }

    _follow(call) {
        if (this.isClosed) {
            call.disconnect();
            return;
        }
        this.call = call;
        call.on("accept", () => this._onAccept());
        call.on("reconnecting", () => this._notify(VoiceState.RECONNECTING));
        call.on("reconnected", () => this._notify(VoiceState.CONNECTED));
        call.on("error", (error) => this._onError(error));
        call.on("disconnect", () => this._onEnd());
        call.on("cancel", () => this._onEnd());
        call.on("sample", (sample) => this._onSample(sample));
        call.on("warning", (name) => this._onWarning(name, true));
        call.on("warning-cleared", (name) => this._onWarning(name, false));
    }

    _onAccept() {
        this.isConnected = true;
        this.resolve();
        this._notify(VoiceState.CONNECTED);
        this.useDevices();
    }

    _onError(error) {
        this.lastError = this.microphoneError || toVoiceError(error);
        console.warn("Telephony: the Voice SDK reported", error?.code, error?.message);
        if (!this.isConnected) {
            this.reject?.(this.lastError);
        }
    }

    _onEnd() {
        if (this.isClosed) {
            return;
        }
        const { isConnected, lastError, reject } = this;
        this.reject = null; // `close` would reject without the reason
        this.close();
        if (isConnected) {
            this.handlers.onState(VoiceState.LOST, lastError);
        } else {
            // The SDK emits the reason right after the end: wait for it.
            browser.setTimeout(() =>
                reject(
                    this.lastError || this.microphoneError || new VoiceError(Kind.CONNECTION_LOST)
                )
            );
        }
    }

    _onWarning(name, isOn) {
        const kind = WARNINGS[name];
        if (!kind || this.isClosed) {
            return;
        }
        if (isOn) {
            this.warnings.set(name, kind);
        } else {
            this.warnings.delete(name);
        }
        const kinds = [...new Set(this.warnings.values())];
        this._measureTroubles(kinds);
        this.handlers.onWarnings(kinds);
    }

    /** Update the troubles; a microphone muted by the agent is silent on purpose. */
    _measureTroubles(kinds = [...this.warnings.values()]) {
        this.meter.setTroubles(
            kinds.filter((kind) => !(this.isMuted && kind === "silent_microphone"))
        );
    }

    _onSample({ rtt, jitter, mos, packetsLostFraction, packetsReceived }) {
        if (this.awaitsKey && packetsReceived) {
            // The prompt is audible, so the key arrives, too.
            this.awaitsKey = false;
            this.sendDigits(TRIAL_KEY);
        }
        this.meter.addSample({ rtt, jitter, mos, loss: packetsLostFraction });
    }

    takeQuality() {
        const report = this.isConnected ? this.meter.toReport() : null;
        const legId = this.call?.parameters?.CallSid;
        this.meter = new QualityMeter();
        return report && legId ? { uuid: this.uuid, legId, report } : null;
    }

    _notify(state) {
        if (!this.isClosed) {
            this.handlers.onState(state);
        }
    }

    async _openMicrophone(constraints) {
        try {
            const stream = await openMicrophone(constraints);
            this.microphoneError = null;
            const [track] = stream.getAudioTracks?.() || [];
            this.meter.device = track?.label || "";
            this._watchTrack(track);
            return stream;
        } catch (error) {
            // The SDK would lose the cause: keep it for the error message.
            this.microphoneError = error;
            throw error;
        }
    }

    /** Notice that another program takes the microphone, or that it is unplugged. */
    _watchTrack(track) {
        this.track = track;
        this._markMicrophone(false);
        const follow = (name, isLost) =>
            track?.addEventListener?.(name, () => {
                if (this.track === track) {
                    this._markMicrophone(isLost);
                }
            });
        follow("mute", true); // by the system; the agent's own mute causes no event
        follow("ended", true);
        follow("unmute", false);
    }

    _markMicrophone(isLost) {
        if (this.warnings.has(MICROPHONE_LOST) !== isLost) {
            this._onWarning(MICROPHONE_LOST, isLost);
        }
    }

    async _renewToken() {
        try {
            const { token } = await fetchAccess();
            if (!this.isClosed) {
                this.device.updateToken(token);
            }
        } catch (error) {
            // The running call keeps its sound without a new token; the next call requests one.
            console.warn("Telephony: the token could not be renewed", error);
        }
    }

    /** Use the devices from the settings, even during a conversation. */
    async useDevices() {
        const { audio } = this.device;
        const { microphone, speaker } = this.settings;
        if (!audio || !this.isConnected || this.isClosed) {
            return;
        }
        try {
            if (speaker !== this.devices.speaker && audio.isOutputSelectionSupported) {
                this.devices.speaker = speaker;
                await audio.speakerDevices.set(speaker || "default");
            }
            if (microphone !== this.devices.microphone) {
                this.devices.microphone = microphone;
                await audio.setInputDevice(microphone || "default");
            }
        } catch (error) {
            // The device was unplugged: the call keeps the current one.
            console.warn("Telephony: a sound device could not be used", error);
            if (this.microphoneError) {
                this._markMicrophone(true);
            }
        }
    }

    mute(isMuted) {
        this.isMuted = isMuted;
        this.call?.mute(isMuted);
        this._measureTroubles();
    }

    sendDigits(digits) {
        this.digits += digits;
        if (!this.digitTimer) {
            this._sendPendingDigits();
        }
    }

    /** Send digits after the previous ones: the browser drops pending tones on a new request. */
    _sendPendingDigits() {
        const { digits } = this;
        this.digits = "";
        this.digitTimer = null;
        if (digits) {
            this.call?.sendDigits(digits);
            this.digitTimer = browser.setTimeout(
                () => this._sendPendingDigits(),
                digits.length * DIGIT_PERIOD + DIGIT_MARGIN
            );
        }
    }

    close() {
        if (this.isClosed) {
            return;
        }
        this.isClosed = true;
        browser.clearTimeout(this.digitTimer);
        const quality = this.takeQuality();
        if (quality) {
            this.handlers.onQuality?.(quality);
        }
        // A pending `connect` must not wait forever.
        this.reject?.(new VoiceError(Kind.CONNECTION_LOST, "closed"));
        this.call?.disconnect();
        try {
            this.device.destroy();
        } catch (error) {
            console.warn("Telephony: the Voice SDK did not close cleanly", error);
        }
    }
}

/**
 * One preflight test of the SDK.
 * https://www.twilio.com/docs/voice/sdks/javascript/twiliopreflighttest
 */
class VoiceTest {
    constructor(access, settings) {
        this.access = access;
        this.settings = settings;
        this.lastError = null;
    }

    /** @see VoiceDevice.test */
    run(onMeasures) {
        return new Promise((resolve, reject) => {
            const Device = getDeviceClass();
            this.preflight = Device.runPreflight(this.access.token, {
                deviceFactory: this._makeDeviceClass(Device),
                logLevel: "silent",
            });
            const timer = browser.setTimeout(
                () => this._fail(new VoiceError(Kind.UNREACHABLE, "timeout")),
                TEST_TIMEOUT
            );
            const fail = (error) => {
                browser.clearTimeout(timer);
                reject(this.lastError || toVoiceError(error));
            };
            let measures = null;
            this.preflight.on("sample", ({ rtt, jitter, totals }) => {
                measures = { rtt, jitter, loss: totals.packetsLostFraction };
                onMeasures(measures);
            });
            this.preflight.on("failed", fail);
            this.preflight.on("completed", ({ stats, warnings }) => {
                if (!measures || !stats) {
                    fail(new VoiceError(Kind.REFUSED));
                    return;
                }
                browser.clearTimeout(timer);
                const troubles = warnings.map(({ name }) => WARNINGS[name]).filter(Boolean);
                resolve({
                    rtt: stats.rtt.average,
                    jitter: stats.jitter.average,
                    loss: measures.loss,
                    troubles: [...new Set(troubles)],
                });
            });
        });
    }

    /**
     * The preflight makes a Device with few options, registers it, and calls without parameters.
     * This one has the options of a call, does not register, as it receives no calls, and says what
     * its call is.
     */
    _makeDeviceClass(Device) {
        const test = this;
        const { access, settings } = this;
        return class TestDevice extends Device {
            constructor(token, options) {
                super(token, {
                    ...options,
                    ...deviceOptions(access),
                    getUserMedia: (constraints) => test._openMicrophone(constraints),
                });
            }

            register() {
                return this._setupStream().then(
                    () => this.emit("registered"),
                    () => {} // `error` was emitted
                );
            }

            async connect(options) {
                try {
                    const call = await super.connect({
                        ...options,
                        params: { test: "1" },
                        rtcConstraints: microphoneConstraints(settings.microphone),
                    });
                    test._follow(call);
                    return call;
                } catch (error) {
                    test._fail(error);
                    return new Promise(() => {}); // the preflight does not expect an error
                }
            }

            destroy() {
                this.disconnectAll();
                this.emit("unregistered");
                super.destroy();
            }
        };
    }

    _follow(call) {
        call.on("error", (error) => {
            this.lastError ||= toVoiceError(error);
        });
        call.on("cancel", () => this.stop());
        let awaitsKey = this.access.is_trial;
        call.on("sample", ({ packetsReceived }) => {
            if (awaitsKey && packetsReceived) {
                awaitsKey = false;
                call.sendDigits(TRIAL_KEY);
            }
        });
    }

    async _openMicrophone(constraints) {
        try {
            return await openMicrophone(constraints);
        } catch (error) {
            // The SDK would lose the cause: keep it for the error message.
            this.lastError = error;
            throw error;
        }
    }

    _fail(error) {
        this.lastError ||= toVoiceError(error);
        this.stop();
    }

    stop() {
        this.preflight?.stop();
    }
}

addPart("voice", ["telephony.settings"], ({ settings }) => new VoiceDevice(settings));
