/** Zooming and moving the drawing of a flow. */

const ZOOMS = [0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1, 1.25, 1.5];
/** Scale at which the texts of the steps can still be read. */
const READABLE = 0.6;

/** @returns {number} the next larger (1) or smaller (-1) scale */
export function nextZoom(zoom, sign) {
    const larger = ZOOMS.find((known) => known > zoom + 0.001);
    const smaller = ZOOMS.findLast((known) => known < zoom - 0.001);
    return (sign > 0 ? larger : smaller) || zoom;
}

/** @returns {number} the scale at which the whole drawing is visible, if it is not too large */
export function fitZoom({ clientWidth, clientHeight }, { width, height }) {
    const wanted = Math.min(clientWidth / width, clientHeight / height, 1);
    return Math.max(ZOOMS[0], Math.floor(wanted * 100) / 100);
}

/** @returns {number} the scale at which a drawing opens: as wide as the screen if it can be read */
export function openingZoom({ clientWidth }, { width }) {
    const wanted = Math.floor((clientWidth / width) * 100) / 100;
    return wanted >= READABLE && wanted < 1 ? wanted : 1;
}

/** Move the drawing with the mouse; fingers scroll it. */
export function startPan(el, ev) {
    if (ev.pointerType !== "mouse" || ev.button || ev.target.closest("button")) {
        return;
    }
    const start = { x: ev.clientX + el.scrollLeft, y: ev.clientY + el.scrollTop };
    const onMove = (move) => {
        el.scrollLeft = start.x - move.clientX;
        el.scrollTop = start.y - move.clientY;
    };
    const onUp = () => {
        el.classList.remove("o_telephony_flow_panning");
        window.removeEventListener("pointermove", onMove);
        window.removeEventListener("pointerup", onUp);
        window.removeEventListener("pointercancel", onUp);
    };
    el.classList.add("o_telephony_flow_panning");
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", onUp);
}
