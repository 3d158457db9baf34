import { describe, expect, test } from "@odoo/hoot";
import { diffSettings } from "@crm_telephony/client_actions/flow_editor/flow_data";
import {
    elbow,
    EXIT,
    layoutFlow,
    neighborOf,
    NODE,
} from "@crm_telephony/client_actions/flow_editor/flow_layout";

describe.current.tags("headless");

/** Steps of a flow: identifier → identifiers behind its exits (false: nothing). */
function steps(targets) {
    return Object.entries(targets).map(([id, exits]) => ({
        id: Number(id),
        name: `Step ${id}`,
        exits: exits.map((target, index) => ({ name: `exit${index}`, label: "Exit", target })),
    }));
}

/** Pairs of steps that cover each other. */
function overlaps(drawing) {
    const boxes = [...drawing.steps.entries()];
    return boxes.flatMap(([id, a], index) =>
        boxes
            .slice(index + 1)
            .filter(
                ([, b]) => Math.abs(a.x - b.x) < NODE.width && Math.abs(a.y - b.y) < NODE.height
            )
            .map(([other]) => [id, other])
    );
}

const OFFICE = { 1: [2, 5], 2: [3, 4, 5], 3: [5, 5], 4: [5, false, 3], 5: [] };

test("Z29: each step is drawn once, below the exit that is the fewest steps away", () => {
    const { steps: placed } = layoutFlow(steps(OFFICE), 1);
    expect([...placed.keys()]).toEqual([1, 2, 3, 4, 5]);
    expect(placed.get(5).parent).toBe(1);
    expect(placed.get(1).children).toEqual([2, 5]);
    const forms = (id) => placed.get(id).exits.map((exit) => exit.form);
    expect(forms(1)).toEqual(["tree", "tree"]);
    expect(forms(2)).toEqual(["tree", "tree", "link"]);
    expect(forms(4)).toEqual(["link", "open", "link"]);
});

test("Z29: exits of one step to the same step are drawn together", () => {
    const { steps: placed } = layoutFlow(steps({ 1: [2, false, 2], 2: [] }), 1);
    expect(placed.get(1).exits.map(({ target, form }) => [target, form])).toEqual([
        [2, "tree"],
        [2, "tree"],
        [false, "open"],
    ]);
});

test("Z29: steps that no call reaches are drawn below, each once, also in a loop", () => {
    const drawing = layoutFlow(steps({ 1: [], 2: [3], 3: [2], 4: [3] }), 1);
    expect(drawing.steps.size).toBe(4);
    expect(drawing.steps.get(2).y).toBeGreaterThan(drawing.island);
    expect(drawing.steps.get(1).y).toBeLessThan(drawing.island);
    expect(drawing.steps.get(3).parent).toBe(4);
    expect(overlaps(drawing)).toEqual([]);
});

test("Z29: an empty flow has a beginning", () => {
    const drawing = layoutFlow([], false);
    expect(drawing.steps.size).toBe(0);
    expect(drawing.start.x).toBeGreaterThan(0);
});

test("Z29: no steps cover each other, whatever the flow", () => {
    let seed = 7;
    const random = (limit) => (seed = (seed * 48271) % 2147483647) % limit;
    for (let round = 0; round < 100; round++) {
        const count = 1 + random(25);
        const targets = {};
        for (let id = 1; id <= count; id++) {
            targets[id] = [...Array(random(5))].map(() => random(count + 1) || false);
        }
        const drawing = layoutFlow(steps(targets), 1);
        expect(drawing.steps.size).toBe(count);
        expect(overlaps(drawing)).toEqual([]);
        for (const { x, exits } of drawing.steps.values()) {
            expect(x).toBeGreaterThan(0);
            expect(x + NODE.width).toBeLessThan(drawing.width);
            for (const exit of exits) {
                expect(exit.x - EXIT.width / 2).toBeGreaterThan(0);
            }
        }
    }
});

test("Z29: 200 steps are laid out within a frame", () => {
    const targets = {};
    for (let id = 1; id <= 200; id++) {
        targets[id] = [2 * id, 2 * id + 1, 200].map((to) => (to <= 200 && to !== id ? to : false));
    }
    const many = steps(targets);
    layoutFlow(many, 1);
    const begin = performance.now();
    const drawing = layoutFlow(many, 1);
    expect(performance.now() - begin).toBeLessThan(50);
    expect(overlaps(drawing)).toEqual([]);
});

test("Z29: from right to left, the first exit is on the right", () => {
    const [left, right] = [false, true].map((isMirrored) =>
        layoutFlow(steps(OFFICE), 1, isMirrored)
    );
    expect(left.steps.get(2).x).toBeLessThan(left.steps.get(5).x);
    expect(right.steps.get(2).x).toBeGreaterThan(right.steps.get(5).x);
    expect(right.width).toBe(left.width);
    expect(right.lines).not.toBe(left.lines);
});

test("Z29: the arrow keys lead to the steps around", () => {
    const { steps: placed } = layoutFlow(steps(OFFICE), 1);
    expect(neighborOf(placed, 1, "ArrowDown")).toBe(2);
    expect(neighborOf(placed, 2, "ArrowUp")).toBe(1);
    expect(neighborOf(placed, 2, "ArrowRight")).toBe(5);
    expect(neighborOf(placed, 4, "ArrowLeft")).toBe(3);
    expect(neighborOf(placed, 1, "ArrowUp")).toBe(undefined);
    expect(neighborOf(placed, 5, "ArrowDown")).toBe(undefined);
});

test("Z29: a line is straight, or has round corners", () => {
    expect(elbow(5, 0, 5, 20)).toBe("M5 0V20");
    expect(elbow(0, 0, 40, 20)).toBe("M0 0V2Q0 10 8 10H32Q40 10 40 18V20");
    expect(elbow(40, 0, 0, 20)).toBe("M40 0V2Q40 10 32 10H8Q0 10 0 18V20");
});

test("Z29: an undo knows what differs, of the touched steps only", () => {
    const before = new Map([
        [1, { name: "A", keys: [] }],
        [2, { name: "B", keys: [] }],
        [4, { name: "D", keys: [] }],
    ]);
    const after = new Map([
        [1, { name: "A", keys: [["1", "X", 3]] }],
        [2, { name: "changed by others", keys: [] }],
        [3, { name: "C", keys: [] }],
    ]);
    expect(diffSettings(before, after, [1, 3, 4])).toEqual({
        before: { 1: { keys: [] }, 3: { active: false }, 4: { active: undefined } },
        after: { 1: { keys: [["1", "X", 3]] }, 3: { active: undefined }, 4: { active: false } },
    });
    expect(diffSettings(before, before, [1])).toBe(null);
});
