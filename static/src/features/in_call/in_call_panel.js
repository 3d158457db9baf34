import { Component, markup, useEffect, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { callActionRegistry } from "@crm_telephony/core/call_action_registry";
import { callStateText, soundWarning } from "@crm_telephony/core/call_labels";
import { isConversation } from "@crm_telephony/core/call_phases";
import { CallTimer } from "@crm_telephony/core/call_timer";
import { Caller } from "@crm_telephony/core/caller";
import { openCallRecord } from "@crm_telephony/core/open_record";
import { shortcutText, withShortcut } from "@crm_telephony/core/shortcuts";
import { useFirstFocus } from "@crm_telephony/core/use_first_focus";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CallerCard } from "@crm_telephony/features/caller_card/caller_card";
import { CreateLinked } from "@crm_telephony/features/contacts/create_linked";
import { CreateRecord } from "@crm_telephony/features/contacts/create_record";
import { DialKeys } from "@crm_telephony/features/dialing/dial_keys";
import { HoldReminder, HoldTime } from "@crm_telephony/features/held_call/hold_time";
import { monitorMode } from "@crm_telephony/features/monitoring/monitor_labels";
import { CallNote } from "@crm_telephony/features/notes/call_note";
import { RecordingState } from "@crm_telephony/features/recording/recording_state";
import { TransferPanel } from "@crm_telephony/features/transfer/transfer_panel";
import { TransferStrip } from "@crm_telephony/features/transfer/transfer_strip";
import "./call_actions";
import { PhoneCallState } from "./phone_call_state";

/** A running call: the other party, the duration, and the actions. */
export class InCallPanel extends Component {
    static template = "crm_telephony.InCallPanel";
    static components = {
        Caller,
        CallerCard,
        CallNote,
        CallTimer,
        CreateLinked,
        CreateRecord,
        DialKeys,
        HoldReminder,
        HoldTime,
        PhoneCallState,
        RecordingState,
        TransferPanel,
        TransferStrip,
    };
    static props = { call: Object };

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
        this.action = useService("action");
        this.keypad = useRef("keypad");
        this.hangUpKeys = shortcutText("hang_up");
        useFirstFocus();
        // While the keypad is shown, the digits of the keyboard are meant for it.
        useEffect(
            (el) => el?.focus(),
            () => [this.keypad.el]
        );
    }

    get context() {
        const { softphone, store } = this;
        const { call } = this.props;
        return { softphone, store, call, openRecord: () => openCallRecord(this.action, call) };
    }

    get actions() {
        const context = this.context;
        return callActionRegistry
            .getEntries()
            .filter(([, action]) => !action.isVisible || action.isVisible(context))
            .map(([id, action]) => ({
                id,
                className: action.className,
                label: action.label(context),
                shortLabel: (action.shortLabel || action.label)(context),
                name: this.nameOf(action, context),
                icon: action.icon(context),
                title: this.titleOf(action, context),
                keys: action.shortcut && shortcutText(action.shortcut),
                isToggle: Boolean(action.isActive),
                isRequest: Boolean(action.isRequest),
                isActive: Boolean(action.isActive?.(context)),
                isDisabled: Boolean(action.isDisabled?.(context)),
                select: () => action.onSelected(this.context),
            }));
    }

    /** Return what screen readers say: the whole label, with the text below the icon. */
    nameOf({ label, shortLabel }, context) {
        const whole = label(context);
        const short = shortLabel ? shortLabel(context) : whole;
        if (short === whole) {
            return undefined;
        }
        const isContained = whole.toLowerCase().includes(short.toLowerCase());
        return isContained ? whole : `${short}: ${whole}`;
    }

    titleOf({ label, shortLabel, shortcut, reason }, context) {
        const text = reason?.(context) || label(context);
        return shortcut ? withShortcut(text, shortcut) : shortLabel && text;
    }

    /**
     * @param {Object} action of `actions`
     * @param {MouseEvent} ev
     */
    select(action, ev) {
        // The second click of a double click would undo what the first one has requested.
        if (!action.isRequest || ev.detail < 2) {
            action.select();
        }
    }

    /** @returns {(() => void)|undefined} opens the record of the call, or the contact */
    get openRecord() {
        const { record, customer } = this.props.call;
        const { openRecord } = this.context;
        return record || customer.partner_id ? openRecord : undefined;
    }

    get stateText() {
        return callStateText(this.props.call, this.voiceState);
    }

    get isConsulted() {
        return this.props.call.role === "consulted";
    }

    get isTransferShown() {
        const { call } = this.props;
        return this.store.isTransferShown && !this.isConsulted && !call.transfer;
    }

    /** Return whether the panel is compact: the transfer panel and strip need the room. */
    get isCompact() {
        return this.isTransferShown || Boolean(this.props.call.transfer);
    }

    /** Return whether the details of the customer are hidden, because the panel needs their room. */
    get areDetailsHidden() {
        const isTransferring = this.props.call.transfer && !this.isConsulted;
        return this.isCompact || this.store.isKeypadShown || Boolean(isTransferring);
    }

    get hangUpText() {
        if (this.isConsulted) {
            return _t("Leave the call");
        }
        return this.props.call.transfer ? _t("End for everyone") : _t("Hang up");
    }

    get hangUpTitle() {
        return withShortcut(this.hangUpText, "hang_up");
    }

    get voiceState() {
        const { session } = this.store;
        return session && session.uuid === this.props.call.uuid ? session.state : undefined;
    }

    get warning() {
        return soundWarning(this.store.session);
    }

    get supervisors() {
        return (this.props.call.supervisors || []).map(({ id, name, mode }) => ({
            id,
            mode,
            icon: monitorMode(mode).icon,
            text: monitorMode(mode).seen(name),
        }));
    }

    get numberText() {
        const { caller_id: callerId, direction, our_number: ourNumber } = this.props.call;
        const shown = callerId || ourNumber;
        if (!shown) {
            return "";
        }
        const number = markup`<bdi>${shown.name || shown.number_display}</bdi>`;
        return direction === "incoming"
            ? _t("Called number: %(number)s", { number })
            : _t("Calling from %(number)s", { number });
    }

    get sentKeys() {
        return this.store.session?.digits || this.store.phoneKeys;
    }

    onKey(key) {
        this.softphone.calls.pressKeys(key);
    }

    get extensionText() {
        return _t("Dial extension %(extension)s", { extension: this.props.call.extension });
    }

    get extensionTitle() {
        return this.canDialExtension
            ? ""
            : _t("You can dial the extension once the call is answered.");
    }

    /** Return whether the customer hears keys now. */
    get canDialExtension() {
        const { call } = this.props;
        return isConversation(call) && !call.on_hold && this.store.isAudibleIn(call);
    }

    dialExtension() {
        this.softphone.calls.pressKeys(this.props.call.extension);
    }

    onKeypadKeydown(ev) {
        if (/^[0-9*#]$/.test(ev.key) && !ev.ctrlKey && !ev.altKey && !ev.metaKey) {
            ev.preventDefault();
            ev.stopPropagation();
            this.onKey(ev.key);
        }
    }

    rejoin() {
        this.softphone.voiceSession.rejoin(this.props.call.uuid);
    }
}
