import { Component, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { useSoftphone } from "@crm_telephony/core/use_softphone";

/** Whether incoming calls are shown on the desktop while another window is active. */
export class NotificationSection extends Component {
    static template = "crm_telephony.NotificationSection";
    static props = {};

    setup() {
        const softphone = useSoftphone();
        this.ringer = softphone.ringer;
        this.settings = useState(softphone.settings);
        this.state = useState({ permission: browser.Notification?.permission || "missing" });
    }

    get isOn() {
        return this.settings.wantsNotifications && this.state.permission === "granted";
    }

    get isDenied() {
        return this.state.permission === "denied";
    }

    get isMissing() {
        return this.state.permission === "missing";
    }

    async toggle(ev) {
        const isWanted = ev.target.checked;
        this.settings.save({ wantsNotifications: isWanted });
        if (isWanted) {
            await this.ringer.askForNotifications();
            this.state.permission = browser.Notification.permission;
        }
        ev.target.checked = this.isOn; // the user may have refused the browser's permission
    }
}
