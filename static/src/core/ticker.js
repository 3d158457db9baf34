/**
 * A clock that is not slowed down in hidden tabs.
 *
 * Browsers run the timers of a hidden page about once a minute; those of a worker continue.
 */

import { browser } from "@web/core/browser/browser";

/**
 * @param {number} period in milliseconds
 * @param {() => void} onTick
 * @returns {() => void} function that stops the clock
 */
export function startTicker(period, onTick) {
    try {
        const source = `setInterval(() => postMessage(0), ${period});`;
        const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
        const worker = new browser.Worker(url);
        URL.revokeObjectURL(url);
        worker.onmessage = () => onTick();
        return () => worker.terminate();
    } catch {
        // A content security policy may forbid workers: a slower clock is better than none.
        const timer = browser.setInterval(onTick, period);
        return () => browser.clearInterval(timer);
    }
}
