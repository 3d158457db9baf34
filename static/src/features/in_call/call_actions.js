/**
 * The buttons of a running call, as data.
 */

import { _t } from "@web/core/l10n/translation";
import { callActionRegistry } from "@crm_telephony/core/call_action_registry";
import { isConversation } from "@crm_telephony/core/call_phases";
import { isAsking } from "@crm_telephony/core/softphone_store";

callActionRegistry
    .add(
        "mute",
        {
            className: "o_telephony_mute",
            shortcut: "mute",
            label: ({ store }) => (store.session?.isMuted ? _t("Unmute") : _t("Mute")),
            icon: ({ store }) =>
                store.session?.isMuted ? "fa fa-microphone-slash" : "fa fa-microphone",
            isVisible: ({ store, call }) => !store.isPhoneCall(call),
            isActive: ({ store }) => Boolean(store.session?.isMuted),
            isDisabled: ({ store }) => !store.session?.isActive,
            onSelected: ({ softphone, store }) =>
                softphone.voiceSession.mute(!store.session.isMuted),
        },
        { sequence: 10 }
    )
    .add(
        "keypad",
        {
            className: "o_telephony_keypad_toggle",
            label: () => _t("Keypad"),
            icon: () => "fa fa-th",
            isVisible: ({ store, call }) => !store.isPhoneCall(call),
            isActive: ({ store }) => store.isKeypadShown,
            isDisabled: ({ store }) => !store.session?.isActive,
            onSelected: ({ store }) => {
                store.toggleKeypad();
            },
        },
        { sequence: 20 }
    )
    .add(
        "hold",
        {
            className: "o_telephony_hold",
            shortcut: "hold",
            isRequest: true,
            // A consultation holds the customer as well, and ends the hold by itself.
            label: ({ call }) => (call.on_hold && !isAsking(call) ? _t("Resume") : _t("Hold")),
            icon: ({ call }) => (call.on_hold && !isAsking(call) ? "fa fa-play" : "fa fa-pause"),
            isVisible: ({ call }) => call.role !== "consulted",
            isActive: ({ call }) => call.on_hold && !isAsking(call),
            isDisabled: ({ call }) => !isConversation(call) || isAsking(call),
            onSelected: ({ softphone, call }) => softphone.calls.setHold(!call.on_hold),
        },
        { sequence: 30 }
    )
    .add(
        "transfer",
        {
            className: "o_telephony_transfer_toggle",
            label: () => _t("Transfer"),
            icon: () => "fa fa-share",
            isVisible: ({ call }) => call.role !== "consulted",
            isActive: ({ store }) => store.isTransferShown,
            isDisabled: ({ call }) => !isConversation(call) || Boolean(call.transfer),
            onSelected: ({ store }) => {
                store.toggleTransfer();
            },
        },
        { sequence: 35 }
    );
