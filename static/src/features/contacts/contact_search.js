import { useState } from "@odoo/owl";
import { useDebounced } from "@web/core/utils/timing";

const SEARCH_DELAY = 250; // ms after the last key
const SHORTEST_TERM = 2;

/**
 * Contacts that match the typed text, and the one selected with the arrow keys.
 *
 * @param {(term: string) => Promise<Object[]>} search
 */
export function useContactSearch(search) {
    const state = useState({ results: [], active: -1, term: "", isDone: false });
    let lastTerm = "";

    const run = useDebounced(async (term) => {
        const results = await search(term);
        if (term === lastTerm) {
            Object.assign(state, { results, active: -1, isDone: true });
        }
    }, SEARCH_DELAY);

    return {
        state,

        /** @param {string} term the text typed so far */
        update(term) {
            lastTerm = term.trim();
            if (lastTerm.length < SHORTEST_TERM) {
                return this.clear();
            }
            Object.assign(state, { term: lastTerm, isDone: false });
            run(lastTerm);
        },

        clear() {
            lastTerm = "";
            run.cancel();
            Object.assign(state, { results: [], active: -1, term: "", isDone: false });
        },

        /** @param {1|-1} step */
        move(step) {
            const { length } = state.results;
            if (length) {
                state.active = (state.active + step + length) % length;
            }
        },

        /** @returns {Object|undefined} the contact selected with the arrow keys */
        get active() {
            return state.results[state.active];
        },
    };
}
