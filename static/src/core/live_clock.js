import { onWillUnmount, reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

/**
 * Return the one clock for all rows of a list. Only components that read `now` are rendered again
 * every second.
 * @param {import("./softphone_store").SoftphoneStore} store
 * @returns {{ now: number }} server time in milliseconds
 */
export function useLiveClock(store) {
    const read = () => Date.now() + store.clockOffset;
    const clock = reactive({ now: read() });
    const timer = browser.setInterval(() => (clock.now = read()), 1000);
    onWillUnmount(() => browser.clearInterval(timer));
    return clock;
}
