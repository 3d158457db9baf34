import { Component, onWillRender, useRef } from "@odoo/owl";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";

/** Height of a line (see `live.scss`), and of the padding and border of a row, in pixels. */
const LINE = 21;
const EDGES = 17;
/** The time at the end of a row may have a word below it, and then takes two lines. */
const LEAST_LINES = 2;

/**
 * The rows of a live list, of which only those near the visible area are rendered.
 *
 * Odoo has styles that depend on any descendant of the body (`body:has(…)`): whenever an element is
 * added or removed, the browser recalculates the style of every element of the page.
 */
export class LiveRows extends Component {
    static template = "crm_telephony.LiveRows";
    static props = {
        /** Each item has a `row`, and is passed to the slot */
        items: Array,
        /** Number of text lines of a row */
        lines: Function,
        className: String,
        slots: Object,
    };

    setup() {
        this.grid = useVirtualGrid({ scrollableRef: useRef("scroll") });
        onWillRender(() => {
            const lines = this.props.items.map(({ row }) => this.props.lines(row));
            this.heights = lines.map((count) => Math.max(LEAST_LINES, count) * LINE + EDGES);
            this.grid.setRowsHeights(this.heights);
        });
    }

    get shown() {
        const [first, last] = this.grid.rowsIndexes;
        return this.props.items.slice(first, last + 1).map((item, index) => ({
            ...item,
            number: first + index + 1,
            style: `height: ${this.heights[first + index]}px`,
        }));
    }

    /** Return the height of the rows that are not rendered. */
    get style() {
        const [first, last] = this.grid.rowsIndexes;
        const room = (rows) => this.heights.slice(...rows).reduce((sum, height) => sum + height, 0);
        return `padding-top: ${room([0, first])}px; padding-bottom: ${room([last + 1])}px`;
    }
}
