import { Component } from "@odoo/owl";
import { useSoftphone, useSoftphoneStore } from "@crm_telephony/core/use_softphone";
import { CallerIdSection } from "@crm_telephony/features/caller_ids/caller_id_section";
import { CallViaSection } from "./call_via_section";
import { NotificationSection } from "./notification_section";
import { SoundSection } from "./sound_section";

/** How the agent makes calls, and the settings of this computer. Changes are saved at once. */
export class PreferencesPanel extends Component {
    static template = "crm_telephony.PreferencesPanel";
    static components = { CallerIdSection, CallViaSection, NotificationSection, SoundSection };
    static props = {};

    setup() {
        this.softphone = useSoftphone();
        this.store = useSoftphoneStore();
    }
}
