import { Component, useEffect, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useCommand } from "@web/core/commands/command_hook";
import { isConversation } from "@crm_telephony/core/call_phases";
import { ErrorCause, MicrophoneState, Panel } from "@crm_telephony/core/constants";
import { SHORTCUTS } from "@crm_telephony/core/shortcuts";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { IncomingCalls } from "@crm_telephony/features/incoming_call/incoming_calls";
import { SoftphoneWindow } from "./softphone_window";

/** The parts beside every page: incoming cards, window, and keyboard commands. */
export class SoftphoneRoot extends Component {
    static template = "crm_telephony.SoftphoneRoot";
    static components = { IncomingCalls, SoftphoneWindow };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        const { calls, windowState, heldCall, silence } = this.softphone;
        const store = this.softphone.store;
        const { windowPlace } = this.softphone;
        useCommand(_t("Put the phone window back"), () => windowPlace.reset(), {
            isAvailable: () => windowPlace.isChosen,
            global: true,
        });
        const microphone = useState(this.softphone.microphone);
        useEffect(
            (state) => state === MicrophoneState.ALLOWED && store.clearError(ErrorCause.MICROPHONE),
            () => [microphone.state]
        );
        this.addCommand("open", () => windowState.open());
        this.addCommand("queue", () => {
            windowState.open();
            windowState.show(Panel.QUEUE);
        });
        const rings = () => store.offers.length > 0;
        this.addCommand("accept", () => calls.accept(store.offers[0].call.uuid), rings);
        this.addCommand("decline", () => calls.decline(store.offers[0].call.uuid), rings);
        this.addCommand(
            "silence",
            () => silence.toggle(store.offers[0]),
            () => rings() && !store.hasCall
        );
        this.addCommand(
            "mute",
            () => calls.toggleMute(),
            () => Boolean(store.currentCall && store.isAudibleIn(store.currentCall))
        );
        this.addCommand(
            "hold",
            () => calls.setHold(!store.currentCall.on_hold),
            () => isConversation(store.currentCall)
        );
        this.addCommand(
            "resume_held",
            () => heldCall.resume(),
            () => Boolean(store.heldCall)
        );
        this.addCommand(
            "hang_up",
            () => calls.hangUp(),
            () => store.hasCall
        );
    }

    /**
     * @param {string} id of the shortcut, whose name appears in the command palette
     * @param {() => void} action
     * @param {() => boolean} [isAvailable]
     */
    addCommand(id, action, isAvailable = () => true) {
        const { hotkey, label } = SHORTCUTS[id];
        const run = () => {
            if (isAvailable()) {
                action();
            }
        };
        useCommand(label(), run, {
            hotkey,
            isAvailable,
            global: true,
            hotkeyOptions: { bypassEditableProtection: true },
        });
    }
}
