/**
 * The keyboard shortcuts of the softphone, for the commands, the tooltips and the help list.
 *
 * Odoo itself uses Alt+Shift with A, D, G, I, M, N, O, Q, T, U, V, X and 4 (registered, or as
 * `data-hotkey` in its views): the shortcuts here use none of them.
 */

import { isMacOS } from "@web/core/browser/feature_detection";
import { _t } from "@web/core/l10n/translation";

export const SHORTCUTS = Object.freeze({
    open: { hotkey: "alt+shift+p", label: () => _t("Open the phone") },
    queue: { hotkey: "alt+shift+w", label: () => _t("Show calls in queue") },
    accept: { hotkey: "alt+shift+y", label: () => _t("Accept the incoming call") },
    decline: { hotkey: "alt+shift+r", label: () => _t("Decline the incoming call") },
    silence: { hotkey: "alt+shift+b", label: () => _t("Silence the incoming call") },
    mute: { hotkey: "alt+shift+s", label: () => _t("Mute or unmute the call") },
    hold: { hotkey: "alt+shift+h", label: () => _t("Hold or resume the call") },
    resume_held: { hotkey: "alt+shift+k", label: () => _t("Resume the call on hold") },
    hang_up: { hotkey: "alt+shift+z", label: () => _t("Hang up the call") },
});

/**
 * @param {string} id of a shortcut
 * @returns {string[]} the names of the keys as printed on a keyboard
 */
export function shortcutKeys(id) {
    const names = {
        // Odoo's hotkeys call the Control key of a Mac by the name that Alt has elsewhere.
        alt: isMacOS() ? "Control" : "Alt",
        shift: "Shift",
    };
    return SHORTCUTS[id].hotkey.split("+").map((key) => names[key] || key.toUpperCase());
}

/**
 * @param {string} id of a shortcut
 * @returns {string} value of the attribute `aria-keyshortcuts`
 */
export function shortcutText(id) {
    return shortcutKeys(id).join("+");
}

/**
 * @param {string} label name of the action of a button
 * @param {string} id of the shortcut of the same action
 * @returns {string} a tooltip
 */
export function withShortcut(label, id) {
    return _t("%(label)s (%(keys)s)", { label, keys: shortcutText(id) });
}
