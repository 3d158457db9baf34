/**
 * Tells the server, once a connection is over, how good its sound was.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { attempt } from "@crm_telephony/core/attempt";
import { sendLast } from "@crm_telephony/core/beacon";

export class CallQuality extends Reactive {
    /** uuid → whether the person is to be asked how it was; `answered` once that was done */
    questions = {};
    error = "";

    /**
     * @param {Object} orm the orm service
     * @param {import("./voice_device").VoiceDevice} voice
     */
    constructor(orm, voice) {
        super();
        Object.assign(this, { _orm: orm, _voice: voice });
    }

    start() {
        browser.addEventListener("pagehide", () => {
            const told = this._voice.takeQuality();
            if (told) {
                sendLast("telephony.call", "save_quality", [told.uuid, told.legId, told.report]);
            }
        });
    }

    /** @param {{ uuid: string, legId: string, report: Object }} told */
    async save({ uuid, legId, report }) {
        try {
            const mustAsk = await this._orm.silent.call("telephony.call", "save_quality", [
                uuid,
                legId,
                report,
            ]);
            if (mustAsk) {
                this.questions[uuid] = "asked";
            }
        } catch (error) {
            // Nobody misses a measurement enough to be disturbed.
            console.debug("Telephony: the quality of the sound was not saved", error);
        }
    }

    /**
     * @param {string} uuid of the call
     * @param {string} issue what the person says of its sound
     */
    async rate(uuid, issue) {
        await attempt(this, async () => {
            await this._orm.silent.call("telephony.call", "rate_quality", [uuid, issue]);
            this.questions[uuid] = "answered";
        });
    }
}
