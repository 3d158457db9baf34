import { Component, useEffect, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { CallerCard } from "../../caller_card/caller_card";
import { CreateRecord } from "../../create_record/create_record";
import { monitorMode } from "../../monitoring/monitor_texts";
import { callStateText, soundWarning } from "../../softphone/call_texts";
import { CallTimer } from "../../softphone/call_timer";
import { Caller } from "../../softphone/caller";
import { openCallRecord } from "../../softphone/open_record";
import { shortcutText, withShortcut } from "../../softphone/shortcuts";
import { callActionRegistry } from "../../softphone/softphone_actions";
import { useFirstFocus } from "../../softphone/use_first_focus";
import { useSoftphone } from "../../softphone/use_softphone";
import { TransferPanel } from "../../transfer/transfer_panel";
import { TransferStrip } from "../../transfer/transfer_strip";
import { DialKeys } from "../keypad/dial_keys";
import { CallNote } from "./call_note";
import { HoldTime } from "./hold_time";
import { PhoneCallState } from "./phone_call_state";
import { RecordingState } from "./recording_state";

/** A running call: who, for how long, and what can be done. */
export class InCallPanel extends Component {
    static template = "crm_telephony.InCallPanel";
    static components = {
        ...{ Caller, CallerCard, CallNote, CallTimer, CreateRecord, DialKeys, HoldTime },
        ...{ PhoneCallState, RecordingState, TransferPanel, TransferStrip },
    };
    static props = { call: Object };

    setup() {
        Object.assign(this, useSoftphone());
        this.action = useService("action");
        this.keypad = useRef("keypad");
        this.hangUpKeys = shortcutText("hang_up");
        useFirstFocus();
        // The keyboard's digits are meant for the keypad as soon as it is shown.
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
                icon: action.icon(context),
                title: action.shortcut && withShortcut(action.label(context), action.shortcut),
                keys: action.shortcut && shortcutText(action.shortcut),
                isToggle: Boolean(action.isActive),
                isActive: Boolean(action.isActive?.(context)),
                isDisabled: Boolean(action.isDisabled?.(context)),
                select: () => action.onSelected(this.context),
            }));
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

    /** Choosing to whom the call goes, and who hears whom, need the room. */
    get isCompact() {
        return this.isTransferShown || Boolean(this.props.call.transfer);
    }

    get hangUpText() {
        if (this.isConsulted) {
            return _t("Leave the call");
        }
        return this.props.call.transfer ? _t("Hang up for all") : _t("Hang up");
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
        const { caller_id: callerId, our_number: ourNumber } = this.props.call;
        const number = callerId || ourNumber;
        return number ? number.name || number.number_display : "";
    }

    onKey(key) {
        this.softphone.link.sendDigits(key);
    }

    onKeypadKeydown(ev) {
        if (/^[0-9*#]$/.test(ev.key) && !ev.ctrlKey && !ev.altKey && !ev.metaKey) {
            ev.preventDefault();
            ev.stopPropagation();
            this.onKey(ev.key);
        }
    }

    rejoin() {
        this.softphone.link.rejoin(this.props.call.uuid);
    }
}
