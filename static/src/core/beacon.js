/**
 * Requests that must still leave while the page is being closed.
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";

/**
 * Call a model's method without waiting for the answer. The browser sends the request even if the
 * page is closed at the same moment.
 *
 * @param {string} model
 * @param {string} method
 * @param {any[]} args
 */
export function sendLast(model, method, args) {
    const params = { model, method, args, kwargs: { context: user.context } };
    browser
        .fetch(`/web/dataset/call_kw/${model}/${method}`, {
            method: "POST",
            keepalive: true,
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ id: 0, jsonrpc: "2.0", method: "call", params }),
        })
        .catch(() => {}); // the page may be gone: there is no place to show an error
}
