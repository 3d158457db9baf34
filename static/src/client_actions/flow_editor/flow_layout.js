/**
 * The layout of a flow: a tree that grows downwards from the first step.
 *
 * Each step is drawn once, below the first exit that leads to it. Another exit that leads there ends
 * in a link with the name of the step, so that no line crosses another one.
 */

export const NODE = { width: 240, height: 92 };
export const EXIT = { width: 152, height: 28 };
const GAP = 24;
const START_HEIGHT = 44;
const MARGIN = 32;
const RADIUS = 8;
/** Room around a step and its exits for their outlines, and below an exit for what it ends in. */
const FRAME = 8;
const END_HEIGHT = 34;

/**
 * @typedef {Object} PlacedExit
 * @property {string} name
 * @property {string} label
 * @property {number|false} target
 * @property {"tree"|"link"|"open"|"new"} form how the exit is drawn
 * @property {number} x center
 * @property {number} y top
 *
 * @typedef {Object} PlacedStep
 * @property {Object} step
 * @property {number} x left
 * @property {number} y top
 * @property {number} level depth in the tree, from 1
 * @property {number|false} parent step above
 * @property {number[]} children steps below, in reading order
 * @property {PlacedExit[]} exits
 * @property {{left: number, top: number, width: number, height: number}} frame around the step and
 *     its exits
 * @property {Object} shape what the frame shows, with places in the frame; see `FlowDrawing`
 */

/** @returns {string} a line down, across and down again, with round corners */
export function elbow(x1, y1, x2, y2) {
    if (Math.abs(x1 - x2) < 1) {
        return `M${x1} ${y1}V${y2}`;
    }
    const middle = (y1 + y2) / 2;
    const radius = Math.min(RADIUS, Math.abs(x2 - x1) / 2, (y2 - y1) / 2);
    const side = x2 > x1 ? radius : -radius;
    return (
        `M${x1} ${y1}V${middle - radius}Q${x1} ${middle} ${x1 + side} ${middle}` +
        `H${x2 - side}Q${x2} ${middle} ${x2} ${middle + radius}V${y2}`
    );
}

/** Decide below which exit each step is drawn: below that which is the fewest steps away. */
function plant(rootId, byId, placed) {
    const root = { id: rootId, parent: false };
    const queue = [root];
    placed.set(rootId, root);
    while (queue.length) {
        const plan = queue.shift();
        plan.groups = [];
        for (const exit of byId.get(plan.id).exits) {
            const known = plan.groups.find((group) => group.child && group.child === exit.target);
            if (known) {
                known.exits.push(exit);
            } else if (byId.has(exit.target) && !placed.has(exit.target)) {
                const child = { id: exit.target, parent: plan.id };
                placed.set(exit.target, child);
                queue.push(child);
                plan.groups.push({ child: exit.target, exits: [exit] });
            } else {
                plan.groups.push({ child: false, exits: [exit] });
            }
        }
    }
}

/** The width of a step with everything below it; children before parents. */
function measure(plans) {
    for (const plan of [...plans.values()].reverse()) {
        for (const group of plan.groups) {
            const below = group.child ? plans.get(group.child).width : 0;
            group.width = Math.max(group.exits.length * (EXIT.width + 8), below);
        }
        plan.exitsWidth =
            plan.groups.reduce((sum, group) => sum + group.width, 0) +
            GAP * Math.max(0, plan.groups.length - 1);
        plan.width = Math.max(NODE.width, plan.exitsWidth);
    }
}

class Drawing {
    constructor(byId, plans) {
        Object.assign(this, { byId, plans });
        /** @type {Map<number, PlacedStep>} */
        this.steps = new Map();
        this.lines = [];
        this.width = 0;
        this.height = 0;
    }

    /** Place a step and everything below it. */
    place(rootId, left, top) {
        const todo = [{ id: rootId, left, top, level: 1 }];
        while (todo.length) {
            const { id, left, top, level } = todo.pop();
            const plan = this.plans.get(id);
            const center = left + plan.width / 2;
            const placed = {
                step: this.byId.get(id),
                x: center - NODE.width / 2,
                y: top,
                level,
                parent: plan.parent,
                children: [],
                exits: [],
            };
            this.steps.set(id, placed);
            const bottom = top + NODE.height;
            const exitTop = bottom + GAP;
            const below = exitTop + EXIT.height + GAP;
            this.grow(left + plan.width, (plan.groups.length ? below + EXIT.height : bottom) + 8);
            let x = left + (plan.width - plan.exitsWidth) / 2;
            const children = [];
            for (const group of plan.groups) {
                const middle = x + group.width / 2;
                const wide = EXIT.width + 8;
                group.exits.forEach((exit, index) => {
                    const exitX = middle + (index - (group.exits.length - 1) / 2) * wide;
                    placed.exits.push({
                        ...exit,
                        x: exitX,
                        y: exitTop,
                        form: this.formOf(exit, group),
                    });
                    this.lines.push([center, bottom, exitX, exitTop]);
                    if (group.child) {
                        this.lines.push([exitX, exitTop + EXIT.height, middle, below]);
                    }
                });
                if (group.child) {
                    placed.children.push(group.child);
                    const width = this.plans.get(group.child).width;
                    children.push({
                        id: group.child,
                        left: x + (group.width - width) / 2,
                        top: below,
                        level: level + 1,
                    });
                }
                x += group.width + GAP;
            }
            todo.push(...children.reverse());
        }
    }

    formOf(exit, group) {
        if (exit.isNew) {
            return "new";
        }
        return group.child ? "tree" : this.byId.has(exit.target) ? "link" : "open";
    }

    /** Set the frames, as soon as all places are final. */
    frame() {
        for (const placed of this.steps.values()) {
            const { x, y, exits } = placed;
            const left = Math.min(x, ...exits.map((exit) => exit.x - EXIT.width / 2));
            const right = Math.max(x + NODE.width, ...exits.map((exit) => exit.x + EXIT.width / 2));
            const bottom = exits.length ? exits[0].y + EXIT.height + END_HEIGHT : y + NODE.height;
            placed.frame = {
                left: left - FRAME,
                top: y - FRAME,
                width: right - left + 2 * FRAME,
                height: bottom - y + 2 * FRAME,
            };
        }
    }

    grow(x, y) {
        this.width = Math.max(this.width, x);
        this.height = Math.max(this.height, y);
    }

    /** Mirror the drawing, for languages that are written from right to left. */
    mirror() {
        for (const placed of this.steps.values()) {
            placed.x = this.width - placed.x - NODE.width;
            for (const exit of placed.exits) {
                exit.x = this.width - exit.x;
            }
        }
        this.lines = this.lines.map(([x1, y1, x2, y2]) => [
            this.width - x1,
            y1,
            this.width - x2,
            y2,
        ]);
    }
}

/**
 * @param {Object[]} steps steps of the flow payload
 * @param {number|false} firstId the first step
 * @param {boolean} [isMirrored]
 * @returns {{
 *     start: {x: number, y: number},
 *     steps: Map<number, PlacedStep>,
 *     lines: string, path of all lines
 *     island: number|false, top of the steps that no call reaches
 *     width: number,
 *     height: number,
 * }}
 */
export function layoutFlow(steps, firstId, isMirrored = false) {
    const byId = new Map(steps.map((step) => [step.id, step]));
    const plans = new Map();
    const roots = [];
    const addRoot = (id) => {
        plant(id, byId, plans);
        roots.push(id);
    };
    if (byId.has(firstId)) {
        addRoot(firstId);
    }
    // Of the others, those first to which no other one leads.
    const led = new Set(steps.flatMap((step) => step.exits.map((exit) => exit.target)));
    for (const isLed of [false, true]) {
        for (const { id } of steps) {
            if (!plans.has(id) && led.has(id) === isLed) {
                addRoot(id);
            }
        }
    }
    measure(plans);
    const drawing = new Drawing(byId, plans);
    const top = MARGIN + START_HEIGHT + GAP;
    let island = false;
    let left = MARGIN;
    let y = top;
    roots.forEach((id) => {
        if (id !== firstId && island === false) {
            island = firstId ? drawing.height + GAP : top;
            y = island + START_HEIGHT;
            left = MARGIN;
        }
        drawing.place(id, left, y);
        left += plans.get(id).width + 2 * GAP;
    });
    const center = byId.has(firstId)
        ? drawing.steps.get(firstId).x + NODE.width / 2
        : MARGIN + NODE.width / 2;
    drawing.lines.push([center, MARGIN + START_HEIGHT, center, top]);
    drawing.grow(center + NODE.width / 2, top + EXIT.height);
    drawing.grow(drawing.width + MARGIN, drawing.height + MARGIN);
    if (isMirrored) {
        drawing.mirror();
    }
    drawing.frame();
    return {
        start: { x: isMirrored ? drawing.width - center : center, y: MARGIN },
        steps: drawing.steps,
        lines: drawing.lines.map((line) => elbow(...line)).join(""),
        island,
        width: drawing.width,
        height: drawing.height,
    };
}

/**
 * @param {Map<number, PlacedStep>} steps
 * @param {number} id
 * @param {string} key arrow key
 * @returns {number|undefined} the step that an arrow key leads to
 */
export function neighborOf(steps, id, key) {
    const here = steps.get(id);
    if (key === "ArrowUp") {
        return here.parent || undefined;
    }
    if (key === "ArrowDown") {
        return here.children[0];
    }
    const sign = key === "ArrowLeft" ? -1 : 1;
    const beside = [...steps.entries()]
        .map(([other, { x, y }]) => ({ other, x: (x - here.x) * sign, y: Math.abs(y - here.y) }))
        .filter(({ x, y }) => x > 0 && y < NODE.height * 2)
        .sort((a, b) => a.y + a.x / 10 - (b.y + b.x / 10));
    return beside[0]?.other;
}
