/**
 * The playback of a standard sentence: the page connects to the provider as for a call, and hears
 * what callers hear. One sentence at a time, and never during a call.
 */

import { markRaw } from "@odoo/owl";
import { effect, Reactive } from "@web/core/utils/reactive";
import { VoiceState } from "@crm_telephony/core/constants";
import { humanError } from "@crm_telephony/core/human_error";
import { addPart } from "@crm_telephony/core/softphone_part";

export class SentencePlayback extends Reactive {
    /** Row of the sentence that is or was played last */
    sentenceId = 0;
    /** @type {"idle"|"connecting"|"playing"} */
    phase = "idle";
    /** Why that sentence could not be played */
    error = "";
    /** Whether a call needs the phone */
    isBlocked = false;

    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/voice/voice_device").VoiceDevice} voice
     * @param {Object} orm
     */
    constructor(store, voice, orm) {
        super();
        Object.assign(this, { _voice: markRaw(voice), _orm: orm });
        /** Number of the last playback, or stop */
        this._turn = 0;
        effect(({ isBusy }) => this._followCalls(isBusy), [store]);
    }

    /** @param {number} sentenceId */
    async play(sentenceId) {
        this.stop();
        if (this.isBlocked) {
            return;
        }
        Object.assign(this, { sentenceId, phase: "connecting", error: "" });
        const turn = ++this._turn;
        const isCurrent = () => this._turn === turn;
        try {
            const { uuid } = await this._orm.silent.call("telephony.sentence", "play", [
                sentenceId,
            ]);
            if (isCurrent()) {
                await this._voice.connect(uuid, {
                    onState: (state, error) => isCurrent() && this._onState(state, error),
                    onWarnings: () => {},
                });
            }
            if (isCurrent() && this.phase === "playing") {
                this._voice.mute(true);
            }
        } catch (error) {
            if (isCurrent()) {
                this._end(humanError(error));
            }
        }
    }

    /** Stop the playback, if there is one. */
    stop() {
        if (this.phase === "idle") {
            return;
        }
        this._end();
        this._voice.disconnect();
    }

    _onState(state, error) {
        if (state === VoiceState.CONNECTED) {
            this.phase = "playing";
        } else if (state === VoiceState.LOST) {
            this._end(error ? humanError(error) : "");
        }
    }

    _end(error = "") {
        this._turn++;
        Object.assign(this, { phase: "idle", error });
    }

    /** A call takes the sound of the page over: `voice` has closed this connection. */
    _followCalls(isBusy) {
        this.isBlocked = isBusy;
        if (isBusy) {
            this._end();
        }
    }
}

addPart(
    "playback",
    ["telephony.store", "telephony.voice", "orm"],
    ({ store, voice, orm }) => new SentencePlayback(store, voice, orm)
);
