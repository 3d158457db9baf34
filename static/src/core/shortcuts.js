/**
 * The keyboard shortcuts of the telephone, for the commands, the tooltips and the list of help.
 *
 * Odoo itself uses Alt+Shift with A, D, G, I, M, N, O, Q, T, U, V, X and 4 (registered, or as
 * `data-hotkey` in its views): none of them is taken here.
 */

import { isMacOS } from "@web/core/browser/feature_detection";
import { _t } from "@web/core/l10n/translation";

export const SHORTCUTS = Object.freeze({
    open: { hotkey: "alt+shift+p", label: () => _t("Open the phone") },
    queue: { hotkey: "alt+shift+w", label: () => _t("Show calls in queue") },
    accept: { hotkey: "alt+shift+y", label: () => _t("Accept the incoming call") },
    decline: { hotkey: "alt+shift+r", label: () => _t("Decline the incoming call") },
    mute: { hotkey: "alt+shift+s", label: () => _t("Mute or unmute the call") },
    hold: { hotkey: "alt+shift+h", label: () => _t("Hold or resume the call") },
    resume_held: { hotkey: "alt+shift+k", label: () => _t("Resume the call on hold") },
    hang_up: { hotkey: "alt+shift+z", label: () => _t("Hang up the call") },
});

/**
 * @param {string} id of a shortcut
 * @returns {string[]} the keys as they are printed on them
 */
export function shortcutKeys(id) {
    const names = {
        // Odoo's hotkeys know the Control key of a Mac by the name of the other computers' Alt.
        alt: isMacOS() ? "Control" : "Alt",
        shift: "Shift",
    };
    return SHORTCUTS[id].hotkey.split("+").map((key) => names[key] || key.toUpperCase());
}

/**
 * @param {string} id of a shortcut
 * @returns {string} for the attribute `aria-keyshortcuts`
 */
export function shortcutText(id) {
    return shortcutKeys(id).join("+");
}

/**
 * @param {string} label what a button does
 * @param {string} id of the shortcut that does the same
 * @returns {string} a tooltip
 */
export function withShortcut(label, id) {
    return _t("%(label)s (%(keys)s)", { label, keys: shortcutText(id) });
}
