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
            label: ({ store, call }) => (store.isMutedIn(call) ? _t("Unmute") : _t("Mute")),
            icon: ({ store, call }) =>
                store.isMutedIn(call) ? "fa fa-microphone-slash" : "fa fa-microphone",
            isActive: ({ store, call }) => store.isMutedIn(call),
            isDisabled: ({ store, call }) => !store.isAudibleIn(call),
            onSelected: ({ softphone }) => softphone.calls.toggleMute(),
        },
        { sequence: 10 }
    )
    .add(
        "keypad",
        {
            className: "o_telephony_keypad_toggle",
            label: () => _t("Keypad"),
            icon: () => "fa fa-th",
            isActive: ({ store }) => store.isKeypadShown,
            isDisabled: ({ store, call }) =>
                store.isPhoneCall(call) ? !isConversation(call) : !store.session?.isActive,
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
