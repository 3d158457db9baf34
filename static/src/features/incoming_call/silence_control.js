/**
 * Silences the ring of a call without declining it: the caller goes on waiting. One tab rings for
 * all, so each tab follows. Each tab stores it, so that a reload does not ring again.
 */

import { browser } from "@web/core/browser/browser";
import { effect } from "@web/core/utils/reactive";
import { addPart } from "@crm_telephony/core/softphone_part";
import { BrowserTabs } from "@crm_telephony/voice/browser_tabs";

const KEY = "telephony.silenced";

export class SilenceControl {
    /**
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/voice/ringer").Ringer} ringer
     */
    constructor(store, ringer) {
        Object.assign(this, { store, ringer });
        this._restore();
        effect(({ silenced }) => this._keep(silenced), [store]);
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

    _restore() {
        try {
            const kept = JSON.parse(browser.sessionStorage.getItem(KEY) || "{}");
            for (const [uuid, id] of Object.entries(kept)) {
                this.store.silence({ uuid, id }, true);
            }
        } catch {
            browser.sessionStorage.removeItem(KEY); // written by another version
        }
    }

    _keep(silenced) {
        browser.sessionStorage.setItem(KEY, JSON.stringify(silenced));
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
