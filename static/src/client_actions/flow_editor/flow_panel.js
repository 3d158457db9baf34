/** The settings of a step, in the form that other addons extend, beside the drawing. */

import { Component, onError, onMounted, useEffect, useRef, useState, useSubEnv } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useBus } from "@web/core/utils/hooks";
import { CallbackRecorder } from "@web/search/action_hook";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { getDefaultConfig, View } from "@web/views/view";
import { executeButtonCallback } from "@web/views/view_button/view_button_hook";
import { humanError } from "@crm_telephony/core/human_error";

export class FlowStepController extends FormController {
    static template = "crm_telephony.FlowStepForm";
    static props = {
        ...FormController.props,
        onReady: Function,
        onSaved: Function,
        onDropped: Function,
    };

    setup() {
        super.setup();
        this.state = useState({ isFieldDirty: false });
        useBus(this.model.bus, "FIELD_IS_DIRTY", (ev) => (this.state.isFieldDirty = ev.detail));
        onMounted(() => this.props.onReady(this));
    }

    get isDirty() {
        const { root } = this.model;
        return root.isNew || root.dirty || this.state.isFieldDirty;
    }

    /** Odoo would disable the buttons of the whole page for this, hundreds in a large flow. */
    saveButtonClicked(params = {}) {
        return executeButtonCallback(this.rootRef.el, () => this.save(params));
    }

    async onRecordSaved(record, changes) {
        await super.onRecordSaved(record, changes);
        await this.props.onSaved(record.resId);
    }

    async discard() {
        const { isNew } = this.model.root;
        return isNew ? this.props.onDropped() : super.discard();
    }
}

registry.category("views").add("telephony_flow_step_form", {
    ...formView,
    Controller: FlowStepController,
});

export class FlowPanel extends Component {
    static template = "crm_telephony.FlowPanel";
    static components = { View };
    static props = {
        title: String,
        /** Identifier of the step; false for one that is not stored yet */
        stepId: [Number, Boolean],
        /** Default values of a step that is not stored yet */
        defaults: { type: Object, optional: true },
        /** Whether another user has changed the step since it was read */
        isOutdated: Boolean,
        problems: Array,
        canEdit: Boolean,
        takesFocus: Boolean,
        /** Whether other settings will replace these */
        isLeaving: Boolean,
        onReady: Function,
        onSaved: Function,
        onAct: Function,
        onClose: Function,
        onCancel: Function,
    };

    setup() {
        this.root = useRef("root");
        this.state = useState({ error: "", attempt: 0 });
        onError((error) => this.onFormError(error));
        // The pager and the title of the flow are not those of the step.
        useSubEnv({ config: getDefaultConfig() });
        this.viewProps = {
            type: "form",
            jsClass: "telephony_flow_step_form",
            resModel: "telephony.flow.step",
            resId: this.props.stepId,
            views: [[false, "form"]],
            context: { ...this.props.defaults },
            display: { controlPanel: false },
            readonly: !this.props.canEdit,
            preventEdit: !this.props.canEdit,
            onReady: (controller) => this.onReady(controller),
            onSaved: (stepId) => this.props.onSaved(stepId),
            onDropped: () => this.props.onCancel(),
            __beforeLeave__: new CallbackRecorder(),
        };
    }

    /** What the form cannot load is explained; a fault of a form that is shown is reported by Odoo. */
    onFormError(error) {
        if (this.isReady) {
            throw error;
        }
        this.state.error = humanError(error.cause || error);
    }

    tryAgain() {
        Object.assign(this.state, { error: "", attempt: this.state.attempt + 1 });
    }

    onReady(controller) {
        this.isReady = true;
        this.props.onReady(controller);
        if (this.props.takesFocus) {
            this.root.el.querySelector(".o_telephony_flow_form input:not([type=hidden])")?.focus();
        }
    }

    onKeydown(ev) {
        const isInList = ev.target
            .closest?.(".o-autocomplete")
            ?.querySelector(".o-autocomplete--dropdown-menu");
        if (ev.key === "Escape" && !isInList) {
            ev.stopPropagation();
            this.props.onClose();
        }
    }
}

/**
 * The place of the settings beside the drawing.
 *
 * The settings are rendered apart from the drawing. Otherwise the drawing would wait for their data,
 * and Odoo would measure their fields in the same task.
 */
export class FlowSide extends Component {
    static template = "crm_telephony.FlowSide";
    static components = { FlowPanel };
    static props = {
        /** Changes when other settings are wanted */
        panelKey: Number,
        /** Properties of `FlowPanel` */
        panel: Object,
        /** Called when other settings are mounted */
        onShown: Function,
    };

    setup() {
        this.state = useState({ panelKey: 0 });
        useEffect(
            (panelKey) => {
                if (panelKey) {
                    this.props.onShown();
                }
            },
            () => [this.state.panelKey]
        );
        // After the other effect, which must not see a key whose settings are not mounted.
        useEffect(
            (panelKey) => {
                this.state.panelKey = panelKey;
            },
            () => [this.props.panelKey]
        );
    }

    /** The former settings stay until the wanted ones are rendered, but take no more changes. */
    get panelProps() {
        const isLeaving = this.state.panelKey !== this.props.panelKey;
        if (!isLeaving) {
            this.shownProps = this.props.panel;
        }
        return this.shownProps && { ...this.shownProps, isLeaving };
    }
}
