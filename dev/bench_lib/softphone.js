/** Small clocks for the page; all of them are in milliseconds. */
window.benchPatience = 30_000;

/** @throws {Error} when a clock has run for too long */
function check(start, what) {
    if (performance.now() - start > window.benchPatience) {
        throw new Error(`${what}: not within ${window.benchPatience} ms`);
    }
}

window.bench = {
    /**
     * @param {string} click selector of what is clicked
     * @param {string} shown selector of what has to be there then
     * @returns {Promise<number>} from the click until the frame in which it is shown
     */
    async open(click, shown) {
        const start = performance.now();
        document.querySelector(click).click();
        while (!document.querySelector(shown)) {
            check(start, shown);
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return performance.now() - start;
    },

    /** Notes every task over 50 ms from now on. */
    watch() {
        this.tasks = [];
        this.observer?.disconnect();
        this.observer = new PerformanceObserver((list) => {
            this.tasks.push(...list.getEntries().map(({ duration }) => duration));
        });
        this.observer.observe({ type: "longtask" });
        this.changes = 0;
        this.mutations?.disconnect();
        this.mutations = new MutationObserver(() => this.changes++);
        this.mutations.observe(document.querySelector(".o_telephony_softphone"), {
            childList: true,
            subtree: true,
            characterData: true,
        });
    },

    /**
     * What one element that comes costs in this page, whoever puts it there: Odoo has styles for
     * `:has(:not(…))`, which the browser works out anew for the whole page.
     * @returns {number} the median of some
     */
    floor() {
        const times = Array.from({ length: 9 }, () => {
            const element = document.createElement("div");
            const start = performance.now();
            document.querySelector(".o_navbar").append(element);
            document.body.getBoundingClientRect();
            const time = performance.now() - start;
            element.remove();
            document.body.getBoundingClientRect();
            return time;
        });
        return times.sort((a, b) => a - b)[4];
    },

    /** Prepares for one key: call it before the key is pressed, and `found` after it. */
    listen() {
        performance.clearResourceTimings();
        this.key = new Promise((resolve) => {
            document.addEventListener("keydown", () => resolve(performance.now()), {
                capture: true,
                once: true,
            });
        });
    },

    /** @returns {Promise<{ total: number, server: number }>} from the key until the list is shown */
    async found() {
        const start = await this.key;
        let request;
        while (!request) {
            check(start, "the search");
            await new Promise((resolve) => setTimeout(resolve, 4));
            request = performance
                .getEntriesByType("resource")
                .find(({ name, responseEnd }) => responseEnd && name.endsWith("/search_contacts"));
        }
        // The answer is parsed and rendered in the frame after it.
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        return { total: performance.now() - start, server: request.duration };
    },
};
