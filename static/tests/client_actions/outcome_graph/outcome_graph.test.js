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

test("other series keep the colors of Odoo", () => {
    expect(colorOf("Ana", fields, ["user_id"])).toBe(undefined);
    expect(colorOf("Unknown", fields, ["outcome"])).toBe(undefined);
    expect(colorOf("Calls", fields, [])).toBe(undefined);
});
