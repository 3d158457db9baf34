/**
 * Sends the sound quality of a connection to the server when the connection has ended.
 */

import { browser } from "@web/core/browser/browser";
import { Reactive } from "@web/core/utils/reactive";
import { attempt } from "@crm_telephony/core/attempt";
import { sendLast } from "@crm_telephony/core/beacon";
import { addPart } from "@crm_telephony/core/softphone_part";

export class CallQuality extends Reactive {
    /** uuid → `asked` if the agent is asked about the sound, `answered` afterwards */
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
            const quality = this._voice.takeQuality();
            if (quality) {
                sendLast("telephony.call", "save_quality", [
                    quality.uuid,
                    quality.legId,
                    quality.report,
                ]);
            }
        });
    }

    /** @param {{ uuid: string, legId: string, report: Object }} quality of the connection */
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
            // A missing measurement is not worth an error message.
            console.debug("Telephony: the quality of the sound was not saved", error);
        }
    }

    /**
     * @param {string} uuid of the call
     * @param {string} issue the agent's answer about the sound
     */
    async rate(uuid, issue) {
        await attempt(this, async () => {
            await this._orm.silent.call("telephony.call", "rate_quality", [uuid, issue]);
            this.questions[uuid] = "answered";
        });
    }
}

addPart("quality", ["orm", "telephony.voice"], ({ orm, voice }) => new CallQuality(orm, voice));
