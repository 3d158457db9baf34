/**
 * Notifications to the agent outside of calls: missed calls, voicemails, and being set offline.
 */

import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { customerName } from "@crm_telephony/core/call_labels";
import { addPart } from "@crm_telephony/core/softphone_part";

export class Alerts {
    /**
     * @param {Object} services `bus_service`, `multi_tab`, `notification` and `action`
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
     * @param {import("@crm_telephony/features/dialing/dial_control").DialControl} dialer
     * @param {import("@crm_telephony/core/server_sync").ServerSync} serverSync drops replayed messages
     */
    constructor({ multi_tab, notification, action }, store, dialer, serverSync) {
        Object.assign(this, { multiTab: multi_tab, notification, action });
        Object.assign(this, { store, dialer, serverSync });
        /** Functions that close the notifications of missed calls, by uuid of the call */
        this._closeMissed = new Map();
        /** Uuids of the calls whose voicemail was announced: one call, one notification */
        this._announced = new Set();
    }

    start() {
        this.serverSync.onNews("telephony/set_offline", (data) => this.onSetOffline(data));
        this.serverSync.onNews("telephony/call_missed", (call) => this.onMissed(call));
        this.serverSync.onNews("telephony/voicemail_received", (data) => this.onVoicemail(data));
    }

    /** Return whether this tab shows notifications: a visible tab, or else the one that rings. */
    async _isHere() {
        return !document.hidden || this.multiTab.isOnMainTab();
    }

    /** @param {{ message: string }} data */
    async onSetOffline({ message }) {
        if (await this._isHere()) {
            this.notification.add(message, { type: "warning", sticky: true });
        }
    }

    /** @param {CallData} call */
    async onMissed(call) {
        this.serverSync.refresh(); // the badge counts the recent calls, which now include this one
        if (!(await this._isHere()) || this._announced.has(call.uuid)) {
            return;
        }
        const options = {
            type: "warning",
            className: "o_telephony_missed_alert",
            onClose: () => this._closeMissed.delete(call.uuid),
        };
        const message = _t("Missed call from %(name)s", { name: customerName(call) });
        const close = call.customer.number
            ? this._addWithButton(message, options, _t("Call back"), () => this._callBack(call))
            : this.notification.add(message, options);
        this._closeMissed.set(call.uuid, close);
    }

    _addWithButton(message, options, name, act) {
        const onClick = () => {
            close();
            act();
        };
        const buttons = [{ name, primary: true, onClick }];
        const close = this.notification.add(message, { ...options, buttons });
        return close;
    }

    _callBack({ customer, record }) {
        this.dialer.dial({
            number: customer.number,
            name: customer.name || "",
            target: record ? { resModel: record.model, resId: record.id } : null,
        });
    }

    /** @param {{ call: Object, recording_id: number, duration: number }} data duration in seconds */
    async onVoicemail({ call, recording_id, duration }) {
        this.serverSync.refresh();
        this._announced.add(call.uuid);
        if (!(await this._isHere())) {
            return;
        }
        this._closeMissed.get(call.uuid)?.();
        const message = _t("Voicemail from %(name)s (%(length)s)", {
            name: customerName(call),
            length: formatSeconds(duration),
        });
        const options = { type: "info", className: "o_telephony_voicemail_alert" };
        this._addWithButton(message, options, _t("Listen"), () => this._listen(recording_id));
    }

    _listen(recordingId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Voicemail"),
            res_model: "telephony.recording",
            res_id: recordingId,
            views: [[false, "form"]],
        });
    }
}

addPart(
    "alerts",
    [
        "multi_tab",
        "notification",
        "action",
        "telephony.store",
        "telephony.dialer",
        "telephony.serverSync",
    ],
    ({ store, dialer, serverSync, ...services }) => new Alerts(services, store, dialer, serverSync)
);
