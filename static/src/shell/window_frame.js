/**
 * Moves and resizes the window, with the pointer and with the keys.
 */

import { useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { localization } from "@web/core/l10n/localization";
import { isFullScreen, readScreen } from "./window_place";

const STEP = 20; // px for each key
const SLACK = 4; // px: a shorter movement is a click
const DIRECTIONS = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
};
/** The edges and corners that the pointer can drag; the first corner has a handle for the keys. */
const EDGES = ["top", "bottom", "start", "end", "top end", "bottom start", "bottom end"];
const CORNER = "top start";

/**
 * Follow the pointer until its button is released.
 *
 * @param {PointerEvent} ev
 * @param {(right: number, down: number) => void} onMove pixels from the beginning
 * @param {() => void} onEnd called if there was a movement
 */
function follow(ev, onMove, onEnd) {
    const { currentTarget: target, pointerId, clientX, clientY } = ev;
    let isMoving = false;
    const move = (next) => {
        const [right, down] = [next.clientX - clientX, next.clientY - clientY];
        if (next.pointerId !== pointerId || (!isMoving && Math.hypot(right, down) < SLACK)) {
            return;
        }
        if (!isMoving) {
            isMoving = true;
            target.setPointerCapture(pointerId); // frames in the page would swallow the movement
        }
        onMove(right, down);
    };
    const end = () => {
        browser.removeEventListener("pointermove", move);
        browser.removeEventListener("pointerup", end);
        browser.removeEventListener("pointercancel", end);
        if (isMoving) {
            onEnd();
        }
    };
    browser.addEventListener("pointermove", move);
    browser.addEventListener("pointerup", end);
    browser.addEventListener("pointercancel", end);
}

/**
 * @param {import("./window_place").WindowPlace} windowPlace
 * @param {() => number|undefined} getDock distance from the end until the person moves the window
 */
export function useWindowFrame(windowPlace, getDock) {
    const place = useState(windowPlace);
    const toEnd = (right) => (localization.direction === "rtl" ? -right : right);

    return {
        edges: EDGES,
        corner: CORNER,

        get isFixed() {
            return isFullScreen(readScreen());
        },

        get isChosen() {
            return place.isChosen;
        },

        get box() {
            return place.getBox(readScreen(), getDock());
        },

        reset() {
            place.reset();
        },

        /** @param {PointerEvent} ev on the title bar */
        onBarPointerDown(ev) {
            const isControl = ev.target.closest("button:not(.o_telephony_grip), a, input");
            if (!isControl && !this.isFixed) {
                this._drag(ev, (from, right, down, screen) =>
                    place.move(from, toEnd(right), down, screen)
                );
            }
        },

        /** @param {MouseEvent} ev on the title bar */
        onBarDoubleClick(ev) {
            if (!ev.target.closest("button:not(.o_telephony_grip)") && place.isChosen) {
                place.reset();
            }
        },

        /**
         * @param {PointerEvent} ev
         * @param {string} edges those that follow the pointer
         */
        onEdgePointerDown(ev, edges) {
            this._drag(ev, (from, right, down, screen) =>
                place.resize(from, edges, toEnd(right), down, screen)
            );
        },

        _drag(ev, apply) {
            if (ev.button !== 0) {
                return;
            }
            const { box } = this;
            follow(
                ev,
                (right, down) => apply(box, right, down, readScreen()),
                () => place.save()
            );
        },

        /**
         * @param {KeyboardEvent} ev on the title or on the handle of the corner
         * @param {boolean} [isResizing] whether the keys change the size also without Shift
         */
        onKeydown(ev, isResizing = false) {
            const direction = DIRECTIONS[ev.key];
            if (!direction || ev.ctrlKey || ev.altKey || ev.metaKey || this.isFixed) {
                return;
            }
            ev.preventDefault();
            ev.stopPropagation();
            const [right, down] = direction.map((step) => step * STEP);
            const screen = readScreen();
            if (isResizing || ev.shiftKey) {
                place.resize(this.box, CORNER, toEnd(right), down, screen);
            } else {
                place.move(this.box, toEnd(right), down, screen);
            }
            place.saveSoon();
        },
    };
}
