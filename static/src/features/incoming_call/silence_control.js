/**
 * Silences the ring of a call without declining it: the caller goes on waiting. One tab rings for
 * all, so each tab follows.
 */

import { addPart } from "@crm_telephony/core/softphone_part";
import { BrowserTabs } from "@crm_telephony/voice/browser_tabs";

export class SilenceControl {
    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/voice/ringer").Ringer} ringer
     */
    constructor(store, ringer) {
        Object.assign(this, { store, ringer });
        this.browserTabs = new BrowserTabs((type, payload) => {
            if (type === "silence") {
                this._apply(payload);
            }
        });
    }

    /** Silence the ring of an offered call, or let it ring again. @param {OfferData} offer */
    toggle(offer) {
        const { uuid } = offer.call;
        const change = { uuid, id: offer.id, isSilent: !this.store.isSilenced(offer) };
        this._apply(change);
        this.browserTabs.send("silence", change);
    }

    _apply({ uuid, id, isSilent }) {
        this.store.silence({ uuid, id }, isSilent);
        if (!this.store.audibleOffers.length) {
            this.store.setRingBlocked(false); // nothing is left to be heard
        }
        this.ringer.update();
    }
}

addPart(
    "silence",
    ["telephony.store", "telephony.ringer"],
    ({ store, ringer }) => new SilenceControl(store, ringer)
);
