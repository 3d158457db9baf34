/**
 * Joins the parts of the softphone. The loader starts it for phone users only.
 */

import { registry } from "@web/core/registry";
import { SERVICE_NAME, softphoneServices } from "@crm_telephony/backend/softphone_loader";
import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { ServerSync } from "@crm_telephony/core/server_sync";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";
import { DueCalls } from "@crm_telephony/features/activities/due_calls";
import { Alerts } from "@crm_telephony/features/alerts/alerts";
import { AgentControl } from "@crm_telephony/features/availability/agent_control";
import { Lease } from "@crm_telephony/features/availability/lease";
import { CallerIds } from "@crm_telephony/features/caller_ids/caller_ids";
import { CallQuestions } from "@crm_telephony/features/dialing/call_questions";
import { DialControl } from "@crm_telephony/features/dialing/dial_control";
import { FollowUps } from "@crm_telephony/features/follow_up/follow_ups";
import { HeldCallControl } from "@crm_telephony/features/held_call/held_call_control";
import { CallControl } from "@crm_telephony/features/in_call/call_control";
import { CompanyCalls } from "@crm_telephony/features/live_calls/company_calls";
import { MonitorControl } from "@crm_telephony/features/monitoring/monitor_control";
import { NoteKeeper } from "@crm_telephony/features/notes/note_keeper";
import { PreferencesControl } from "@crm_telephony/features/preferences/preferences_control";
import { MissedCalls } from "@crm_telephony/features/recent/missed_calls";
import "@crm_telephony/features/recording/recording_action";
import { RecordingControl } from "@crm_telephony/features/recording/recording_control";
import { TransferControl } from "@crm_telephony/features/transfer/transfer_control";
import { WrapUpControl } from "@crm_telephony/features/wrap_up/wrap_up_control";
import { CallQuality } from "@crm_telephony/voice/call_quality";
import { PhaseWatch } from "@crm_telephony/voice/phase_watch";
import { Ringer } from "@crm_telephony/voice/ringer";
import { VoiceDevice } from "@crm_telephony/voice/voice_device";
import { VoiceSession } from "@crm_telephony/voice/voice_session";
import { SoftphoneRoot } from "./softphone_root";
import { SoftphoneSystray } from "./softphone_systray";
import { WindowState } from "./window_state";

/**
 * @typedef {Object} Softphone
 * @property {SoftphoneStore} store
 * @property {WindowState} windowState
 * @property {CallControl} calls
 * @property {DialControl} dialer
 * @property {AgentControl} agent
 * @property {VoiceSession} voiceSession
 * @property {NoteKeeper} notes
 * @property {Ringer} ringer
 * @property {BrowserSettings} settings
 * @property {PreferencesControl} preferences
 * @property {CallerIds} callerIds
 * @property {CompanyCalls} companyCalls
 * @property {DueCalls} dueCalls
 * @property {FollowUps} followUps
 * @property {RecordingControl} recording
 * @property {MonitorControl} monitor
 * @property {CallQuality} quality
 * @property {WrapUpControl} wrapUp
 * @property {TransferControl} transfer
 * @property {HeldCallControl} heldCall
 */

function buildParts(store, services) {
    const { orm, bus_service, dialog, multi_tab, notification } = services;
    const settings = new BrowserSettings();
    const voice = new VoiceDevice(settings);
    const quality = new CallQuality(orm, voice);
    const ringer = new Ringer(store, multi_tab, settings);
    const questions = new CallQuestions(orm, dialog, store);
    const notes = new NoteKeeper(orm);
    const missed = new MissedCalls(store);
    const wrapUp = new WrapUpControl(services, store);
    const windowState = new WindowState(store, missed, wrapUp);
    const lease = new Lease(orm, bus_service, store, (...args) => serverSync.applyChanges(...args));
    const refresh = () => serverSync.refresh();
    const voiceSession = new VoiceSession(store, voice, refresh, quality);
    const calls = new CallControl({
        orm,
        notification,
        store,
        voiceSession,
        voice,
        ringer,
        notes,
        windowState,
        missed,
        wrapUp,
    });
    const dialer = new DialControl({
        orm,
        store,
        voiceSession,
        voice,
        windowState,
        questions,
        calls,
    });
    const heldCall = new HeldCallControl({ orm, store, voiceSession, notes, windowState, calls });
    const serverSync = new ServerSync(orm, bus_service, store, calls);
    const watch = new PhaseWatch({ store, serverSync, voiceSession, multiTab: multi_tab });
    const agent = new AgentControl(orm, store, lease, ringer);
    const preferences = new PreferencesControl(orm, store);
    const callerIds = new CallerIds(orm, bus_service, store, refresh);
    const alerts = new Alerts(services, store, dialer, serverSync);
    const companyCalls = new CompanyCalls(orm, bus_service, store);
    const followUps = new FollowUps(orm);
    const recording = new RecordingControl(orm, store);
    const monitor = new MonitorControl({
        orm,
        notification,
        store,
        windowState,
        serverSync,
        settings,
    });
    const transfer = new TransferControl({
        orm,
        notification,
        store,
        serverSync,
        calls,
        notes,
        questions,
    });
    const dueCalls = new DueCalls(orm, bus_service, {
        store,
        dialer,
        notes,
        followUps,
        wrapUp,
    });
    return {
        voice,
        ringer,
        notes,
        missed,
        windowState,
        lease,
        voiceSession,
        calls,
        serverSync,
        agent,
        settings,
        preferences,
        callerIds,
        alerts,
        companyCalls,
        dueCalls,
        followUps,
        monitor,
        quality,
        wrapUp,
        transfer,
        recording,
        heldCall,
        dialer,
        watch,
    };
}

async function begin(softphone, services) {
    const { store } = softphone;
    const parts = buildParts(store, services);
    Object.assign(softphone, parts);
    parts.windowState.restore();
    parts.voiceSession.start();
    parts.callerIds.start();
    parts.alerts.start();
    parts.companyCalls.start();
    parts.dueCalls.start();
    parts.monitor.start();
    parts.quality.start();
    parts.wrapUp.start(parts.serverSync);
    parts.transfer.start();
    registry
        .category("systray")
        .add("crm_telephony.softphone", { Component: SoftphoneSystray }, { sequence: 24 });
    registry.category("main_components").add("crm_telephony.softphone", {
        Component: SoftphoneRoot,
        props: {},
    });
    await Promise.all([parts.lease.start(), parts.serverSync.start()]);
    parts.watch.start();
    await parts.voiceSession.resume();
}

export const softphoneService = {
    dependencies: ["action", "bus_service", "dialog", "multi_tab", "notification", "orm"],

    /** @returns {Softphone} */
    start(_env, services) {
        const softphone = { store: new SoftphoneStore() };
        // Not awaited: the web client must not wait for the softphone.
        softphone.started = begin(softphone, services).catch((error) =>
            console.warn("Telephony: the softphone did not start", error)
        );
        return softphone;
    },
};

softphoneServices.add(SERVICE_NAME, softphoneService);
