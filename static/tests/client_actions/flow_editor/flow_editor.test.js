import {
    after,
    animationFrame,
    Deferred,
    describe,
    expect,
    manuallyDispatchProgrammaticEvent,
    press,
    queryAllTexts,
    queryFirst,
    test,
    waitForNone,
} from "@odoo/hoot";
import { Component, onMounted, onWillStart, xml } from "@odoo/owl";
import {
    contains,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
    serverState,
} from "@web/../tests/web_test_helpers";
import { ConnectionLostError } from "@web/core/network/rpc";
import {
    defineTelephony,
    seen,
    sendBus,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { FlowDrawing } from "@crm_telephony/client_actions/flow_editor/flow_drawing";
import { FlowEditor } from "@crm_telephony/client_actions/flow_editor/flow_editor";
import { FlowNode } from "@crm_telephony/client_actions/flow_editor/flow_node";
import { FlowPanel, FlowSide } from "@crm_telephony/client_actions/flow_editor/flow_panel";
import { openingZoom } from "@crm_telephony/client_actions/flow_editor/flow_viewport";

defineTelephony();

const KINDS = [
    { kind: "hours", name: "Business Hours", icon: "fa-clock-o", hint: "Decides", exits: 2 },
    { kind: "message", name: "Message", icon: "fa-bullhorn", hint: "", exits: 0 },
    { kind: "ticket", name: "Open Ticket", icon: "fa-puzzle-piece", hint: "", exits: 2 },
];

function stepData(id, kind, exits = {}, values = {}) {
    return {
        id,
        name: `Step ${id}`,
        kind,
        summary: "",
        marks: [],
        exits: Object.entries(exits).map(([name, target]) => ({ name, label: name, target })),
        problems: [],
        values: { name: `Step ${id}`, active: true, exits },
        ...values,
    };
}

/** Odoo shows the settings: only what it is asked for is tested here. */
class FakePanel extends Component {
    static template = xml`<div class="fake_panel" t-att-inert="props.isLeaving"><t t-esc="text"/><button class="fake_close" t-on-click="() => props.onClose()"/><button class="fake_copy" t-on-click="() => props.onAct('copy')"/></div>`;
    static props = ["*"];

    get text() {
        return `settings of ${this.props.stepId} ${JSON.stringify(this.props.defaults)}`;
    }
}

async function startEditor(steps, values = {}, live = {}, panel = FakePanel) {
    patchWithCleanup(FlowSide, { components: { FlowPanel: panel } });
    const server = { steps, error: null, pause: null, reads: 0, values, answer: {}, live };
    const flow = () => ({
        id: 7,
        name: "Sales",
        can_edit: true,
        stamp: "first",
        first_id: server.steps[0]?.id || false,
        numbers: [],
        problems: [],
        kinds: KINDS,
        steps: server.steps,
        ...server.values,
    });
    onRpc("telephony.flow", "editor", () => {
        server.reads++;
        if (server.readError) {
            throw server.readError;
        }
        return flow();
    });
    onRpc("telephony.flow", "live_steps", () => ({ steps: server.live || {} }));
    for (const method of [
        "add_step",
        "connect_step",
        "copy_step",
        "remove_step",
        "restore_steps",
    ]) {
        onRpc("telephony.flow", method, async ({ args }) => {
            expect.step(`${method} ${JSON.stringify(args)}`);
            await server.pause;
            if (server.error) {
                throw server.error;
            }
            return { flow: flow(), touched: [], ...server.answer };
        });
    }
    await startSoftphone();
    await mountWithCleanup(FlowEditor, { props: { flowId: 7, stamp: "" } });
    await seen(steps.length ? ".o_telephony_flow_node" : ".o_telephony_flow_start");
    // The browser shows the contents of a step one frame later.
    await animationFrame();
    return server;
}

const node = (id) => `button[data-step="${id}"]`;

test("Z29: the drawing says what leads where", async () => {
    await startEditor(
        [
            stepData(1, "hours", { yes: 2, no: false }),
            stepData(2, "ticket", { yes: 1 }, { problems: ["It is wrong."] }),
        ],
        {},
        { 2: { now: 3, today: 12 } }
    );
    expect(queryAllTexts(".o_telephony_flow_name")).toEqual(["Step 1", "Step 2"]);
    const labels = [...document.querySelectorAll(".o_telephony_flow_exit")].map(
        (el) => el.ariaLabel
    );
    expect(labels).toEqual([
        "“yes” of “Step 1” leads to “Step 2”",
        "“no” of “Step 1”: callers hear a default message, then the call ends",
        "“yes” of “Step 2” leads to “Step 1”",
    ]);
    expect(`${node(2)} .o_telephony_flow_fault`).toHaveAttribute("aria-label", "It is wrong.");
    expect(`${node(2)}`).toHaveClass("o_faulty");
    await seen(".o_telephony_flow_callers");
    expect(`${node(2)} .o_telephony_flow_callers .visually-hidden`).toHaveText("3 callers now");
    expect(`${node(2)} .o_telephony_flow_today .visually-hidden`).toHaveText("12 calls today");
    // The kind of another addon is drawn like the others.
    expect(`${node(2)} .fa-puzzle-piece`).toHaveCount(1);
});

test("Z29: a step is added behind an exit, and gets the focus and its settings", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: false, no: false })]);
    await contains(".o_telephony_flow_add[data-exit=no]").click();
    await seen(".o_telephony_flow_menu");
    expect(queryAllTexts("[role=menuitem]")).toEqual([
        "Business Hours\nDecides",
        "Message",
        "Open Ticket",
    ]);
    server.steps = [stepData(1, "hours", { yes: false, no: 2 }), stepData(2, "message")];
    server.answer = { step_id: 2, touched: [1, 2] };
    await contains("[data-id=message]").click();
    expect.verifySteps(['add_step [7,"message",1,"no"]']);
    await seen(".fake_panel");
    expect(".fake_panel").toHaveText("settings of 2 {}");
    expect(node(2)).toBeFocused();
});

test("Z29: a kind that needs a choice opens its settings before it is stored", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: false, no: false })]);
    server.answer = { flow: undefined, defaults: { default_kind: "ticket", default_name: "T" } };
    await contains(".o_telephony_flow_add[data-exit=no]").click();
    await contains("[data-id=ticket]").click();
    await seen(".fake_panel");
    expect(".fake_panel").toHaveText(
        'settings of false {"default_kind":"ticket","default_name":"T"}'
    );
    expect.verifySteps(['add_step [7,"ticket",1,"no"]']);
});

test("Z29: an exit is connected by a click on the target, or the choice is canceled", async () => {
    await startEditor([
        stepData(1, "hours", { yes: 2, no: 3 }),
        stepData(2, "hours", { yes: false }),
        stepData(3, "message"),
    ]);
    await contains(".o_telephony_flow_exit[data-exit=no]").click();
    await contains("[data-id=connect]").click();
    await seen(".o_telephony_flow_connecting");
    await press("Escape");
    await animationFrame();
    expect(".o_telephony_flow_connecting").toHaveCount(0);
    await contains(".o_telephony_flow_exit[data-exit=no]").click();
    await contains("[data-id=connect]").click();
    await contains(node(2)).click();
    expect.verifySteps(['connect_step [7,1,"no",2]']);
    await contains(".o_telephony_flow_exit[data-exit=no]").click();
    await contains("[data-id=unlink]").click();
    expect.verifySteps(['connect_step [7,1,"no",false]']);
});

test("Z29: a removal explains what happens to exits and callers", async () => {
    const server = await startEditor(
        [
            stepData(1, "hours", { yes: 2, no: false }),
            stepData(2, "ticket", { yes: 3 }),
            stepData(3, "message"),
        ],
        {},
        { 2: { now: 1, today: 1 } }
    );
    await seen(".o_telephony_flow_callers");
    await contains(node(2)).focus();
    await press("Delete");
    await seen(".modal");
    expect(".modal-body").toHaveText(
        "What leads to this step will lead to “Step 3”.\nA caller is in this step now, and continues as before.\nYou can undo this."
    );
    server.steps = [stepData(1, "hours", { yes: 3, no: false }), stepData(3, "message")];
    server.answer = { touched: [1, 2] };
    await contains(".modal .btn-primary").click();
    expect.verifySteps(["remove_step [7,2,3]"]);
    await seen(".o_telephony_flow_undo:enabled");
    server.answer = { touched: [] };
    await contains(".o_telephony_flow_undo").click();
    expect.verifySteps([
        'restore_steps [7,{"before":{"1":{"exits":{"yes":3,"no":false}},"2":{"active":false}},"after":{"1":{"exits":{"yes":2,"no":false}},"2":{"active":true}}}]',
    ]);
    expect(".o_telephony_flow_redo").toBeEnabled();
});

test("Z29: a refused change is explained, and the drawing stays", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: false, no: false })]);
    server.error = userError("All keys are used.");
    await contains(".o_telephony_flow_add[data-exit=no]").click();
    await contains("[data-id=message]").click();
    await seen(".o_notification");
    expect(".o_notification_content").toHaveText("All keys are used.");
    expect(node(1)).toHaveCount(1);
    expect(".o_telephony_flow_undo").not.toBeEnabled();
    expect.verifySteps(['add_step [7,"message",1,"no"]']);
});

test("Z29: keys: arrows move, Enter opens the settings, Escape returns", async () => {
    await startEditor([
        stepData(1, "hours", { yes: 2, no: 3 }),
        stepData(2, "message"),
        stepData(3, "message"),
    ]);
    await contains(node(1)).focus();
    await press("ArrowDown");
    expect(node(2)).toBeFocused();
    await press("ArrowRight");
    expect(node(3)).toBeFocused();
    await press("ArrowUp");
    expect(node(1)).toBeFocused();
    await press("End");
    expect(node(3)).toBeFocused();
    // One stop of the tabulator key in the drawing.
    await animationFrame();
    expect(".o_telephony_flow_node[tabindex='0']").toHaveCount(1);
    await press("Enter");
    await seen(".fake_panel");
    expect(".fake_panel").toHaveText("settings of 3 {}");
    await contains(".fake_close").click();
    expect(node(3)).toBeFocused();
});

test("Z29: a reader can look at the drawing, and change nothing", async () => {
    await startEditor([stepData(1, "hours", { yes: false, no: false })], { can_edit: false });
    expect(".o_telephony_flow_add").toHaveCount(0);
    expect(".o_telephony_flow_undo").toHaveCount(0);
    await contains(node(1)).focus();
    await press("Delete");
    await press("+");
    await animationFrame();
    expect(".modal").toHaveCount(0);
    expect(".o_telephony_flow_menu").toHaveCount(0);
    await contains(".o_telephony_flow_exit[data-exit=no]").click();
    expect(".o_telephony_flow_menu").toHaveCount(0);
});

test("Z29: long names, names from right to left and emoji stay inside their step", async () => {
    const names = ["x".repeat(200), "מענה טלפוני ".repeat(12), "☎️👩‍💻🎉".repeat(30)];
    await startEditor(
        names.map((name, index) => ({
            ...stepData(index + 1, "hours", { yes: index < 2 && index + 2 }),
            name,
        }))
    );
    for (const id of [1, 2, 3]) {
        const el = queryFirst(node(id));
        expect(el.scrollWidth).toBe(el.clientWidth);
        expect(el.scrollHeight).toBe(el.clientHeight);
    }
});

test("Z29: the type of a step is shown whole, in long words and beside figures", async () => {
    const longest = [
        "Play Message and Hang Up",
        "Nachricht abspielen und auflegen",
        "Fai squillare gli utenti del telefono",
    ];
    const kinds = longest.map((name, index) => ({ ...KINDS[1], kind: `kind${index}`, name }));
    const marks = [{ icon: "fa-circle", text: "Calls are always recorded" }];
    await startEditor(
        longest.flatMap((name, index) => [
            // A new step has the name of its type.
            stepData(index + 1, `kind${index}`, {}, { name, marks, summary: "A, B" }),
            stepData(index + 11, `kind${index}`, {}, { name: "x".repeat(99), summary: "A, B" }),
        ]),
        { kinds },
        { 1: { now: 10, today: 999 }, 11: { now: 10, today: 999 } }
    );
    await seen(".o_telephony_flow_callers");
    const texts = document.querySelectorAll(
        ".o_telephony_flow_kind:not(.visually-hidden), [data-step='1'] .o_telephony_flow_name, [data-step='2'] .o_telephony_flow_name, [data-step='3'] .o_telephony_flow_name"
    );
    expect(texts.length).toBe(6);
    for (const el of texts) {
        // A part of a pixel is rounded; a line that is cut has 15.
        expect(el.scrollHeight - el.clientHeight).toBeLessThan(2);
        expect(el.scrollWidth).toBe(el.clientWidth);
    }
    for (const el of document.querySelectorAll(".o_telephony_flow_node")) {
        expect(el.scrollHeight).toBe(el.clientHeight);
    }
});

test("Z29: a step is copied, and the copy gets the settings and the focus", async () => {
    const server = await startEditor([stepData(1, "message")]);
    await contains(node(1)).click();
    await seen(".fake_panel");
    server.steps = [stepData(1, "message"), stepData(2, "message")];
    server.answer = { step_id: 2, touched: [2] };
    await contains(".fake_copy").click();
    expect.verifySteps(["copy_step [7,1]"]);
    await seen(".fake_panel:contains(settings of 2)");
    expect(node(2)).toBeFocused();
});

test("Z29: a click is drawn before the settings are loaded, and the step stays in view beside them", async () => {
    const loads = {};
    patchWithCleanup(FakePanel.prototype, {
        setup() {
            super.setup();
            onWillStart(() => (loads[this.props.stepId] = new Deferred()));
        },
    });
    patchWithCleanup(FlowEditor.prototype, {
        onPanelShown() {
            expect.step(`beside ${queryAllTexts(".fake_panel")}`);
            return super.onPanelShown();
        },
    });
    await startEditor([stepData(1, "hours", { yes: 2 }), stepData(2, "message")]);
    await contains(node(1)).click();
    await seen(`${node(1)}.o_selected`);
    expect(".fake_panel").toHaveCount(0);
    loads[1].resolve();
    await seen(".fake_panel");
    expect.verifySteps(["beside settings of 1 {}"]);
    // The former settings stay until the others are loaded.
    await contains(node(2)).click();
    await seen(`${node(2)}.o_selected`);
    expect(".fake_panel[inert]").toHaveText("settings of 1 {}");
    expect.verifySteps([]);
    loads[2].resolve();
    await seen(".fake_panel:not([inert]):contains(settings of 2)");
    expect.verifySteps(["beside settings of 2 {}"]);
});

test("Z29: an added step whose settings are open is undone, and the settings close", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: false, no: false })]);
    const before = server.steps;
    await contains(".o_telephony_flow_add[data-exit=no]").click();
    server.steps = [stepData(1, "hours", { yes: false, no: 2 }), stepData(2, "message")];
    server.answer = { step_id: 2, touched: [1, 2] };
    await contains("[data-id=message]").click();
    await seen(".fake_panel:contains(settings of 2)");
    server.steps = before;
    await contains(".o_telephony_flow_undo").click();
    await waitForNone(".fake_panel", { timeout: 3000 });
    expect(node(2)).toHaveCount(0);
    expect.verifySteps([
        'add_step [7,"message",1,"no"]',
        'restore_steps [7,{"before":{"1":{"exits":{"yes":false,"no":2}},"2":{"active":true}},"after":{"1":{"exits":{"yes":false,"no":false}},"2":{"active":false}}}]',
    ]);
});

test("Z29: settings that cannot be loaded say why, and are tried again", async () => {
    const server = { error: new ConnectionLostError("/web") };
    class FakeView extends Component {
        static template = xml`<div class="fake_view"/>`;
        static props = ["*"];

        setup() {
            onWillStart(async () => {
                if (server.error) {
                    throw server.error;
                }
            });
            onMounted(() => this.props.onReady({ isDirty: false }));
        }
    }
    patchWithCleanup(FlowPanel, { components: { View: FakeView } });
    await startEditor([stepData(1, "message"), stepData(2, "message")], {}, {}, FlowPanel);
    server.error = null;
    await contains(node(1)).click();
    await seen(".fake_view");
    // The settings of the former step do not stay.
    server.error = new ConnectionLostError("/web");
    await contains(node(2)).click();
    await seen(".o_telephony_flow_unloaded");
    expect(".o_telephony_flow_unloaded span").toHaveText(
        "Odoo cannot be reached. Check your network and try again."
    );
    expect(".o_telephony_flow_panel").toHaveCount(1);
    expect(".o_telephony_flow_panel h2").toHaveText("Step 2");
    expect(".o_telephony_flow_panel").not.toHaveAttribute("inert");
    expect(".fake_view").toHaveCount(0);
    server.error = userError("You may not read this step.");
    await contains(".o_telephony_flow_unloaded button").click();
    await seen(".o_telephony_flow_unloaded:contains(You may not read this step.)");
    server.error = null;
    await contains(".o_telephony_flow_unloaded button").click();
    await seen(".fake_view");
    expect(".o_telephony_flow_unloaded").toHaveCount(0);
});

/** The message about a change, as the server sends it. */
function sendChanged(stamp, userId = serverState.userId) {
    sendBus("telephony/flow_changed", { flow_id: 7, user_id: userId, by: "Mia", stamp });
}

test("Z29: a drawing that cannot be read again says why, and is tried again", async () => {
    const server = await startEditor([stepData(1, "message")]);
    server.readError = userError("The flow cannot be read.");
    sendChanged("second", 99);
    await seen(".o_telephony_flow_unread:contains(The flow cannot be read.)");
    expect(node(1)).toHaveCount(1);
    server.readError = null;
    server.steps = [stepData(2, "message")];
    await contains(".o_telephony_flow_unread button").click();
    await seen(node(2));
    expect(".o_telephony_flow_unread").toHaveCount(0);
});

test("Z29: a change from another tab or user is drawn, one's own is not read again", async () => {
    const server = await startEditor([stepData(1, "message")]);
    const { reads } = server;
    // Its message may come before its answer, or not at all.
    server.values = { stamp: "second" };
    await contains(node(1)).click();
    await contains(".fake_copy").click();
    await seen(".o_telephony_flow_node");
    expect.verifySteps(["copy_step [7,1]"]);
    sendChanged("second");
    server.values = { stamp: "third" };
    server.steps = [stepData(1, "message"), stepData(2, "message")];
    sendChanged("third");
    await seen(node(2));
    expect(server.reads).toBe(reads + 1);
    expect(".o_telephony_flow_changed").toHaveCount(0);
    server.values = { stamp: "fourth" };
    server.steps = [stepData(2, "message")];
    sendChanged("fourth", 99);
    await seen(".o_telephony_flow_changed:contains(Mia has just changed this flow.)");
    await waitForNone(node(1));
});

test("Z29: an undo waits for the change that is under way", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: false })]);
    server.pause = new Deferred();
    server.answer = { step_id: 2, touched: [1, 2] };
    await contains(".o_telephony_flow_add").click();
    await contains("[data-id=message]").click();
    expect.verifySteps(['add_step [7,"message",1,"yes"]']);
    await contains(node(1)).focus();
    await press(["Control", "z"]);
    await animationFrame();
    expect.verifySteps([]);
    const before = server.steps;
    server.steps = [stepData(1, "hours", { yes: 2 }), stepData(2, "message")];
    server.pause.resolve();
    server.pause = null;
    await expect.waitForSteps([
        'restore_steps [7,{"before":{"1":{"exits":{"yes":2}},"2":{"active":true}},"after":{"1":{"exits":{"yes":false}},"2":{"active":false}}}]',
    ]);
    server.steps = before;
});

test("Z29: Ctrl+Z in a text undoes what was typed, not a change of the flow", async () => {
    patchWithCleanup(FlowEditor.prototype, {
        undo() {
            expect.step("undo");
        },
    });
    patchWithCleanup(FakePanel, {
        template: xml`<div class="fake_panel"><textarea/></div>`,
    });
    await startEditor([stepData(1, "message")]);
    await contains(node(1)).click();
    await contains(".fake_panel textarea").focus();
    await press(["Control", "z"]);
    expect.verifySteps([]);
    await contains(node(1)).focus();
    await press(["Control", "z"]);
    expect.verifySteps(["undo"]);
});

test("Z29: Delete pressed twice asks once, and a step that is gone meanwhile is no error", async () => {
    const server = await startEditor([stepData(1, "hours", { yes: 2 }), stepData(2, "message")]);
    await contains(node(2)).focus();
    const press2 = () =>
        queryFirst(node(2)).dispatchEvent(
            new KeyboardEvent("keydown", { key: "Delete", bubbles: true })
        );
    press2();
    press2();
    await seen(".modal");
    expect(".modal").toHaveCount(1);
    // Another user is quicker.
    server.steps = [stepData(1, "hours", { yes: false })];
    sendChanged("second", 99);
    await waitForNone(node(2));
    server.error = userError("This step was removed meanwhile.");
    await contains(".modal .btn-primary").click();
    await seen(".o_notification");
    expect.verifySteps(["remove_step [7,2,false]"]);
    expect(node(1)).toBeFocused();
    // The next question comes again.
    server.error = null;
    await press("Delete");
    await seen(".modal");
});

test("Z29: after the only step is removed, the focus is at the beginning, and keys undo it", async () => {
    const server = await startEditor([stepData(1, "message")]);
    const before = server.steps;
    await contains(node(1)).focus();
    await press("Delete");
    await seen(".modal");
    server.steps = [];
    server.answer = { touched: [1] };
    await contains(".modal .btn-primary").click();
    await waitForNone(node(1));
    await animationFrame();
    expect(".o_telephony_flow_start").toBeFocused();
    server.steps = before;
    await press(["Control", "z"]);
    await seen(node(1));
    await press(["Control", "y"]);
    expect.verifySteps([
        "remove_step [7,1,false]",
        'restore_steps [7,{"before":{"1":{"active":false}},"after":{"1":{"active":true}}}]',
        'restore_steps [7,{"before":{"1":{"active":true}},"after":{"1":{"active":false}}}]',
    ]);
});

test("Z29: double clicks add and copy one step", async () => {
    const server = await startEditor([stepData(1, "message"), stepData(2, "hours", { yes: 1 })]);
    const twice = (selector) => {
        const el = queryFirst(selector);
        el.click();
        el.click();
    };
    await contains(node(1)).click();
    await seen(".fake_panel");
    server.answer = { step_id: 1, touched: [] };
    twice(".fake_copy");
    await expect.waitForSteps(["copy_step [7,1]"]);
    await contains(".o_telephony_flow_exit[data-exit=yes]").click();
    await contains("[data-id=add]").click();
    await seen("[data-id=message]");
    twice("[data-id=message]");
    await expect.waitForSteps(['add_step [7,"message",2,"yes"]']);
    await animationFrame();
    expect.verifySteps([]);
});

/** Start the drawing on a screen of a given width. */
async function startOn(width, steps) {
    const style = document.createElement("style");
    style.textContent = `.o_telephony_flow_scroller { flex: none !important; width: ${width}px; }`;
    document.head.append(style);
    after(() => style.remove());
    await startEditor(steps);
    return queryFirst(".o_telephony_flow_scroller");
}

test("Z29: a drawing opens fitted to the width of the screen", async () => {
    const toExits = (count) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`exit${index}`, false]));
    const el = await startOn(600, [stepData(1, "hours", toExits(5))]);
    const plane = queryFirst(".o_telephony_flow_plane").getBoundingClientRect();
    expect(plane.width).toBeGreaterThan(el.clientWidth * 0.95);
    expect(plane.width).not.toBeGreaterThan(el.clientWidth);
    expect(el.scrollWidth).toBe(el.clientWidth);
    expect(".o_telephony_flow_zoom").not.toHaveText("100 %");
});

test("Z29: a drawing that is too wide opens at its beginning, at full size", async () => {
    const el = await startOn(400, [stepData(1, "hours", WIDE)]);
    expect(".o_telephony_flow_zoom").toHaveText("100 %");
    const screen = el.getBoundingClientRect();
    const start = queryFirst(".o_telephony_flow_start").getBoundingClientRect();
    const middle = (rect) => rect.left + rect.width / 2;
    expect(Math.abs(middle(start) - middle(screen))).toBeLessThan(10);
    expect(el.scrollLeft).toBeGreaterThan(0);
});

test("Z29: the scale of the opening is one at which texts can be read", () => {
    expect(openingZoom({ clientWidth: 1200 }, { width: 800 })).toBe(1);
    expect(openingZoom({ clientWidth: 390 }, { width: 500 })).toBe(0.78);
    expect(openingZoom({ clientWidth: 390 }, { width: 5000 })).toBe(1);
});

/** A flow that does not fit on the screen, and opens at 100 %. */
const WIDE = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`exit${index}`, false]));

async function startWide() {
    await startEditor([stepData(1, "hours", WIDE)]);
    const el = queryFirst(".o_telephony_flow_scroller");
    Object.assign(el.style, { width: "400px", height: "300px" });
    return el;
}

test("Z29: the mouse drags the drawing, but not from a step, nor with another button", async () => {
    const el = await startWide();
    el.scrollLeft = 500;
    const drag = async (target, options) => {
        manuallyDispatchProgrammaticEvent(target, "pointerdown", {
            pointerType: "mouse",
            clientX: 200,
            clientY: 100,
            bubbles: true,
            ...options,
        });
        const begin = el.scrollLeft;
        const isPanning = el.classList.contains("o_telephony_flow_panning");
        window.dispatchEvent(new PointerEvent("pointermove", { clientX: 140, clientY: 100 }));
        await animationFrame();
        window.dispatchEvent(new PointerEvent("pointerup"));
        window.dispatchEvent(new PointerEvent("pointermove", { clientX: 10, clientY: 100 }));
        await animationFrame();
        expect(el).not.toHaveClass("o_telephony_flow_panning");
        return [isPanning, el.scrollLeft - begin];
    };
    expect(await drag(el, { button: 0 })).toEqual([true, 60]);
    expect(await drag(el, { button: 2 })).toEqual([false, 0]);
    expect(await drag(queryFirst(node(1)), { button: 0 })).toEqual([false, 0]);
    // Fingers scroll it.
    expect(await drag(el, { button: 0, pointerType: "touch" })).toEqual([false, 0]);
});

test("Z29: Ctrl and the wheel zoom; the wheel alone scrolls", async () => {
    const el = await startWide();
    const turn = async (values) => {
        const ev = new WheelEvent("wheel", { bubbles: true, cancelable: true, ...values });
        el.dispatchEvent(ev);
        await animationFrame();
        return ev.defaultPrevented;
    };
    expect(".o_telephony_flow_zoom").toHaveText("100 %");
    expect(await turn({ deltaY: 100 })).toBe(false);
    expect(".o_telephony_flow_zoom").toHaveText("100 %");
    expect(await turn({ deltaY: 100, ctrlKey: true })).toBe(true);
    expect(".o_telephony_flow_zoom").toHaveText("90 %");
    expect(await turn({ deltaY: -100, ctrlKey: true })).toBe(true);
    expect(".o_telephony_flow_zoom").toHaveText("100 %");
});

describe("200 steps", () => {
    /** A step with ten exits to steps with nineteen exits, the first of which leads nowhere. */
    function manySteps(extra = {}) {
        const roots = Array.from({ length: 10 }, (_, index) => 2 + index * 20);
        const toExits = (ids) => Object.fromEntries(ids.map((id, index) => [`e${index}`, id]));
        return [
            stepData(1, "hours", toExits(roots)),
            ...roots.flatMap((root) => {
                const below = Array.from(
                    { length: root === 182 ? 18 : 19 },
                    (_, i) => root + 1 + i
                );
                const exits = toExits([root === 2 && extra.id, ...below]);
                return [
                    stepData(root, "hours", exits),
                    ...below.map((id) => stepData(id, "message")),
                ];
            }),
            ...(extra.id ? [stepData(extra.id, "message")] : []),
        ];
    }

    /** Count how often steps are rendered, and the layout computed. */
    function countWork() {
        const work = { renders: 0, layouts: 0, take: null };
        patchWithCleanup(FlowNode.prototype, {
            get style() {
                work.renders++;
                return super.style;
            },
        });
        patchWithCleanup(FlowDrawing.prototype, {
            draw(flow) {
                work.layouts++;
                return super.draw(flow);
            },
        });
        work.take = () => {
            const { renders, layouts } = work;
            Object.assign(work, { renders: 0, layouts: 0 });
            return [renders, layouts];
        };
        return work;
    }

    test("Z29: a large flow is mounted in small pieces, each step once, with one layout", async () => {
        const work = countWork();
        const pieces = [];
        patchWithCleanup(FlowEditor.prototype, {
            get placedSteps() {
                const placed = super.placedSteps;
                pieces.push(placed.length);
                return placed;
            },
        });
        await startEditor(manySteps());
        await seen(node(200));
        // The form is mounted without them.
        expect(pieces[0]).toBe(0);
        const growth = pieces.map((count, index) => count - (pieces[index - 1] || 0));
        expect(Math.max(...growth)).toBeLessThan(20);
        expect(work.take()).toEqual([200, 1]);
        expect(".o_telephony_flow_node").toHaveCount(200);
    });

    test("Z29: in a large flow, only what a change concerns is rendered", async () => {
        const work = countWork();
        const server = await startEditor(manySteps(), {}, { 7: { now: 1, today: 1 } });
        await seen(node(200));
        await seen(`${node(7)} .o_telephony_flow_callers`);
        work.take();
        await contains(".o_telephony_flow_zoom_out").click();
        await contains(".o_telephony_flow_zoom_in").click();
        await animationFrame();
        expect(work.take()).toEqual([0, 0]);
        // The step, and the one at which the tabulator key stopped before.
        await contains(node(7)).click();
        await seen(".fake_panel");
        await animationFrame();
        const [selected] = work.take();
        expect(selected).toBeLessThan(5);
        // Every step right of the new one is moved, but not rendered.
        server.steps = manySteps({ id: 201 });
        server.answer = { step_id: 201, touched: [2, 201] };
        await contains(`.o_telephony_flow_step .o_telephony_flow_add[data-exit=e0]`).click();
        await contains("[data-id=message]").click();
        await seen(node(201));
        await animationFrame();
        const [added, layouts] = work.take();
        expect(added).toBeLessThan(15);
        expect(layouts).toBe(1);
        expect.verifySteps(['add_step [7,"message",2,"e0"]']);
    });
});
