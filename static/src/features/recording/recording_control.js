import { humanError } from "@crm_telephony/core/human_error";

/** What a person can do with the recording of a conversation. The server decides what may be. */
export class RecordingControl {
    /**
     * @param {Object} orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     */
    constructor(orm, store) {
        this.orm = orm;
        this.store = store;
    }

    /**
     * @param {Object} call CallData
     * @param {string} wanted "recording", "paused" or "stopped"
     */
    async set(call, wanted) {
        const { store } = this;
        store.error = "";
        try {
            const answer = await this.orm.silent.call("telephony.call", "set_recording", [
                call.uuid,
                wanted,
            ]);
            store.applyCall(answer);
        } catch (error) {
            store.error = humanError(error);
        }
    }
}
