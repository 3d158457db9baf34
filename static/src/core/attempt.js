/**
 * The one place that handles a failed request of the user: the reason appears on the screen.
 */

import { errorCause, humanError } from "./human_error";

/**
 * Run an action of the user, and show the reason if it fails.
 *
 * @template T
 * @param {{ error: string }} holder owner of the `error` shown: the store, or a component's state
 * @param {() => Promise<T>} run
 * @returns {Promise<T|undefined>} the result of `run`; undefined if it failed
 */
export async function attempt(holder, run) {
    Object.assign(holder, { error: "", errorCause: "" });
    try {
        return await run();
    } catch (error) {
        Object.assign(holder, { error: humanError(error), errorCause: errorCause(error) });
        return undefined;
    }
}
