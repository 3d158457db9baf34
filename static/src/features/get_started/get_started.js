import { Component, onWillDestroy, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";
import { CallMe } from "./call_me";

/**
 * What is left to do before calls are possible, each line with its button.
 *
 * It is shown on the board, in the settings and in the softphone until nothing is left, so it uses
 * Odoo's own services only.
 */
export class GetStarted extends Component {
    static template = "crm_telephony.GetStarted";
    static props = { onChanged: { type: Function, optional: true } };

    setup() {
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.orm = useService("orm");
        /** @type {{ data: Object|null, error: string, isBusy: boolean }} */
        this.state = useState({ data: null, error: "", isBusy: false });
        const bus = useService("bus_service");
        const onNews = () => this.read();
        bus.subscribe("telephony/rights_changed", onNews);
        bus.start();
        onWillDestroy(() => bus.unsubscribe("telephony/rights_changed", onNews));
        onWillStart(() => this.read());
    }

    get lines() {
        return this.state.data?.lines || [];
    }

    get isShown() {
        return this.state.error || this.lines.some((line) => !line.is_done);
    }

    get progressText() {
        const count = this.lines.filter((line) => line.is_done).length;
        return _t("%(count)s of %(all)s done", { count, all: this.lines.length });
    }

    doneText(line) {
        return line.is_done ? _t("Done") : _t("To do");
    }

    /** @returns {boolean} whether this is the line to do next */
    isNext(line) {
        return line === this.lines.find((other) => !other.is_done && other.button);
    }

    async read() {
        const data = await attempt(this.state, () =>
            this.orm.silent.call("telephony.account", "get_started", [])
        );
        this.state.data = data || this.state.data;
    }

    /** Do what the button of a line says. @param {Object} line */
    async act(line) {
        if (this.state.isBusy) {
            return;
        }
        this.state.isBusy = true;
        const action = await attempt(this.state, () =>
            this.orm.call("telephony.account", "action_get_started", [line.name])
        );
        this.state.isBusy = false;
        if (action) {
            await this.action.doAction(action, { onClose: () => this.refresh() });
        } else if (!this.state.error) {
            await this.refresh();
        }
    }

    async refresh() {
        await this.read();
        this.props.onChanged?.();
    }

    callMe() {
        this.dialog.add(CallMe, {}, { onClose: () => this.refresh() });
    }
}

registry.category("lazy_components").add("crm_telephony.get_started", GetStarted);
