import { animationFrame, expect, press, queryAllTexts, queryFirst, test } from "@odoo/hoot";
import { Component, xml } from "@odoo/owl";
import {
    contains,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {
    defineTelephony,
    seen,
    startSoftphone,
    userError,
} from "@crm_telephony/../tests/telephony_test_helpers";
import { FlowEditor } from "@crm_telephony/client_actions/flow_editor/flow_editor";

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
        exits: Object.entries(exits).map(([name, target]) => ({ name, label: name, target })),
        problems: [],
        values: { name: `Step ${id}`, active: true, exits },
        ...values,
    };
}

/** Odoo shows the settings: only what it is asked for is tested here. */
class FakePanel extends Component {
    static template = xml`<div class="fake_panel"><t t-esc="text"/><button class="fake_close" t-on-click="() => props.onClose()"/></div>`;
    static props = ["*"];

    get text() {
        return `settings of ${this.props.stepId} ${JSON.stringify(this.props.defaults)}`;
    }
}

async function startEditor(steps, values = {}, live = {}) {
    patchWithCleanup(FlowEditor, {
        components: { ...FlowEditor.components, FlowPanel: FakePanel },
    });
    const server = { steps, error: null, values, answer: {}, live };
    const flow = () => ({
        id: 7,
        name: "Sales",
        can_edit: true,
        first_id: server.steps[0]?.id || false,
        numbers: [],
        problems: [],
        kinds: KINDS,
        steps: server.steps,
        ...server.values,
    });
    onRpc("telephony.flow", "editor", () => flow());
    onRpc("telephony.flow", "live_steps", () => ({ steps: server.live || {} }));
    for (const method of [
        "add_step",
        "connect_step",
        "copy_step",
        "remove_step",
        "restore_steps",
    ]) {
        onRpc("telephony.flow", method, ({ args }) => {
            expect.step(`${method} ${JSON.stringify(args)}`);
            if (server.error) {
                throw server.error;
            }
            return { flow: flow(), touched: [], ...server.answer };
        });
    }
    await startSoftphone();
    await mountWithCleanup(FlowEditor, { props: { flowId: 7, stamp: "" } });
    await seen(".o_telephony_flow_start");
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
    }
});
