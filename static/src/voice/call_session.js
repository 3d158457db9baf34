/**
 * The sound of one call, as known to this browser.
 *
 * The tab that carries the sound owns the session; every other tab holds a mirror of it. Only
 * `setState` changes the state, and only along the transitions below.
 */

import { Reactive } from "@web/core/utils/reactive";
import { VoiceState as S } from "@crm_telephony/core/constants";

const ARROWS = Object.freeze({
    [S.PREPARING]: [S.CONNECTING, S.LOST, S.ENDING, S.ENDED],
    [S.CONNECTING]: [S.CONNECTED, S.RECONNECTING, S.LOST, S.ENDING, S.ENDED],
    [S.CONNECTED]: [S.RECONNECTING, S.LOST, S.ENDING, S.ENDED],
    [S.RECONNECTING]: [S.CONNECTING, S.CONNECTED, S.LOST, S.ENDING, S.ENDED],
    [S.LOST]: [S.PREPARING, S.ENDING, S.ENDED],
    [S.ENDING]: [S.ENDED],
    [S.ENDED]: [],
});
const OVER = [S.ENDING, S.ENDED];

export class CallSession extends Reactive {
    uuid = "";
    state = S.PREPARING;
    isMuted = false;
    /** Whether this tab carries the sound */
    isMine = true;
    /** Digits sent in this call, to show them */
    digits = "";
    /** Kinds of sound trouble that are present now */
    warnings = [];
    /** Number of automatic attempts to connect again */
    retries = 0;

    /**
     * @param {string} uuid of the call; empty until the server has assigned it
     * @param {(session: CallSession) => void} [onChange] called after every change, for the mirrors
     */
    constructor(uuid, onChange = () => {}) {
        super();
        this.uuid = uuid;
        this._onChange = onChange;
    }

    get isOver() {
        return OVER.includes(this.state);
    }

    get isActive() {
        return !this.isOver && this.state !== S.LOST;
    }

    /**
     * @param {string} state one of `VoiceState`
     * @returns {boolean} false if there is no such transition; nothing has changed then
     */
    setState(state) {
        if (!ARROWS[this.state].includes(state)) {
            return false;
        }
        this.state = state;
        if (state !== S.CONNECTED) {
            this.warnings = [];
        }
        this._onChange(this);
        return true;
    }

    /** @param {Object} values all but the state */
    update(values) {
        Object.assign(this, values);
        this._onChange(this);
    }

    /** @returns {Object} plain values for the other tabs */
    toMessage() {
        const { uuid, state, isMuted, digits } = this;
        return { uuid, state, isMuted, digits, warnings: [...this.warnings] };
    }

    /**
     * @param {Object} message result of `toMessage` in the tab that carries the sound
     * @returns {CallSession} a read-only session; its state is copied from its owner
     */
    static mirror(message) {
        const session = new CallSession(message.uuid);
        return Object.assign(session, message, { isMine: false });
    }
}
