/**
 * Move the focus with the arrow keys to the same button of the next or previous row of a list.
 *
 * @param {KeyboardEvent} ev
 * @param {HTMLElement} list
 * @param {string} rowSelector
 */
export function moveInList(ev, list, rowSelector) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
    const row = ev.target.closest(rowSelector);
    if (!step || !row) {
        return;
    }
    const rows = [...list.querySelectorAll(rowSelector)];
    const next = rows[rows.indexOf(row) + step];
    const place = [...row.querySelectorAll("button")].indexOf(ev.target.closest("button"));
    const buttons = next ? [...next.querySelectorAll("button")] : [];
    const target = buttons[Math.min(Math.max(place, 0), buttons.length - 1)];
    if (target) {
        ev.preventDefault();
        target.focus();
    }
}
