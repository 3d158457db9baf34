/**
 * A graph in which each outcome and direction of calls always has the same color.
 */

import { registry } from "@web/core/registry";
import { graphView } from "@web/views/graph/graph_view";
import { GraphRenderer } from "@web/views/graph/graph_renderer";

const COLORS = {
    outcome: {
        answered: "#43C5B1",
        missed: "#EA6175",
        abandoned: "#CE4257",
        failed: "#982738",
        voicemail: "#F4A261",
        no_answer: "#F48935",
        busy: "#FFD86D",
        declined: "#FFBC2C",
        queue_callback: "#8481DD",
        canceled: "#ADB5BD",
        blocked: "#6C757D",
    },
    direction: { incoming: "#4EA7F2", outgoing: "#A76DBC" },
};

/**
 * @param {string} label of a series, such as "Missed"
 * @param {Object} fields of the model
 * @param {string[]} names of the fields by which the series are grouped
 * @returns {string|undefined}
 */
export function colorOf(label, fields, names) {
    const name = names.at(-1);
    const selection = (name in COLORS && fields[name]?.selection) || [];
    const found = selection.find(([, text]) => label === text || label.endsWith(` / ${text}`));
    return found && COLORS[name][found[0]];
}

export class OutcomeGraphRenderer extends GraphRenderer {
    getBarChartData() {
        const data = super.getBarChartData();
        const { fields, groupBy } = this.model.metaData;
        const names = groupBy.slice(1).map(({ fieldName }) => fieldName);
        for (const dataset of names.length ? this.model.data.datasets : []) {
            const color = colorOf(dataset.label, fields, names);
            if (color) {
                dataset.backgroundColor = color;
            }
        }
        return data;
    }
}

registry
    .category("views")
    .add("telephony_outcome_graph", { ...graphView, Renderer: OutcomeGraphRenderer });
