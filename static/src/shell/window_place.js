/**
 * The place and the size of the window: as the person has chosen them, within the current screen.
 *
 * They are stored in the settings of the user, so that they are the same in every browser. The
 * place is the distance from the end and the bottom of the screen: a window in that corner stays
 * there on a larger screen.
 */

import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";
import { clamp } from "@web/core/utils/numbers";
import { Reactive } from "@web/core/utils/reactive";
import { addPart } from "@crm_telephony/core/softphone_part";

const SETTING = "telephony_window";
const NAMES = ["end", "bottom", "width", "height"];
const SAVE_DELAY = 500; // ms after the last key
const DEFAULT_WIDTH = 360; // px, as all below
const DEFAULT_HEIGHT = 840;
const SMALLEST = Object.freeze({ width: 320, height: 420 });
const LARGEST_WIDTH = 720;
/** Distance from the edges of the screen: at first, and at least */
const GAP = 16;
const EDGE = 8;
/** Narrower screens show the window as a whole page, as in the style sheet */
const FULL_SCREEN_BELOW = 576;
/** The room that notifications and cards of callers take in the upper corner */
const CORNER = Object.freeze({ width: 416, height: 320 });

/**
 * @typedef {Object} WindowBox in pixels
 * @property {number} end distance from the end of the screen: the right, or the left in Arabic
 * @property {number} bottom distance from the bottom of the screen
 * @property {number} width
 * @property {number} height
 *
 * @typedef {Object} WindowScreen
 * @property {number} width
 * @property {number} height
 * @property {number} top height of the menu bar, which the window never covers
 */

/** @returns {WindowScreen} */
export function readScreen() {
    const bar = document.querySelector(".o_main_navbar");
    return {
        width: browser.innerWidth,
        height: browser.innerHeight,
        top: bar ? Math.max(0, bar.getBoundingClientRect().bottom) : 0,
    };
}

/** @param {WindowScreen} screen @returns {boolean} whether the window fills it */
export function isFullScreen({ width }) {
    return width < FULL_SCREEN_BELOW;
}

/** @returns {Partial<WindowBox>} the numbers among stored values */
function readChosen(stored) {
    const isUsable = (name) => Number.isFinite(stored?.[name]) && stored[name] >= 0;
    return Object.fromEntries(NAMES.filter(isUsable).map((name) => [name, stored[name]]));
}

export class WindowPlace extends Reactive {
    /** @type {Partial<WindowBox>} what the person has changed */
    chosen = readChosen(user.settings[SETTING]);

    /** @returns {boolean} whether the window was moved or resized */
    get isChosen() {
        return Object.keys(this.chosen).length > 0;
    }

    /**
     * @param {WindowScreen} screen
     * @param {number} [dock] distance from the end until the person moves the window
     * @returns {WindowBox} within the screen
     */
    getBox(screen, dock = GAP) {
        const { chosen } = this;
        const room = {
            width: screen.width - 2 * EDGE,
            height: screen.height - screen.top - 2 * EDGE,
        };
        const width = clamp(
            chosen.width ?? DEFAULT_WIDTH,
            Math.min(SMALLEST.width, room.width),
            Math.min(LARGEST_WIDTH, room.width)
        );
        const height = clamp(
            chosen.height ?? Math.min(DEFAULT_HEIGHT, room.height - 2 * (GAP - EDGE)),
            Math.min(SMALLEST.height, room.height),
            room.height
        );
        return {
            width,
            height,
            end: clamp(chosen.end ?? dock, EDGE, EDGE + room.width - width),
            bottom: clamp(chosen.bottom ?? GAP, EDGE, EDGE + room.height - height),
        };
    }

    /**
     * @param {WindowBox} from box at the beginning of the movement
     * @param {number} toEnd pixels towards the end of the line
     * @param {number} down pixels
     * @param {WindowScreen} screen
     */
    move(from, toEnd, down, screen) {
        this._choose({ end: from.end - toEnd, bottom: from.bottom - down }, screen);
    }

    /**
     * @param {WindowBox} from box at the beginning of the movement
     * @param {string} edges those that move: "top", "bottom", "start" and "end", with blanks
     * @param {number} toEnd pixels towards the end of the line
     * @param {number} down pixels
     * @param {WindowScreen} screen
     */
    resize(from, edges, toEnd, down, screen) {
        const has = (edge) => edges.split(" ").includes(edge);
        const values = {};
        if (has("start") || has("end")) {
            const largest = has("start")
                ? screen.width - EDGE - from.end
                : from.width + from.end - EDGE;
            const wanted = from.width + (has("start") ? -toEnd : toEnd);
            values.width = clamp(wanted, SMALLEST.width, Math.min(LARGEST_WIDTH, largest));
            if (has("end")) {
                values.end = from.end + from.width - values.width;
            }
        }
        if (has("top") || has("bottom")) {
            const ceiling = screen.height - screen.top - EDGE;
            const largest = has("top") ? ceiling - from.bottom : from.height + from.bottom - EDGE;
            const wanted = from.height + (has("top") ? -down : down);
            values.height = clamp(wanted, SMALLEST.height, largest);
            if (has("bottom")) {
                values.bottom = from.bottom + from.height - values.height;
            }
        }
        this._choose(values, screen);
    }

    /** Put the window back in its first place, with its first size. */
    reset() {
        this.chosen = {};
        this.save();
    }

    /** Keep whole pixels within the screen, so that the next movement begins where this one ends. */
    _choose(values, screen) {
        this.chosen = { ...this.chosen, ...values };
        const box = this.getBox(screen);
        const names = NAMES.filter((name) => name in this.chosen);
        this.chosen = Object.fromEntries(names.map((name) => [name, Math.round(box[name])]));
    }

    /** Store the place after a pause, for keys that are pressed repeatedly. */
    saveSoon() {
        browser.clearTimeout(this._timer);
        this._timer = browser.setTimeout(() => this.save(), SAVE_DELAY);
    }

    async save() {
        browser.clearTimeout(this._timer);
        try {
            await user.setUserSettings(SETTING, this.isChosen ? { ...this.chosen } : false);
        } catch (error) {
            // The place is kept until the next load of the page.
            console.debug("Telephony: the place of the window could not be stored", error);
        }
    }

    /**
     * @param {WindowBox} box
     * @param {WindowScreen} screen
     * @returns {number} how far notifications and cards of callers must keep from the end of the
     *  screen, so that they do not cover the window; 0 if they do not, or without room for it
     */
    static getCornerOffset(box, screen) {
        const top = screen.height - box.bottom - box.height;
        const isCovered = box.end < CORNER.width && top < screen.top + CORNER.height;
        const offset = box.end + box.width;
        return isCovered && offset + CORNER.width <= screen.width ? offset : 0;
    }
}

addPart("windowPlace", [], () => new WindowPlace());
