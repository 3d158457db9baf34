/**
 * One place for what happens when a request of a person fails: the reason stands on the screen.
 */

import { humanError } from "./human_error";

/**
 * Do something for a person, and show why it could not be done.
 *
 * @template T
 * @param {{ error: string }} holder whose `error` the screen shows: the store, or a component's state
 * @param {() => Promise<T>} run
 * @returns {Promise<T|undefined>} what `run` gives; undefined when it failed
 */
export async function attempt(holder, run) {
    holder.error = "";
    try {
        return await run();
    } catch (error) {
        holder.error = humanError(error);
        return undefined;
    }
}
