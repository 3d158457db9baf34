/**
 * The first use of the telephone: whether its steps are shown, and that they are done.
 */

import { Panel } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";

export class SetUpControl {
    /**
     * @param {Object} orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/shell/window_state").WindowState} windowState
     */
    constructor(orm, store, windowState) {
        Object.assign(this, { orm, store, windowState });
    }

    /** Show the steps, which the preferences offer as well. */
    open() {
        this.windowState.show(Panel.SET_UP);
    }

    /** Leave the steps, and do not show them again by themselves. */
    async finish() {
        this.store.endFirstUse();
        this.windowState.show(Panel.KEYPAD);
        try {
            await this.orm.silent.call("telephony.agent", "finish_set_up", []);
        } catch (error) {
            // They are shown once more at the next visit.
            console.debug("Telephony: the end of the set-up could not be stored", error);
        }
    }
}

addPart(
    "setUp",
    ["orm", "telephony.store", "telephony.windowState"],
    ({ orm, store, windowState }) => new SetUpControl(orm, store, windowState)
);
