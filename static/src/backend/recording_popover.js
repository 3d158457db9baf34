/** Plays a recording from its link in the chatter, for users who may play it. */
import { Component, onWillStart, useState } from "@odoo/owl";
import { Message } from "@mail/core/common/message";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";
import { Player } from "./player";

const LINK = "a[data-oe-model='telephony.recording']";

export class RecordingPopover extends Component {
    static template = "crm_telephony.RecordingPopover";
    static components = { Player };
    static props = { recordingId: Number, close: { type: Function, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ recording: null, message: "" });
        onWillStart(() => this.load());
    }

    async load() {
        const domain = [["id", "=", this.props.recordingId]];
        try {
            const [recording] = await this.orm.silent.searchRead("telephony.recording", domain, [
                "url",
                "duration",
                "peaks",
            ]);
            if (recording?.url) {
                this.state.recording = recording;
                return;
            }
        } catch {
            // A user who is not an agent may not even send this request.
        }
        this.state.message = _t(
            "You are not allowed to listen to this recording, or it has been deleted."
        );
    }
}

patch(Message.prototype, {
    async onClick(ev) {
        const link = ev.target.closest(LINK);
        if (!link) {
            return super.onClick(ev);
        }
        ev.preventDefault();
        ev.stopPropagation();
        this.env.services.popover.add(link, RecordingPopover, {
            recordingId: Number(link.dataset.oeId),
        });
    },
});
