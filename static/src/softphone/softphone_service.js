/**
 * Joins the parts of the softphone. Users who are not phone users get an empty store, nothing on
 * the screen, and no request but the one that asks for their group.
 */

import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { CallQuestions } from "../call_questions/call_questions";
import { CallerIds } from "../caller_ids/caller_ids";
import { DueCalls } from "../panels/activities/due_calls";
import { FollowUps } from "../panels/ended/follow_ups";
import { HeldControl } from "../held_call/held_control";
import { MonitorControl } from "../monitoring/monitor_control";
import { LiveCalls } from "../panels/live/live_calls";
import { SoftphoneSystray } from "../systray/softphone_systray";
import { TransferControl } from "../transfer/transfer_control";
import { WrapUpControl } from "../wrap_up/wrap_up_control";
import { AgentControl } from "./agent_control";
import { BrowserSettings } from "./browser_settings";
import { CallControl } from "./call_control";
import { CallQuality } from "./call_quality";
import { GROUP_USER, SERVICE_NAME } from "./constants";
import { DialControl } from "./dial_control";
import { Lease } from "./lease";
import { LiveSync } from "./live_sync";
import { MissedCalls } from "./missed_calls";
import { NoteKeeper } from "./note_keeper";
import { Notices } from "./notices";
import { PhaseWatch } from "./phase_watch";
import { PreferencesControl } from "./preferences_control";
import "./recording_action";
import { RecordingControl } from "./recording_control";
import { Ringer } from "./ringer";
import { SoftphoneFrame } from "./softphone_frame";
import { SoftphoneRoot } from "./softphone_root";
import { SoftphoneStore } from "./softphone_store";
import { VoiceDevice } from "./voice_device";
import { VoiceLink } from "./voice_link";

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
