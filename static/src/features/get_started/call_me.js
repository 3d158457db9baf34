import { Component, onWillDestroy, onWillStart, status, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { attempt } from "@crm_telephony/core/attempt";

export const CHECK_PERIOD = 5_000; // ms
/** A test only moves forward, in whatever order answers and bus messages arrive. */
const RANK = { calling: 0, ringing: 1, answered: 2, done: 3, failed: 3, canceled: 3 };
const OVER = 3;

/** *Call Me Now*: rings the administrator's own phone, and shows how far the call gets. */
export class CallMe extends Component {
    static template = "crm_telephony.CallMe";
    static components = { Dialog };
    static props = { close: Function };

    setup() {
        this.title = _t("Call Me Now");
        // Not by `useService`: an answer after the window was closed must still hang up.
        this.orm = this.env.services.orm;
        this.bus = useService("bus_service");
        /** @type {{ number: string, test: Object|null, error: string, isBusy: boolean }} */
        this.state = useState({ number: "", test: null, error: "", isBusy: false });
        /** The furthest step that the call has reached */
        this.reached = useState({ rank: 0 });
        useAutofocus({ refName: "number" });
        const onNews = (test) => this._apply(test);
        this.bus.subscribe("telephony/call_me_updated", onNews);
        this.bus.start();
        const timer = browser.setInterval(() => this.check(), CHECK_PERIOD);
        onWillDestroy(() => {
            this.bus.unsubscribe("telephony/call_me_updated", onNews);
            browser.clearInterval(timer);
            this.hangUp();
        });
        onWillStart(() => this.prepare());
    }

    get test() {
        return this.state.test;
    }

    get isRunning() {
        return Boolean(this.test) && RANK[this.test.state] < OVER;
    }

    get isDone() {
        return this.test?.state === "done";
    }

    /** The steps of the call, with what is known of each one. */
    get steps() {
        const { rank } = this.reached;
        const texts = [
            _t("Twilio calls %(number)s", { number: this.test.number_display }),
            _t("Your phone rings and shows %(number)s", { number: this.test.shown_number_display }),
            _t("You hear Odoo and music"),
            _t("You press 1: everything works"),
        ];
        return texts.map((text, index) => ({ text, ...this._look(index, rank) }));
    }

    /** Return the icon of a step. The last step is reached when it is done. */
    _look(index, rank) {
        if (index < rank || this.isDone) {
            return { state: "done", icon: "fa-check-circle text-success", label: _t("Done") };
        }
        if (index > rank) {
            return { state: "open", icon: "fa-circle-o text-muted", label: _t("To do") };
        }
        return this.isRunning
            ? { state: "now", icon: "fa-circle-o-notch fa-spin text-info", label: _t("Now") }
            : { state: "failed", icon: "fa-times-circle text-danger", label: _t("Failed") };
    }

    get sentence() {
        const sentences = {
            calling: _t("We are calling your phone."),
            ringing: _t("Answer your phone."),
            answered: _t("Listen to the music, then press 1."),
            done: _t("Calls work: the account, the public address, the sound and the keys."),
            canceled: _t("The call was ended."),
        };
        return this.test.message || sentences[this.test.state] || _t("The call failed.");
    }

    async prepare() {
        const data = await this._call("prepare", []);
        if (data) {
            this.state.number = data.number || "";
            this.state.test = data.test || null;
            this.reached.rank = data.test ? RANK[data.test.state] : 0;
        }
    }

    async start() {
        if (this.state.isBusy || this.isRunning) {
            return;
        }
        this.state.isBusy = true;
        const test = await this._call("start", [this.state.number]);
        this.state.isBusy = false;
        if (!test) {
            return;
        }
        if (this.test?.uuid !== test.uuid) {
            this.state.test = test;
            this.reached.rank = 0;
        }
        this._apply(test);
        if (status(this) === "destroyed") {
            this.hangUp(); // the window was closed meanwhile
        }
    }

    /** Ask the server for the state, in case its bus message was lost. */
    async check() {
        if (!this.isRunning) {
            return;
        }
        try {
            this._apply(
                await this.orm.silent.call("telephony.test.call", "check", [this.test.uuid])
            );
        } catch (error) {
            console.debug("Telephony: the test call could not be checked", error);
        }
    }

    /** End the call, also when the window is closed. */
    async hangUp() {
        if (!this.isRunning) {
            return;
        }
        const test = await this._call("hang_up", [this.test.uuid]);
        if (test) {
            this._apply(test);
        }
    }

    again() {
        this.state.test = null;
        return this.start();
    }

    changeNumber() {
        this.state.test = null;
        this.state.error = "";
    }

    _apply(test) {
        const isOlder = RANK[test.state] <= RANK[this.test?.state];
        if (this.test?.uuid !== test.uuid || isOlder) {
            return;
        }
        this.state.test = test;
        if (RANK[test.state] < OVER) {
            this.reached.rank = RANK[test.state];
        }
    }

    _call(method, args) {
        return attempt(this.state, () => this.orm.silent.call("telephony.test.call", method, args));
    }
}

registry.category("lazy_components").add("crm_telephony.call_me", CallMe);
