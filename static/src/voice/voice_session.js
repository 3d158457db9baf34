/**
 * The sound of the current call across this browser's tabs.
 *
 * One tab carries it (its session `isMine`); the others mirror that session and send it their
 * clicks. By a marker in its own storage, the same tab finds its call after a reload.
 */

import { toRaw } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { isHeld, mayRejoin } from "@crm_telephony/core/call_phases";
import { VoiceErrorKind, VoiceNeed, VoiceState } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";
import { BrowserTabs } from "./browser_tabs";
import { CallSession } from "./call_session";

const MARKER = "telephony.voice";
const END_GRACE = 1_500; // ms the server may need to report that the customer has hung up
const END_ROUNDS = 3; // how often the server is asked before the agent is
const RESUME_LIMIT = 6_000; // ms until a reloaded page offers to rejoin instead of rejoining
const OWNER_REPLY_LIMIT = 700; // ms
const RETRIABLE = [VoiceErrorKind.UNREACHABLE, VoiceErrorKind.CONNECTION_LOST];

export class VoiceSession {
    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("./voice_device").VoiceDevice} voice
     * @param {() => Promise<boolean>} refresh re-reads the server's snapshot
     * @param {import("./call_quality").CallQuality} quality
     */
    constructor(store, voice, refresh, quality) {
        Object.assign(this, { store, voice, refresh, quality });
        this.isResuming = false;
        this.browserTabs = new BrowserTabs((type, payload) => this._onMessage(type, payload));
    }

    start() {
        browser.addEventListener("beforeunload", (ev) => {
            if (this.carriesSound) {
                ev.preventDefault();
                ev.returnValue = ""; // some browsers ask only if this is set
            }
        });
        browser.addEventListener("pagehide", () => {
            if (this.store.session?.isMine) {
                this.browserTabs.send("bye", { uuid: this.store.session.uuid });
            }
        });
        this.browserTabs.send("hello");
    }

    get carriesSound() {
        const { session } = this.store;
        return Boolean(session?.isMine && session.isActive && session.uuid);
    }

    /** @returns {boolean} whether the result of work for that session is still needed */
    isWanted(session) {
        return toRaw(this.store.session) === toRaw(session) && !session.isOver && session.isMine;
    }

    // === Session of this tab === //

    /** @param {string} [uuid] of the call, empty while it is being dialed */
    begin(uuid = "") {
        this.voice.disconnect();
        const session = new CallSession(uuid, (changed) => this._announce(changed));
        this.store.setSession(session);
        this._announce(session);
        return session;
    }

    /**
     * Open the sound of the session's call.
     *
     * @throws {import("@crm_telephony/core/human_error").VoiceError} when it stays closed after one more try
     */
    async connect(session) {
        session.setState(VoiceState.CONNECTING);
        browser.sessionStorage.setItem(MARKER, session.uuid);
        try {
            await this.voice.connect(session.uuid, {
                onState: (state, error) => this._onVoiceState(session, state, error),
                onWarnings: (warnings) => session.update({ warnings }),
                onQuality: (quality) => this.quality.save(quality),
            });
        } catch (error) {
            const mayRetry = RETRIABLE.includes(error?.kind) && session.retries < 1;
            if (!this.isWanted(session) || !mayRetry) {
                throw error;
            }
            session.retries++;
            return this.connect(session);
        }
        if (this.isWanted(session) && session.isMuted) {
            this.voice.mute(true);
        }
    }

    /** End the session: the call is over, or another tab or agent carries its sound. */
    end() {
        const { session } = this.store;
        if (session?.isMine) {
            session.setState(VoiceState.ENDED);
            this.voice.disconnect();
            this.voice.release(VoiceNeed.CALL);
        }
        this.store.setSession(null);
        browser.sessionStorage.removeItem(MARKER);
    }

    /** Rejoin the sound of a running call in this tab. @param {string} uuid */
    async rejoin(uuid) {
        const { session: other } = this.store;
        const before = other?.uuid === uuid ? other : null;
        const session = this.begin(uuid);
        Object.assign(session, {
            retries: before?.retries || 0,
            isMuted: before?.isMuted || false,
            digits: before?.digits || "",
        });
        this.store.clearError();
        try {
            await this.voice.ensureMicrophone();
            if (this.isWanted(session)) {
                await this.connect(session);
            }
        } catch (error) {
            if (this.isWanted(session)) {
                session.setState(VoiceState.LOST);
                this.store.fail(error);
            }
        }
    }

    async _onVoiceState(session, state, error) {
        if (!this.isWanted(session)) {
            return;
        }
        if (state !== VoiceState.LOST) {
            session.setState(state);
            return;
        }
        if (error) {
            session.setState(VoiceState.RECONNECTING);
        }
        if (error?.isMicrophone) {
            this.store.fail(error); // the agent can act at once; a new connection would fail as well
        }
        if (await this._waitForServer(session)) {
            session.setState(VoiceState.LOST);
            await this._rejoinOnce(session);
        }
    }

    /**
     * Wait for the server: the end of the sound is often the end of the call.
     *
     * @returns {Promise<boolean>} whether the call continues without its sound
     */
    async _waitForServer(session) {
        for (let round = 0; round < END_ROUNDS; round++) {
            await new Promise((resolve) => browser.setTimeout(resolve, END_GRACE));
            if (this.isWanted(session)) {
                await this.refresh();
            }
            if (!this.isWanted(session)) {
                return false;
            }
            const call = this.store.findCall(session.uuid);
            if (!call?.agent_connected) {
                break;
            }
        }
        return true;
    }

    /** Rejoin automatically, but only once: a repeated failure needs a decision of the agent. */
    async _rejoinOnce(session) {
        const call = this.store.findCall(session.uuid);
        if (call && !isHeld(call) && session.retries < 1 && !call.agent_connected) {
            session.retries++;
            await this.rejoin(session.uuid);
        }
    }

    // === After a reload === //

    /** Find the call whose sound this tab carried before a reload. */
    async resume() {
        const uuid = browser.sessionStorage.getItem(MARKER);
        const isCarried = this.store.session?.isActive; // announced by another tab
        const call = this.store.findCall(uuid);
        if (!uuid || isCarried || !call || isHeld(call) || this.store.isPhoneCall(call)) {
            browser.sessionStorage.removeItem(MARKER);
            return;
        }
        const session = this.begin(uuid);
        this.isResuming = true;
        if (await this._tryResume()) {
            return;
        }
        // The server does not know yet that the old page is gone; it will announce that on the bus.
        await new Promise((resolve) => browser.setTimeout(resolve, RESUME_LIMIT));
        if (this.isResuming && this.isWanted(session)) {
            await this.refresh();
        }
        if (this.isResuming && this.isWanted(session) && !(await this._tryResume())) {
            this.isResuming = false;
            session.setState(VoiceState.LOST);
        }
    }

    async _tryResume() {
        const call = this.store.findCall(this.store.session?.uuid);
        if (!this.isResuming || !call || call.agent_connected) {
            return false;
        }
        this.isResuming = false;
        await this.rejoin(call.uuid);
        return true;
    }

    /** Apply a change of the session's call. @param {CallData} call */
    async onCall(call) {
        const { session } = this.store;
        if (session?.uuid !== call.uuid) {
            return;
        }
        if (isHeld(call)) {
            this.end(); // the agent answers another call, perhaps in another tab
            this.browserTabs.send("hello");
            return;
        }
        if (!mayRejoin(call)) {
            return;
        }
        if (session.isMine && session.state === VoiceState.LOST) {
            await this._rejoinOnce(session);
        } else if (session.isMine) {
            await this._tryResume();
        } else {
            await this._checkOwner(session);
        }
    }

    // === Several tabs === //

    /** @param {boolean} isMuted */
    mute(isMuted) {
        this._command("mute", isMuted);
    }

    /** @param {string} digits */
    sendDigits(digits) {
        this._command("digits", digits);
    }

    _command(name, value) {
        const { session } = this.store;
        if (!session?.isActive) {
            return;
        }
        if (!session.isMine) {
            this.browserTabs.send("command", { uuid: session.uuid, name, value });
        } else if (name === "mute") {
            this.voice.mute(value);
            session.update({ isMuted: value });
        } else {
            this.voice.sendDigits(value);
            session.update({ digits: session.digits + value });
        }
    }

    _announce(session) {
        if (session.isMine) {
            this.browserTabs.send("voice", session.toMessage());
        }
    }

    _onMessage(type, payload) {
        const { session } = this.store;
        if (type === "hello" && session?.isMine) {
            this._announce(session);
        } else if (type === "voice") {
            this._onVoiceMessage(payload);
        } else if (type === "bye" && session?.uuid === payload.uuid && !session.isMine) {
            this.store.setSession(null);
        } else if (type === "command" && session?.isMine && session.uuid === payload.uuid) {
            this._command(payload.name, payload.value);
        }
    }

    _onVoiceMessage(message) {
        const { session } = this.store;
        this.hasOwnerReplied = true;
        const mirror = CallSession.mirror(message);
        if (session?.isMine) {
            const isTaken = mirror.uuid === session.uuid && mirror.isActive;
            if (session.isActive && !isTaken) {
                return;
            }
            this.end(); // the agent continued in the other tab
        }
        this.store.setSession(mirror.isOver ? null : mirror);
    }

    /** Drop a mirrored session whose owner does not reply: its tab may have crashed. */
    async _checkOwner(session) {
        this.hasOwnerReplied = false;
        this.browserTabs.send("hello");
        await new Promise((resolve) => browser.setTimeout(resolve, OWNER_REPLY_LIMIT));
        if (!this.hasOwnerReplied && toRaw(this.store.session) === toRaw(session)) {
            this.store.setSession(null);
        }
    }
}

addPart(
    "voiceSession",
    ["telephony.store", "telephony.voice", "telephony.serverSync", "telephony.quality"],
    ({ store, voice, serverSync, quality }) =>
        new VoiceSession(store, voice, () => serverSync.refresh(), quality)
);
