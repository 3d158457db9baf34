import {
    Component,
    onMounted,
    onWillStart,
    onWillUnmount,
    onWillUpdateProps,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { usePopover } from "@web/core/popover/popover_hook";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { FlowData } from "./flow_data";
import { FlowDrawing } from "./flow_drawing";
import { exitLabel, explainRemoval } from "./flow_labels";
import { neighborOf } from "./flow_layout";
import { FlowMenu } from "./flow_menu";
import { exitItems, kindItems, startItems } from "./flow_menu_items";
import { FlowNode } from "./flow_node";
import { FlowSide } from "./flow_panel";
import { courseOf, FlowTry } from "./flow_try";
import { fitZoom, nextZoom, openingZoom, startPan } from "./flow_viewport";

/** Number of steps that are mounted in one frame, so that no frame is long */
const CHUNK = 12;
const NOTHING = { now: 0, today: 0 };
/** Place of the focus in a flow without steps. */
const START = "start";

/** The drawing of a flow, in which it is built. */
export class FlowEditor extends Component {
    static template = "crm_telephony.FlowEditor";
    static components = { FlowNode, FlowSide, FlowTry };
    static props = {
        flowId: Number,
        /** Changes when the flow was changed outside the drawing */
        stamp: String,
    };

    setup() {
        this.dialog = useService("dialog");
        this.action = useService("action");
        this.orm = useService("orm");
        const services = {
            orm: this.orm,
            bus: useService("bus_service"),
            notification: useService("notification"),
        };
        this.store = new FlowData(this.props.flowId, services);
        this.data = useState(this.store);
        this.drawings = new FlowDrawing();
        this.state = useState({
            /** Step whose settings are open */
            selected: false,
            /** Step that has or had the focus */
            current: false,
            /** Exit whose target is being chosen: `step`, `exit` */
            connecting: null,
            /** Step that is not stored yet: `defaults`, `step`, `exit` */
            draft: null,
            panelKey: 0,
            takesFocus: false,
            /** Whether another user has changed the open step since it was read */
            isOutdated: false,
            isTrying: false,
            /** Step -> its places in the course of a simulated call */
            turns: {},
            /** Step -> its exits in that course */
            passed: {},
            zoom: 1,
            /** Number of steps that are mounted; none with the form, whose mounting is long */
            shown: 0,
        });
        this.root = useRef("root");
        this.scroller = useRef("scroller");
        this.menu = usePopover(FlowMenu, {
            position: "bottom-start",
            popoverClass: "o_telephony_flow_popover",
            arrow: false,
            onClose: () => this.returnFocus(),
        });
        this.onAct = this.onAct.bind(this);
        this.panelActs = {
            onReady: (controller) => (this.controller = controller),
            onSaved: (stepId) => this.onSaved(stepId),
            onAct: (action) => this.onPanelAct(action),
            onClose: () => this.closePanel(),
            onCancel: () => this.cancelPanel(),
        };
        this.stepOf = (id) => this.store.stepOf(id);
        onWillStart(() => this.store.start());
        onMounted(() => this.showStart());
        useEffect(
            () => this.showMore(),
            () => [this.state.shown, this.data.flow]
        );
        onWillUnmount(() => this.store.stop());
        useSetupAction({ beforeLeave: () => this.savePanel() });
        useEffect(
            () => this.focusPending(),
            () => [this.state.current, this.data.flow, this.state.shown]
        );
        onWillUpdateProps((next) => {
            if (next.stamp !== this.props.stamp) {
                this.store.refresh();
            }
        });
        useEffect(
            () => this.reloadPanel(),
            () => [this.data.flow]
        );
    }

    /** Open the table of standard sentences at the language that lacks some. */
    async openSentences() {
        const args = [this.flow.unsayable];
        this.action.doAction(await this.orm.call("telephony.sentence", "action_open", args));
    }

    // === DRAWING === #

    get flow() {
        return this.data.flow;
    }

    get drawing() {
        return this.drawings.of(this.flow);
    }

    get placedSteps() {
        return [...this.drawing.steps.values()].slice(0, this.state.shown);
    }

    /** Mount the rest of a large flow: the next steps as soon as those before are mounted. */
    showMore() {
        if (this.state.shown < this.flow?.steps.length && !this.isGrowing) {
            this.isGrowing = true;
            requestAnimationFrame(() => {
                this.isGrowing = false;
                this.state.shown += CHUNK;
            });
        }
    }

    get currentId() {
        const { current } = this.state;
        return this.drawing.steps.has(current) ? current : this.drawing.steps.keys().next().value;
    }

    get numbersText() {
        return (
            this.flow.numbers.map(({ name }) => name).join(", ") || _t("No number uses this flow")
        );
    }

    frameStyle({ frame: { left, top, width, height } }) {
        return `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
    }

    get sizeStyle() {
        const { width, height } = this.drawing;
        return `width:${width * this.state.zoom}px;height:${height * this.state.zoom}px`;
    }

    /** Left is left in the drawing: in a style sheet, Odoo would mirror it for Arabic. */
    get planeStyle() {
        const { width, height } = this.drawing;
        const scale = `transform:scale(${this.state.zoom});transform-origin:0 0`;
        return `left:0;width:${width}px;height:${height}px;${scale}`;
    }

    get startStyle() {
        return `left:${this.drawing.start.x - 132}px;top:${this.drawing.start.y}px;width:264px;height:44px`;
    }

    get startAddStyle() {
        return `left:${this.drawing.start.x - 62}px;top:${this.drawing.start.y + 74}px;width:124px`;
    }

    get changedText() {
        return _t("%(name)s has just changed this flow. You see the current drawing.", {
            name: this.data.changedBy,
        });
    }

    get zoomText() {
        return `${Math.round(this.state.zoom * 100)} %`;
    }

    get direction() {
        return localization.direction;
    }

    // === ZOOM AND PAN === #

    zoom(sign) {
        this.state.zoom = nextZoom(this.state.zoom, sign);
    }

    fit() {
        this.state.zoom = fitZoom(this.scroller.el, this.drawing);
    }

    /** Show the beginning of the call. */
    showStart() {
        if (this.flow) {
            const { el } = this.scroller;
            this.state.zoom = openingZoom(el, this.drawing);
            el.scrollTop = 0;
            el.scrollLeft = this.drawing.start.x * this.state.zoom - el.clientWidth / 2;
        }
    }

    onWheel(ev) {
        if (ev.ctrlKey) {
            ev.preventDefault();
            this.zoom(ev.deltaY < 0 ? 1 : -1);
        }
    }

    onPointerdown(ev) {
        startPan(this.scroller.el, ev);
    }

    // === FOCUS === #

    elementOf(id) {
        return this.scroller.el?.querySelector(
            id === START ? ".o_telephony_flow_start" : `button[data-step="${id}"]`
        );
    }

    /** Move the focus to a step as soon as it is drawn; without a step, to the beginning. */
    focusStep(id) {
        this.pendingFocus = id || START;
        this.state.current = id;
        this.focusPending();
    }

    focusPending() {
        const el = this.pendingFocus && this.elementOf(this.pendingFocus);
        if (el) {
            this.pendingFocus = false;
            el.focus({ preventScroll: true });
            this.scrollTo(el);
        }
    }

    scrollTo(el) {
        el?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    /** Give the focus back to what opened a menu, unless it was moved elsewhere. */
    returnFocus() {
        if (!this.pendingFocus && this.opener?.isConnected) {
            this.opener.focus({ preventScroll: true });
        }
        this.opener = null;
    }

    onKeydown(ev) {
        const id = Number(ev.target.dataset?.step);
        const step = id && this.stepOf(id);
        if ((ev.ctrlKey || ev.metaKey) && !ev.altKey) {
            const key = ev.key.toLowerCase();
            // In a text, these keys are those of the browser.
            const isText = ev.target.matches("input, textarea, [contenteditable]");
            if ((key === "z" || key === "y") && !isText) {
                ev.preventDefault();
                return key === "y" || ev.shiftKey ? this.redo() : this.undo();
            }
        } else if (ev.key === "Escape" && (this.state.connecting || this.isPanelOpen)) {
            ev.stopPropagation();
            this.leaveMode();
        } else if (step && ev.key.startsWith("Arrow")) {
            ev.preventDefault();
            const next = neighborOf(this.drawing.steps, id, ev.key);
            if (next) {
                this.focusStep(next);
            }
        } else if (step && (ev.key === "Home" || ev.key === "End")) {
            ev.preventDefault();
            const ids = [...this.drawing.steps.keys()];
            this.focusStep(ev.key === "Home" ? ids[0] : ids[ids.length - 1]);
        } else if (step && this.flow.can_edit) {
            if (ev.key === "+" || ev.key === "Insert") {
                ev.preventDefault();
                this.addBehind(step, ev.target);
            } else if (ev.key === "Delete" || ev.key === "Backspace") {
                ev.preventDefault();
                this.remove(step);
            }
        }
    }

    /** Escape: cancel the choice of a target, or close the settings. */
    leaveMode() {
        if (this.state.connecting) {
            this.state.connecting = null;
        } else {
            this.closePanel();
        }
    }

    // === ACTIONS === #

    /** @param {string} action what was clicked in the drawing */
    onAct(action, { step, exit, el, ev }) {
        if (action === "focus") {
            this.state.current = step.id;
        } else if (this.state.connecting && action === "open") {
            this.connectTo(step);
        } else if (action === "open") {
            // Without a mouse button: by the keyboard.
            this.select(step.id, ev.detail === 0);
        } else if (action === "go") {
            this.focusStep(exit.target);
        } else if (action === "add") {
            this.chooseKind(step, exit, el);
        } else if (action === "exit") {
            this.openExitMenu(step, exit, el);
        }
    }

    openMenu(el, label, items, onSelect) {
        this.opener = el;
        this.menu.open(el, { label, items, onSelect });
    }

    /** Add a step behind the first exit that is open; without one, ask which exit is meant. */
    addBehind(step, el) {
        const { exits } = this.drawing.steps.get(step.id);
        const open = exits.find((exit) => exit.form === "open") || exits.find((exit) => exit.isNew);
        if (open) {
            this.chooseKind(step, open, el);
        } else if (exits.length) {
            const items = exits.map((exit) => ({ id: exit.name, name: exit.label }));
            this.openMenu(el, _t("Insert a step behind"), items, (name) =>
                this.chooseKind(
                    step,
                    exits.find((exit) => exit.name === name),
                    el
                )
            );
        }
    }

    chooseKind(step, exit, el) {
        const isOpen = !exit?.target;
        const items = kindItems(this.flow, isOpen && this.flow.steps.length > (step ? 1 : 0));
        this.openMenu(el, _t("Choose the type of the new step"), items, (id) =>
            id === "connect" ? this.startConnecting(step, exit) : this.add(id, step, exit)
        );
    }

    openExitMenu(step, exit, el) {
        if (exit.form === "new") {
            return this.chooseKind(step, exit, el);
        }
        const items = exitItems(this.stepOf(exit.target), this.flow.can_edit);
        if (!items.length) {
            return;
        }
        this.openMenu(el, exitLabel(step, exit), items, (id) => {
            const act = {
                go: () => this.focusStep(exit.target),
                add: () => this.chooseKind(step, exit, el),
                connect: () => this.startConnecting(step, exit),
                unlink: () => this.store.change("connect_step", step.id, exit.name, false),
            };
            act[id]();
        });
    }

    openStartMenu(ev) {
        const el = ev.currentTarget;
        if (!this.flow.steps.length) {
            return this.chooseKind(null, null, el);
        }
        this.openMenu(el, _t("Beginning of the call"), startItems(), (id) =>
            id === "add" ? this.chooseKind(null, null, el) : this.startConnecting(null, null)
        );
    }

    /** Name of an exit in the requests; the start has none. */
    placeOf(step, exit) {
        return [step?.id || false, exit?.name || "start"];
    }

    async add(kind, step, exit) {
        if (!(await this.leavePanel())) {
            return;
        }
        const place = this.placeOf(step, exit);
        const answer = await this.store.change("add_step", kind, ...place);
        if (answer?.step_id) {
            this.show(answer.step_id);
        } else if (answer?.defaults) {
            Object.assign(this.state, { selected: false, isTrying: false });
            this.state.draft = { defaults: answer.defaults, place };
            this.state.takesFocus = true;
            this.state.panelKey++;
        }
    }

    startConnecting(step, exit) {
        this.state.connecting = { step, exit };
        this.focusStep(step?.id || this.currentId);
    }

    get connectingText() {
        const { step, exit } = this.state.connecting;
        return step
            ? _t("Click the step that “%(exit)s” of “%(step)s” leads to.", {
                  exit: exit.label,
                  step: step.name,
              })
            : _t("Click the step with which calls begin.");
    }

    async connectTo(target) {
        const { step, exit } = this.state.connecting;
        this.state.connecting = null;
        if (target.id !== step?.id) {
            await this.store.change("connect_step", ...this.placeOf(step, exit), target.id);
            this.focusStep(target.id);
        }
    }

    async copy(step) {
        // The second click of a double click copies nothing.
        if (!this.isCopying) {
            this.isCopying = true;
            const answer =
                (await this.leavePanel()) && (await this.store.change("copy_step", step.id));
            this.isCopying = false;
            if (answer) {
                this.show(answer.step_id);
            }
        }
    }

    remove(step) {
        if (this.isAsking) {
            return;
        }
        this.isAsking = true;
        const { target, text } = explainRemoval(step, this.flow, this.liveOf(step.id).now);
        this.dialog.add(
            ConfirmationDialog,
            {
                title: _t("Remove “%(step)s”?", { step: step.name }),
                body: text,
                confirmLabel: _t("Remove"),
                confirm: () => this.removeNow(step, target),
                cancelLabel: _t("Keep"),
                cancel: () => {},
            },
            { onClose: () => (this.isAsking = false) }
        );
    }

    async removeNow(step, target) {
        if (this.state.selected === step.id) {
            this.dropPanel();
        }
        // Another user may have removed it while the question was open.
        const parent = this.drawing.steps.get(step.id)?.parent;
        await this.store.change("remove_step", step.id, target?.id || false);
        this.focusStep(target?.id || parent || this.currentId);
    }

    async undo() {
        if (await this.leavePanel()) {
            await this.store.undo();
            this.leaveMissing();
        }
    }

    async redo() {
        if (await this.leavePanel()) {
            await this.store.redo();
            this.leaveMissing();
        }
    }

    // === TEST === #

    async openTry() {
        if (await this.leavePanel()) {
            this.dropPanel();
            this.state.isTrying = true;
        }
    }

    showCourse(parts) {
        Object.assign(this.state, courseOf(parts));
    }

    liveOf(id) {
        return this.data.live[id] || NOTHING;
    }

    closeTry() {
        Object.assign(this.state, { isTrying: false, turns: {}, passed: {} });
        this.focusStep(this.currentId);
    }

    // === PANEL === #

    get isPanelOpen() {
        // An undo, or another user, may remove a step whose settings are open.
        return Boolean(this.selectedStep || this.state.draft);
    }

    get selectedStep() {
        return this.stepOf(this.state.selected);
    }

    get panelProps() {
        const { draft, selected, isOutdated, takesFocus } = this.state;
        const step = this.selectedStep;
        return {
            ...this.panelActs,
            title: step ? step.name : draft.defaults.default_name,
            stepId: selected,
            defaults: draft?.defaults || {},
            problems: step?.problems || [],
            isOutdated,
            takesFocus,
            canEdit: this.flow.can_edit,
        };
    }

    /** The settings take a part of the room, in which the step may have been. */
    onPanelShown() {
        this.scrollTo(this.elementOf(this.state.selected));
    }

    async select(id, takesFocus) {
        if (this.state.selected === id && !this.state.draft) {
            if (takesFocus) {
                this.focusPanel();
            }
        } else if (await this.leavePanel()) {
            this.open(id, takesFocus);
        }
    }

    /** Open the settings of a new step, and move the focus to the step. */
    show(id) {
        this.state.shown = Infinity;
        this.open(id, false);
        this.focusStep(id);
    }

    open(id, takesFocus) {
        this.controller = null;
        Object.assign(this.state, { isTrying: false, turns: {}, passed: {} });
        this.panelValues = JSON.stringify(this.stepOf(id)?.values);
        const isOutdated = false;
        Object.assign(this.state, {
            selected: id,
            current: id,
            draft: null,
            takesFocus,
            isOutdated,
        });
        this.state.panelKey++;
    }

    focusPanel() {
        this.root.el.querySelector(".o_telephony_flow_panel .o_field_widget input")?.focus();
    }

    /** Save what was edited. @returns {Promise<boolean|undefined>} false if it is not valid */
    async savePanel() {
        const { controller } = this;
        if (controller?.isDirty && !(controller.model.root.isNew && !controller.model.root.dirty)) {
            return controller.save();
        }
    }

    /** Save and leave the settings. @returns {Promise<boolean>} false if they have to stay open */
    async leavePanel() {
        if ((await this.savePanel()) === false) {
            return false;
        }
        this.state.draft = null;
        return true;
    }

    async closePanel() {
        const id = this.state.selected || this.currentId;
        if (await this.leavePanel()) {
            this.dropPanel();
            if (id) {
                this.focusStep(id);
            }
        }
    }

    dropPanel() {
        this.controller = null;
        Object.assign(this.state, { selected: false, draft: null });
    }

    cancelPanel() {
        if (this.state.draft) {
            this.dropPanel();
            this.focusStep(this.currentId);
        } else {
            this.closePanel();
        }
    }

    /** Leave a step that an undo has removed. */
    leaveMissing() {
        if (this.state.selected && !this.selectedStep) {
            this.dropPanel();
        }
        const isInBar = document.activeElement?.closest(".o_telephony_flow_bar");
        if (!isInBar && this.state.current && !this.stepOf(this.state.current)) {
            this.focusStep(this.currentId);
        }
    }

    /** After a change by others or an undo, show the present settings, unless they are being edited. */
    reloadPanel() {
        const { selected } = this.state;
        if (!selected || !this.flow) {
            return;
        }
        const step = this.selectedStep;
        if (!step) {
            return this.dropPanel();
        }
        const values = JSON.stringify(step.values);
        if (values === this.panelValues) {
            return;
        }
        this.panelValues = values;
        if (this.controller?.isDirty) {
            this.state.isOutdated = true;
        } else {
            this.controller?.model.load();
        }
    }

    async onSaved(stepId) {
        this.state.isOutdated = false;
        const { draft } = this.state;
        if (draft) {
            const [id, name] = draft.place;
            this.state.draft = null;
            await this.store.change("connect_step", id, name, stepId, true);
            this.open(stepId, false);
            this.focusStep(stepId);
        } else {
            await this.store.noteSaved(stepId);
            this.panelValues = JSON.stringify(this.stepOf(stepId)?.values);
        }
    }

    onPanelAct(action) {
        const step = this.selectedStep;
        return action === "copy" ? this.copy(step) : this.remove(step);
    }
}
