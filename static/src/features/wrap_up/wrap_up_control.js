/**
 * The wrap-up after a conversation, in which no call is offered. The server starts and ends it;
 * this page shows it, and asks the server to end it after the countdown.
 */

import { browser } from "@web/core/browser/browser";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { effect } from "@web/core/utils/reactive";
import { attempt } from "@crm_telephony/core/attempt";
import { addPart } from "@crm_telephony/core/softphone_part";

const RETRY = 1_000; // ms; the server's clock may be slightly behind this one

export class WrapUpControl {
    /**
     * @param {Object} services `orm`, `multi_tab` and `notification`
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     */
    constructor({ orm, multi_tab, notification }, store) {
        Object.assign(this, { orm, multiTab: multi_tab, notification, store });
        /** uuid of the call whose end window is hidden */
        this.hiddenUuid = "";
    }

    /** @param {import("@crm_telephony/core/server_sync").ServerSync} serverSync */
    start(serverSync) {
        serverSync.on("telephony/wrap_up_ended", (message) => this.onEnded(message));
        effect((store) => this._plan(store), [this.store]);
    }

    /** Schedule a check on the server at the end of the wrap-up. */
    _plan({ wrapUp, clockOffset }) {
        browser.clearTimeout(this.timer);
        if (!wrapUp || wrapUp.is_disposition_missing) {
            return; // without its disposition the wrap-up does not end by itself
        }
        const left = deserializeDateTime(wrapUp.until).toMillis() - Date.now() - clockOffset;
        this.timer = browser.setTimeout(() => this._check(), Math.max(left, RETRY));
    }

    async _check() {
        if (!(await this.multiTab.isOnMainTab())) {
            return; // one tab is enough, and the bus reaches the others
        }
        try {
            this.store.applyAgent(
                await this.orm.silent.call("telephony.agent", "check_wrap_up", [])
            );
        } catch (error) {
            // The lease renewal of this page, or a job of the server, ends it a little later.
            console.debug("Telephony: the end of the wrap-up could not be checked", error);
        }
    }

    /**
     * Send the agent's input about a call to the server.
     *
     * @param {string} uuid of the call
     * @param {Object} values see `telephony.call.wrap_up`
     */
    async send(uuid, values) {
        const args = [uuid, values];
        const { agent, ...call } = await this.orm.silent.call("telephony.call", "wrap_up", args);
        if (agent) {
            this.store.applyAgent(agent);
        }
        this.store.applyCall(call);
    }

    async _try(values) {
        const isDone = await attempt(this.store, async () => {
            await this.send(this.store.wrapUp.uuid, values);
            return true;
        });
        return Boolean(isDone);
    }

    /** @returns {Promise<boolean>} false if the wrap-up continues; the reason is then shown */
    finish() {
        return this._try({ done: true });
    }

    /** Add the same time again. */
    extend() {
        return this._try({ extend: true });
    }

    /** Hide the end window to make room for the keypad; the wrap-up continues. */
    hide() {
        this.hiddenUuid = this.store.endedCall.uuid;
        this.store.hideEnded();
    }

    /** Show the end window of the call in wrap-up. */
    show() {
        const { store } = this;
        this.hiddenUuid = "";
        store.showEnded(store.recent.find((call) => call.uuid === store.wrapUp?.uuid));
    }

    /** Restore the end window, as after a reload. */
    restore() {
        const { store } = this;
        const isHidden = store.wrapUp?.uuid === this.hiddenUuid;
        if (store.wrapUp && !isHidden && !store.hasCall && !store.endedCall) {
            this.show();
        }
    }

    /** @param {{ uuid: string, reason: string, message: string|false }} message */
    onEnded({ uuid, reason, message }) {
        const { store } = this;
        if (reason === "done" && store.endedCall?.uuid === uuid) {
            store.hideEnded(); // finished in another tab
        }
        if (message && !document.hidden) {
            this.notification.add(message, { type: "info" });
        }
    }
}

addPart(
    "wrapUp",
    ["orm", "multi_tab", "notification", "telephony.store"],
    ({ store, ...services }) => new WrapUpControl(services, store)
);
