import { onMounted, useRef } from "@odoo/owl";

/**
 * A panel that takes the place of the button which was pressed takes the keyboard, too: the next
 * tabulator key leads to its first button, and not to the beginning of the page.
 *
 * @param {string} name of the panel's reference; the element needs `tabindex="-1"`
 */
export function useFirstFocus(name = "root") {
    const root = useRef(name);
    onMounted(() => {
        if (!document.activeElement || document.activeElement === document.body) {
            root.el?.focus({ preventScroll: true });
        }
    });
}
