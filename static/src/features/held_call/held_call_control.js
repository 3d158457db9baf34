/**
 * Resumes or ends the held call.
 */

import { attempt } from "@crm_telephony/core/attempt";
import { mayRejoin } from "@crm_telephony/core/call_phases";
import { addPart } from "@crm_telephony/core/softphone_part";

export class HeldCallControl {
    /**
     * @param {Object} parts
     * @param {Object} parts.orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/voice/voice_session").VoiceSession} parts.voiceSession
     * @param {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} parts.notes
     * @param {import("@crm_telephony/shell/window_state").WindowState} parts.windowState
     * @param {import("@crm_telephony/features/in_call/call_control").CallControl} parts.calls
     */
    constructor(parts) {
        Object.assign(this, parts);
    }

    /** Resume the held call; the current one is put on hold. */
    async resume() {
        const { store } = this;
        const uuid = store.heldCall?.uuid;
        if (!uuid || store.accepting) {
            return;
        }
        store.startAccepting(uuid);
        if (store.currentCall?.uuid) {
            this.notes.flush(store.currentCall.uuid);
        }
        try {
            const answer = await this._ask("resume", uuid);
            store.stopAccepting();
            if (mayRejoin(answer)) {
                store.hideKeypad();
                store.hideTransfer();
                this.windowState.open();
                await this.voiceSession.rejoin(uuid);
            }
        } finally {
            store.stopAccepting();
        }
    }

    /** End the held call. */
    async hangUp() {
        const uuid = this.store.heldCall?.uuid;
        if (uuid) {
            this.notes.flush(uuid);
            await this._ask("hang_up", uuid);
        }
    }

    /** @returns {Promise<CallData|undefined>} undefined if the request failed, which is shown */
    _ask(method, uuid) {
        const { store } = this;
        return attempt(store, async () => {
            const answer = await this.orm.silent.call("telephony.call", method, [uuid]);
            if (store.findCall(uuid)) {
                this.calls.onCall(answer);
            }
            return answer;
        });
    }
}

addPart(
    "heldCall",
    [
        "orm",
        "telephony.store",
        "telephony.voiceSession",
        "telephony.notes",
        "telephony.windowState",
        "telephony.calls",
    ],
    (parts) => new HeldCallControl(parts)
);
