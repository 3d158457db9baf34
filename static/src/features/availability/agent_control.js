/**
 * The actions of an agent on their own availability.
 */

import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

export class AgentControl {
    /**
     * @param {Object} orm the orm service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("./lease").Lease} lease
     * @param {import("@crm_telephony/voice/ringer").Ringer} ringer
     */
    constructor(orm, store, lease, ringer) {
        Object.assign(this, { orm, store, lease, ringer });
        this.isBusy = false;
    }

    /** Toggle between Online and Offline. Note: must be called in a click. */
    async toggleStatus() {
        if (this.isBusy) {
            return;
        }
        this.isBusy = true;
        const status = this.store.isOnline ? "offline" : "online";
        await attempt(this.store, async () => {
            if (status === "online") {
                this.ringer.askForNotifications().catch(() => {}); // a refusal is a valid answer
                await this.lease.renew();
            }
            this.store.applyAgent(
                await this.orm.silent.call("telephony.agent", "set_status", [status])
            );
        });
        this.isBusy = false;
    }

    /**
     * @param {string} term part of a name or number
     * @param {number} [limit] maximum number of contacts
     * @returns {Promise<Object[]>} contacts that can be called; empty if the server does not answer
     */
    async searchContacts(term, limit = 8) {
        try {
            return await this.orm.silent.call("telephony.call", "search_contacts", [term, limit]);
        } catch (error) {
            console.debug("Telephony: the contacts could not be searched", error);
            return [];
        }
    }
}

addPart(
    "agent",
    ["orm", "telephony.store", "telephony.lease", "telephony.ringer"],
    ({ orm, store, lease, ringer }) => new AgentControl(orm, store, lease, ringer)
);
