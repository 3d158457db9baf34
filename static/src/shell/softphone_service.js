/**
 * Joins the parts of the softphone. Users who are not phone users get an empty store, nothing on
 * the screen, and no request but the one that asks for their group.
 */

import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { BrowserSettings } from "@crm_telephony/core/browser_settings";
import { GROUP_USER, SERVICE_NAME } from "@crm_telephony/core/constants";
import { LiveSync } from "@crm_telephony/core/live_sync";
import { SoftphoneStore } from "@crm_telephony/core/softphone_store";
import { DueCalls } from "@crm_telephony/features/activities/due_calls";
import { Notices } from "@crm_telephony/features/alerts/notices";
import { AgentControl } from "@crm_telephony/features/availability/agent_control";
import { Lease } from "@crm_telephony/features/availability/lease";
import { CallerIds } from "@crm_telephony/features/caller_ids/caller_ids";
import { CallQuestions } from "@crm_telephony/features/dialing/call_questions";
import { DialControl } from "@crm_telephony/features/dialing/dial_control";
import { FollowUps } from "@crm_telephony/features/follow_up/follow_ups";
import { HeldControl } from "@crm_telephony/features/held_call/held_control";
import { CallControl } from "@crm_telephony/features/in_call/call_control";
import { LiveCalls } from "@crm_telephony/features/live_calls/live_calls";
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
import { VoiceLink } from "@crm_telephony/voice/voice_link";
import { SoftphoneFrame } from "./softphone_frame";
import { SoftphoneRoot } from "./softphone_root";
import { SoftphoneSystray } from "./softphone_systray";

/**
 * @typedef {Object} Softphone
 * @property {SoftphoneStore} store
 * @property {SoftphoneFrame} frame
 * @property {CallControl} calls
 * @property {DialControl} dialling
 * @property {AgentControl} agent
 * @property {VoiceLink} link
 * @property {NoteKeeper} notes
 * @property {Ringer} ringer
 * @property {BrowserSettings} settings
 * @property {PreferencesControl} preferences
 * @property {CallerIds} callerIds
 * @property {LiveCalls} live
 * @property {DueCalls} due
 * @property {FollowUps} followUps
 * @property {RecordingControl} recording
 * @property {MonitorControl} monitor
 * @property {CallQuality} quality
 * @property {WrapUpControl} wrapUp
 * @property {TransferControl} transfer
 * @property {HeldControl} held
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
    const frame = new SoftphoneFrame(store, missed, wrapUp);
    const lease = new Lease(orm, bus_service, store, (...told) => sync.applyChanges(...told));
    const refresh = () => sync.refresh();
    const link = new VoiceLink(store, voice, refresh, quality);
    const calls = new CallControl({
        ...{ orm, notification, store, link, voice },
        ...{ ringer, notes, frame, missed, wrapUp },
    });
    const dialling = new DialControl({ orm, store, link, voice, frame, questions, calls });
    const held = new HeldControl({ orm, store, link, notes, frame, calls });
    const sync = new LiveSync(orm, bus_service, store, calls);
    const watch = new PhaseWatch({ store, sync, link, multiTab: multi_tab });
    const agent = new AgentControl(orm, store, lease, ringer);
    const preferences = new PreferencesControl(orm, store);
    const callerIds = new CallerIds(orm, bus_service, store, refresh);
    const notices = new Notices(services, store, dialling, sync);
    const live = new LiveCalls(orm, bus_service, store);
    const followUps = new FollowUps(orm);
    const recording = new RecordingControl(orm, store);
    const monitor = new MonitorControl({ orm, notification, store, frame, sync, settings });
    const transfer = new TransferControl({
        ...{ orm, notification, store, sync, calls, notes, questions },
    });
    const due = new DueCalls(orm, bus_service, {
        ...{ store, dialling, notes, followUps, wrapUp },
    });
    return {
        ...{ voice, ringer, notes, missed, frame, lease, link, calls, sync, agent },
        ...{ settings, preferences, callerIds, notices, live, due, followUps, monitor },
        ...{ quality, wrapUp, transfer, recording, held, dialling, watch },
    };
}

async function begin(softphone, services) {
    const { store } = softphone;
    const parts = buildParts(store, services);
    Object.assign(softphone, parts);
    store.isUser = true;
    parts.frame.restore();
    parts.link.start();
    parts.callerIds.start();
    parts.notices.start();
    parts.live.start();
    parts.due.start();
    parts.monitor.start();
    parts.quality.start();
    parts.wrapUp.start(parts.sync);
    parts.transfer.start();
    registry
        .category("systray")
        .add("crm_telephony.softphone", { Component: SoftphoneSystray }, { sequence: 24 });
    registry.category("main_components").add("crm_telephony.softphone", {
        Component: SoftphoneRoot,
        props: {},
    });
    await Promise.all([parts.lease.start(), parts.sync.start()]);
    parts.watch.start();
    await parts.link.resume();
}

export const softphoneService = {
    dependencies: ["action", "bus_service", "dialog", "multi_tab", "notification", "orm"],

    /** @returns {Softphone} parts other than the store exist for phone users only */
    start(_env, services) {
        const softphone = { store: new SoftphoneStore() };
        // Not awaited: the web client must not wait for the telephone.
        softphone.started = user
            .hasGroup(GROUP_USER)
            .then((isUser) => isUser && begin(softphone, services))
            .catch((error) => console.warn("Telephony: the softphone did not start", error));
        return softphone;
    },
};

registry.category("services").add(SERVICE_NAME, softphoneService);
