/**
 * Messages between the tabs of one browser and one user.
 *
 * Messages: `hello` (who carries the sound?), `voice` (the state of the sound, from the tab that
 * carries it), `command` (mute or digits, to that tab), `bye` (that tab is being closed), `silence`
 * (the ring of a call, which another tab may play).
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { session } from "@web/session";

export class BrowserTabs {
    /** @param {(type: string, payload: Object) => void} onMessage */
    constructor(onMessage) {
        if (!browser.BroadcastChannel) {
            return; // this tab is then the only one
        }
        this.channel = new browser.BroadcastChannel(`telephony/${session.db}/${user.userId}`);
        this.channel.onmessage = ({ data }) => onMessage(data.type, data.payload);
    }

    /**
     * @param {string} type
     * @param {Object} [payload] plain values
     */
    send(type, payload = {}) {
        this.channel?.postMessage({ type, payload });
    }
}
