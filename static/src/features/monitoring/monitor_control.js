/**
 * Monitors conversations of agents: the server permits it, and the sound follows.
 *
 * Monitoring belongs to this tab, and a reload ends it: no supervisor listens unknowingly.
 */

import { _t } from "@web/core/l10n/translation";
import { attempt } from "@crm_telephony/core/attempt";
import { MonitorMode, VoiceNeed, VoiceState } from "@crm_telephony/core/constants";
import { addPart } from "@crm_telephony/core/softphone_part";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";

export class MonitorControl {
    /**
     * @param {Object} parts
     * @param {Object} parts.orm the orm service
     * @param {Object} parts.notification the notification service
     * @param {import("@crm_telephony/core/softphone_store").SoftphoneStore} parts.store
     * @param {import("@crm_telephony/shell/window_state").WindowState} parts.windowState
     * @param {import("@crm_telephony/core/server_sync").ServerSync} parts.serverSync
     * @param {import("@crm_telephony/core/browser_settings").BrowserSettings} parts.settings
     */
    constructor({ settings, ...parts }) {
        Object.assign(this, parts);
        this.voice = new VoiceDevice(settings);
    }

    start() {
        this.serverSync.onNews("telephony/monitoring_ended", (message) => this.onEnded(message));
    }

    /**
     * Start to monitor a conversation, or change the mode.
     *
     * @param {LiveRowData} row of the list of conversations
     * @param {string} mode one of `MonitorMode`
     */
    async enter(row, mode) {
        const { store } = this;
        if (store.monitoring?.uuid === row.uuid) {
            return this.setMode(mode);
        }
        store.startMonitoring(row, mode);
        const { monitoring } = store;
        this.windowState.open();
        try {
            await this.voice.ensureMicrophone();
            this.voice.prepare(VoiceNeed.CALL).catch(() => {}); // `connect` reports it, if it fails again
            const answer = await this._ask("monitor", row.uuid, mode);
            if (store.monitoring !== monitoring) {
                return this._ask("stop_monitoring", row.uuid); // left before the server answered
            }
            store.updateMonitoring({ ...answer, legId: answer.leg_id });
            await this._connect(monitoring);
        } catch (error) {
            if (store.monitoring === monitoring) {
                store.fail(error);
                await this.leave();
            }
        }
    }

    async _connect(monitoring) {
        await this.voice.connect(monitoring.uuid, {
            onState: (state) => this._onVoiceState(monitoring, state),
            onWarnings: () => {},
        });
        if (this.store.monitoring === monitoring) {
            this._muteIfSilent(monitoring);
        }
    }

    /** Close the microphone of a listening supervisor; the provider mutes the leg as well. */
    _muteIfSilent({ mode }) {
        this.voice.mute(mode === MonitorMode.LISTEN);
    }

    _onVoiceState(monitoring, state) {
        if (this.store.monitoring !== monitoring) {
            return;
        }
        if (state === VoiceState.LOST) {
            this._end();
            this._ask("stop_monitoring", monitoring.uuid).catch(() => {}); // it may be over
        } else {
            this.store.updateMonitoring({ state });
        }
    }

    /** @param {string} mode one of `MonitorMode` */
    async setMode(mode) {
        const { store } = this;
        const { monitoring } = store;
        if (!monitoring?.legId || monitoring.isBusy || monitoring.mode === mode) {
            return;
        }
        store.updateMonitoring({ isBusy: true });
        const answer = await attempt(store, () => {
            if (mode === MonitorMode.LISTEN) {
                this.voice.mute(true); // at once: not a word after the click is audible
            }
            return this._ask("set_monitor_mode", monitoring.uuid, mode);
        });
        if (store.monitoring === monitoring) {
            store.updateMonitoring({ isBusy: false, mode: answer?.mode || monitoring.mode });
            this._muteIfSilent(monitoring);
        }
    }

    /** Leave the conversation, which continues. */
    async leave() {
        const { monitoring } = this.store;
        if (!monitoring) {
            return;
        }
        this.voice.disconnect();
        this.voice.release(VoiceNeed.CALL);
        this.store.stopMonitoring();
        try {
            await this._ask("stop_monitoring", monitoring.uuid);
        } catch (error) {
            // The leg ended with the sound; the provider reports that to the server.
            console.warn("Telephony: the end of monitoring could not be sent", error);
        }
    }

    /** @param {{ leg_id: number }} message the leg of this supervisor has ended */
    onEnded({ leg_id }) {
        if (leg_id && this.store.monitoring?.legId === leg_id) {
            this._end();
        }
    }

    _end() {
        this.voice.disconnect();
        this.voice.release(VoiceNeed.CALL);
        this.store.stopMonitoring();
        this.notification.add(_t("You are no longer connected to the call."), {
            type: "info",
        });
    }

    _ask(method, ...args) {
        return this.orm.silent.call("telephony.call", method, args);
    }
}

addPart(
    "monitor",
    [
        "orm",
        "notification",
        "telephony.store",
        "telephony.windowState",
        "telephony.serverSync",
        "telephony.settings",
    ],
    (parts) => new MonitorControl(parts)
);
