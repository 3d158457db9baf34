import { Component, onWillRender, useRef } from "@odoo/owl";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";

/** The height of a line (see `live.scss`), and of a row's padding and border; pixels. */
const LINE = 21;
const EDGES = 17;
/** The time at a row's end may have a word below it, and then takes two lines. */
const LEAST_LINES = 2;

/**
 * The rows of a live list, of which only those near the screen are in the page.
 *
 * Odoo has styles that depend on what is anywhere below the body (`body:has(…)`): whenever an
 * element comes or goes, the browser works out the style of every element of the page.
 */
export class LiveRows extends Component {
    static template = "crm_telephony.LiveRows";
    static props = {
        /** Each has a `row`, and is given to the slot */
        items: Array,
        /** How many lines of text a row has */
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

    /** The room that the others would take. */
    get style() {
        const [first, last] = this.grid.rowsIndexes;
        const room = (rows) => this.heights.slice(...rows).reduce((sum, height) => sum + height, 0);
        return `padding-top: ${room([0, first])}px; padding-bottom: ${room([last + 1])}px`;
    }
}
