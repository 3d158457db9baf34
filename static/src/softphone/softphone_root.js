import { Component } from "@odoo/owl";
import { useCommand } from "@web/core/commands/command_hook";
import { _t } from "@web/core/l10n/translation";
import { IncomingCalls } from "../incoming_call/incoming_calls";
import { Panel } from "./constants";
import { SoftphoneWindow } from "./softphone_window";
import { useSoftphone } from "./use_softphone";

/** Lives beside every page: the incoming cards, the window, and the keyboard's commands. */
export class SoftphoneRoot extends Component {
    static template = "crm_telephony.SoftphoneRoot";
    static components = { IncomingCalls, SoftphoneWindow };
    static props = {};

    setup() {
        Object.assign(this, useSoftphone());
        const { calls, frame, link } = this.softphone;
        const store = this.softphone.store;
        this.addCommand(_t("Open the telephone"), "alt+shift+p", () => frame.open());
        this.addCommand(_t("Show the calls in queue"), "alt+shift+w", () => {
            frame.open();
            frame.show(Panel.QUEUE);
        });
        this.addCommand(
            _t("Accept the incoming call"),
            "alt+shift+y",
            () => calls.accept(store.offers[0].call.uuid),
            () => store.offers.length > 0
        );
        this.addCommand(
            _t("Mute or unmute the call"),
            "alt+shift+s",
            () => link.mute(!store.session.isMuted),
            () => Boolean(store.session?.isActive)
        );
        this.addCommand(
            _t("Hang up the call"),
            "alt+shift+z",
            () => calls.hangUp(),
            () => store.hasCall
        );
    }

    /**
     * @param {string} name shown in the command palette
     * @param {string} hotkey
     * @param {() => void} action
     * @param {() => boolean} [isAvailable]
     */
    addCommand(name, hotkey, action, isAvailable = () => true) {
        const run = () => {
            if (isAvailable()) {
                action();
            }
        };
        useCommand(name, run, {
            hotkey,
            isAvailable,
            global: true,
            hotkeyOptions: { bypassEditableProtection: true },
        });
    }
}
