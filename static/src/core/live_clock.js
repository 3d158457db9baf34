import { onWillUnmount, reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

/**
 * One clock for all rows of a list: who reads `now` is drawn again every second, and nobody else.
 *
 * @param {import("./softphone_store").SoftphoneStore} store
 * @returns {{ now: number }} the server's time in milliseconds
 */
export function useLiveClock(store) {
    const read = () => Date.now() + store.clockOffset;
    const clock = reactive({ now: read() });
    const timer = browser.setInterval(() => (clock.now = read()), 1000);
    onWillUnmount(() => browser.clearInterval(timer));
    return clock;
}
