/**
 * Notes the moments of one act in the page: the click, the answers of the server, the first sound.
 * Called with { button, rpc, hz }.
 */
window.benchWatch = ({ button, rpc, hz }) => {
    const now = () => performance.timeOrigin + performance.now();
    const moments = (window.benchMoments = {});
    performance.clearResourceTimings();
    document.addEventListener(
        "click",
        (ev) => {
            if (ev.target.closest(button)) {
                moments.click = now();
            }
        },
        { capture: true, once: true }
    );
    clearInterval(window.benchTimer);
    window.benchTimer = setInterval(() => {
        if (!moments.heard && hz && Math.abs(window.e2e.heard().hz - hz) < 60) {
            moments.heard = now();
        }
        const request = performance
            .getEntriesByType("resource")
            .find(({ name, responseEnd }) => responseEnd && name.endsWith(rpc));
        if (request) {
            moments.answered = performance.timeOrigin + request.responseEnd;
        }
        if (moments.answered && (!hz || moments.heard)) {
            clearInterval(window.benchTimer);
        }
    }, 10);
};
