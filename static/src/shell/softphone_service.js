/**
 * Starts the parts of the softphone, and shows it. The loader passes it to Odoo for phone users
 * only.
 */

import { registry } from "@web/core/registry";
import { AgentState } from "@crm_telephony/backend/agent_state";
import {
    SERVICE_NAME,
    softphoneServices,
    SYSTRAY_SEQUENCE,
} from "@crm_telephony/backend/softphone_loader";
import { withShortNames } from "@crm_telephony/core/softphone_part";
import { SoftphoneRoot } from "./softphone_root";
import { SoftphoneSystray } from "./softphone_systray";

/**
 * @typedef {Object} Softphone
 * @property {import("@crm_telephony/core/softphone_store").SoftphoneStore} store
 * @property {import("@crm_telephony/shell/window_state").WindowState} windowState
 * @property {import("@crm_telephony/shell/window_place").WindowPlace} windowPlace
 * @property {import("@crm_telephony/features/in_call/call_control").CallControl} calls
 * @property {import("@crm_telephony/features/dialing/dial_control").DialControl} dialer
 * @property {import("@crm_telephony/features/availability/agent_control").AgentControl} agent
 * @property {import("@crm_telephony/voice/voice_session").VoiceSession} voiceSession
 * @property {import("@crm_telephony/features/notes/note_keeper").NoteKeeper} notes
 * @property {import("@crm_telephony/voice/ringer").Ringer} ringer
 * @property {import("@crm_telephony/core/browser_settings").BrowserSettings} settings
 * @property {import("@crm_telephony/features/incoming_call/silence_control").SilenceControl} silence
 * @property {import("@crm_telephony/features/preferences/preferences_control").PreferencesControl} preferences
 * @property {import("@crm_telephony/features/sentences/sentence_playback").SentencePlayback} playback
 * @property {import("@crm_telephony/features/set_up/set_up_control").SetUpControl} setUp
 * @property {import("@crm_telephony/voice/microphone_watch").MicrophoneWatch} microphone
 * @property {import("@crm_telephony/features/caller_ids/caller_ids").CallerIds} callerIds
 * @property {import("@crm_telephony/features/live_calls/company_calls").CompanyCalls} companyCalls
 * @property {import("@crm_telephony/features/activities/due_calls").DueCalls} dueCalls
 * @property {import("@crm_telephony/features/follow_up/follow_ups").FollowUps} followUps
 * @property {import("@crm_telephony/features/open_records/open_records").OpenRecords} openRecords
 * @property {import("@crm_telephony/features/recording/recording_control").RecordingControl} recording
 * @property {import("@crm_telephony/features/monitoring/monitor_control").MonitorControl} monitor
 * @property {import("@crm_telephony/voice/call_quality").CallQuality} quality
 * @property {import("@crm_telephony/features/wrap_up/wrap_up_control").WrapUpControl} wrapUp
 * @property {import("@crm_telephony/features/transfer/transfer_control").TransferControl} transfer
 * @property {import("@crm_telephony/features/held_call/held_call_control").HeldCallControl} heldCall
 * @property {import("@crm_telephony/core/server_sync").ServerSync} serverSync
 * @property {import("@crm_telephony/features/availability/lease").Lease} lease
 * @property {import("@crm_telephony/features/alerts/alerts").Alerts} alerts
 * @property {import("@crm_telephony/features/recent/missed_calls").MissedCalls} missed
 * @property {import("@crm_telephony/voice/phase_watch").PhaseWatch} watch
 * @property {import("@crm_telephony/voice/voice_device").VoiceDevice} voice
 * @property {Promise<void>} started
 */

/** The services that are properties of the softphone, each under its name without the prefix. */
const PARTS = [
    "telephony.agent",
    "telephony.alerts",
    "telephony.callerIds",
    "telephony.calls",
    "telephony.companyCalls",
    "telephony.dialer",
    "telephony.dueCalls",
    "telephony.followUps",
    "telephony.heldCall",
    "telephony.lease",
    "telephony.microphone",
    "telephony.missed",
    "telephony.monitor",
    "telephony.notes",
    "telephony.openRecords",
    "telephony.playback",
    "telephony.preferences",
    "telephony.quality",
    "telephony.recording",
    "telephony.ringer",
    "telephony.serverSync",
    "telephony.setUp",
    "telephony.settings",
    "telephony.silence",
    "telephony.store",
    "telephony.transfer",
    "telephony.voice",
    "telephony.voiceSession",
    "telephony.watch",
    "telephony.windowPlace",
    "telephony.windowState",
    "telephony.wrapUp",
];

/** @param {Softphone} parts */
async function begin(parts) {
    parts.windowState.restore();
    parts.microphone.start();
    parts.voiceSession.start();
    parts.callerIds.start();
    parts.alerts.start();
    parts.companyCalls.start();
    parts.dueCalls.start();
    parts.monitor.start();
    parts.openRecords.start();
    parts.quality.start();
    parts.wrapUp.start(parts.serverSync);
    parts.transfer.start();
    registry
        .category("systray")
        .add(
            SERVICE_NAME,
            { Component: SoftphoneSystray },
            { sequence: SYSTRAY_SEQUENCE, force: true }
        );
    registry.category("main_components").add(SERVICE_NAME, {
        Component: SoftphoneRoot,
        props: {},
    });
    await Promise.all([parts.lease.start(), parts.serverSync.start()]);
    if (parts.store.agent?.state === AgentState.UNREACHABLE) {
        await parts.serverSync.catchUp(); // the snapshot was read before the lease
    }
    parts.store.setStarted();
    parts.watch.start();
    await parts.voiceSession.resume();
}

export const softphoneService = {
    dependencies: PARTS,

    /** @returns {Softphone} */
    start({ bus }, services) {
        const softphone = withShortNames(services);
        // The components use this service, so that they may not be rendered before.
        const loaded = new Promise((resolve) =>
            bus.addEventListener("SERVICES-LOADED", resolve, { once: true })
        );
        // Not awaited: the web client must not wait for the softphone.
        softphone.started = loaded
            .then(() => begin(softphone))
            .catch((error) => console.warn("Telephony: the softphone did not start", error));
        return softphone;
    },
};

softphoneServices.add(SERVICE_NAME, softphoneService);
