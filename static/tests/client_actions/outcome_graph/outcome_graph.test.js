/** The colors of graphs mean the same thing wherever they are. */

import { expect, test } from "@odoo/hoot";
import { colorOf } from "@crm_telephony/client_actions/outcome_graph/outcome_graph";

const fields = {
    outcome: {
        selection: [
            ["answered", "Beantwortet"],
            ["missed", "Verpasst"],
        ],
    },
    user_id: { relation: "res.users" },
};

test("an outcome has its color in every language and order", () => {
    const answered = colorOf("Beantwortet", fields, ["outcome"]);
    expect(answered).toBe("#43C5B1");
    expect(colorOf("Ana / Beantwortet", fields, ["user_id", "outcome"])).toBe(answered);
    expect(colorOf("Verpasst", fields, ["outcome"])).not.toBe(answered);
});

test("only answered calls are green, and only lost ones are red", () => {
    const outcomes = [
        ...["answered", "missed", "abandoned", "failed", "voicemail", "no_answer", "busy"],
        ...["declined", "queue_callback", "canceled", "blocked"],
    ];
    const all = { outcome: { selection: outcomes.map((outcome) => [outcome, outcome]) } };
    // Whether the share of the two other basic colors is small.
    const isMost = (channel, share) => (outcome) => {
        const color = colorOf(outcome, all, ["outcome"]);
        const parts = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
        const [most] = parts.splice(channel, 1);
        return Math.max(...parts) < share * most;
    };
    const red = outcomes.filter(isMost(0, 0.55));
    const green = outcomes.filter(isMost(1, 0.95));
    expect(green).toEqual(["answered"]);
    expect(red).toEqual(["missed", "abandoned", "failed"]);
});

test("other series keep the colors of Odoo", () => {
    expect(colorOf("Ana", fields, ["user_id"])).toBe(undefined);
    expect(colorOf("Unknown", fields, ["outcome"])).toBe(undefined);
    expect(colorOf("Calls", fields, [])).toBe(undefined);
});
