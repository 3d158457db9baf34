import { Component, onMounted, useRef } from "@odoo/owl";

/** A list of actions, or of the kinds of steps, beside a part of the drawing. */
export class FlowMenu extends Component {
    static template = "crm_telephony.FlowMenu";
    static props = {
        label: String,
        /** `id`, `name`; optionally `icon`, `hint`, and `isDivided` for a line above */
        items: Array,
        onSelect: Function,
        close: { type: Function, optional: true },
    };

    setup() {
        this.root = useRef("root");
        onMounted(() => this.buttons[0]?.focus());
    }

    get isWide() {
        return this.props.items.some((item) => item.hint);
    }

    get buttons() {
        return [...this.root.el.querySelectorAll("[role=menuitem]")];
    }

    select(item) {
        // The second click of a double click chooses nothing.
        if (!this.isChosen) {
            this.isChosen = true;
            this.props.close?.();
            this.props.onSelect(item.id);
        }
    }

    onKeydown(ev) {
        const { buttons } = this;
        const here = buttons.indexOf(document.activeElement);
        const to = {
            ArrowDown: (here + 1) % buttons.length,
            ArrowUp: (here - 1 + buttons.length) % buttons.length,
            Home: 0,
            End: buttons.length - 1,
        }[ev.key];
        if (to !== undefined) {
            ev.preventDefault();
            ev.stopPropagation();
            buttons[to].focus();
        } else if (ev.key === "Tab") {
            ev.preventDefault();
            this.props.close?.();
        }
    }
}
