import { Component, onMounted, onWillDestroy, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { KeepLast } from "@web/core/utils/concurrency";
import { useDebounced } from "@web/core/utils/timing";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { targetState } from "./transfer_labels";

const SEARCH_DELAY = 250; // ms after the last key

/** Chooses the target of a transfer, and its mode. */
export class TransferPanel extends Component {
    static template = "crm_telephony.TransferPanel";
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.state = useState({ term: "", targets: [], active: -1, isReady: false, isBusy: false });
        this.input = useRef("input");
        this.keepLast = new KeepLast();
        this.searchSoon = useDebounced(() => this.search(), SEARCH_DELAY);
        onMounted(() => {
            this.input.el.focus();
            this.search();
        });
        // The states of colleagues change while the panel is open.
        this.softphone.serverSync.bus.subscribe("telephony/agent_state", this.searchSoon);
        onWillDestroy(() =>
            this.softphone.serverSync.bus.unsubscribe("telephony/agent_state", this.searchSoon)
        );
    }

    async search() {
        const { call } = this.props;
        const targets = await this.keepLast.add(
            this.softphone.transfer.targets(call.uuid, this.state.term.trim())
        );
        const before = this.chosen; // the selection may have moved during the request
        const active = targets.findIndex(
            (target) => before && !target.reason && this.isSame(target, before)
        );
        Object.assign(this.state, { targets, active, isReady: true });
    }

    isSame(one, other) {
        return one.type === other.type && (one.id || one.number) === (other.id || other.number);
    }

    get lines() {
        return this.state.targets.map((target, index) => ({
            ...target,
            ...targetState(target),
            index,
            isDisabled: Boolean(target.reason),
            isActive: index === this.state.active,
        }));
    }

    get chosen() {
        return this.state.targets[this.state.active];
    }

    get canAsk() {
        return Boolean(this.chosen) && this.chosen.type !== "queue" && !this.state.isBusy;
    }

    get askTitle() {
        return this.chosen?.type === "queue" ? _t("You cannot consult a queue.") : "";
    }

    onInput(ev) {
        this.state.term = ev.target.value;
        this.state.active = -1;
        this.searchSoon();
    }

    choose(line) {
        if (!line.isDisabled) {
            this.state.active = line.index;
        }
    }

    /** @param {1|-1} step direction to the next available target */
    move(step) {
        const { targets, active } = this.state;
        for (let i = 1; i <= targets.length; i++) {
            const index = (active + step * i + targets.length * 2) % targets.length;
            if (!targets[index].reason) {
                this.state.active = index;
                return;
            }
        }
    }

    onKeydown(ev) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        if (step) {
            ev.preventDefault();
            this.move(step);
        } else if (ev.key === "Escape") {
            ev.preventDefault();
            ev.stopPropagation();
            this.close();
        }
    }

    close() {
        this.store.hideTransfer();
    }

    /** @param {"blind"|"warm"|"conference"} mode */
    async transfer(mode) {
        this.state.isBusy = true;
        await this.softphone.transfer.transfer(this.props.call, this.chosen, mode);
        this.state.isBusy = false;
    }
}
