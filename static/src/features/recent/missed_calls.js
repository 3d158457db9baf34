/**
 * The number of missed calls that the agent has not seen yet, for the badge.
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { addPart } from "@crm_telephony/core/softphone_part";

const MISSED = ["missed", "abandoned", "voicemail"];

export class MissedCalls {
    /** @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store */
    constructor(store) {
        this.store = store;
        this.key = `telephony.missed_seen.${user.userId}`;
        browser.addEventListener("storage", (ev) => ev.key === this.key && this.count());
    }

    count() {
        const seen = browser.localStorage.getItem(this.key) || "";
        const isNew = (call) =>
            call.direction === "incoming" &&
            MISSED.includes(call.outcome) &&
            // Server dates sort as text.
            (call.ended_at || call.created_at) > seen;
        this.store.setMissedCount(this.store.recent.filter(isNew).length);
    }

    markSeen() {
        const dates = this.store.recent.map((call) => call.ended_at || call.created_at || "");
        const newest = dates.sort().at(-1);
        if (newest && newest > (browser.localStorage.getItem(this.key) || "")) {
            browser.localStorage.setItem(this.key, newest);
        }
        this.count();
    }
}

addPart("missed", ["telephony.store"], ({ store }) => new MissedCalls(store));
