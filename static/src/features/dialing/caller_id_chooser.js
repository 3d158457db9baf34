import { Component, onMounted, useRef } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { CallbackHint, Flag } from "@crm_telephony/features/caller_ids/callback_hint";

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Asks before each call which number the customer sees. Enter takes the selected one. */
export class CallerIdChooser extends Component {
    static template = "crm_telephony.CallerIdChooser";
    static components = { CallbackHint, Dialog, Flag };
    static props = {
        /** `Sender` */
        senders: Array,
        /** `Sender` that Enter takes */
        preselected: Object,
        customer: Object,
        onAnswer: Function,
        close: Function,
    };

    setup() {
        this.list = useRef("list");
        const { number, name } = this.props.customer;
        this.title = _t("Caller ID for the call to %(name)s", { name: name || number });
        // Runs after the dialog itself has focused its first button.
        onMounted(() => this.list.el.querySelector(".o_telephony_preselected").focus());
    }

    get options() {
        return [...this.list.el.querySelectorAll(".o_telephony_chooser_option")];
    }

    onKeydown(ev) {
        const step = STEPS[ev.key];
        if (step) {
            ev.preventDefault();
            const { options } = this;
            const index = options.indexOf(document.activeElement) + step;
            options.at(index % options.length).focus();
        }
    }

    /** @param {import("./senders").Sender} sender */
    choose(sender) {
        this.props.onAnswer(sender);
        this.props.close();
    }
}
