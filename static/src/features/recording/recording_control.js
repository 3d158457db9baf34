import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

/** The actions of an agent on the recording of a conversation. The server checks the rights. */
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
     * @param {CallData} call
     * @param {string} wanted "recording", "paused" or "stopped"
     */
    async set(call, wanted) {
        const { orm, store } = this;
        const answer = await attempt(store, () =>
            orm.silent.call("telephony.call", "set_recording", [call.uuid, wanted])
        );
        if (answer) {
            store.applyCall(answer);
        }
    }
}

addPart(
    "recording",
    ["orm", "telephony.store"],
    ({ orm, store }) => new RecordingControl(orm, store)
);
