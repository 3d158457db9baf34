import { onMounted, useRef } from "@odoo/owl";

/**
 * Move the focus to a panel that replaces the pressed button, so that the next Tab key leads to the
 * panel's first button and not to the beginning of the page.
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
