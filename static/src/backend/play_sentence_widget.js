import { Component, onWillUnmount, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { LOADER_NAME } from "./softphone_loader";

/** Plays a standard sentence in the page, with the voice that callers hear. */
export class PlaySentenceWidget extends Component {
    static template = "crm_telephony.PlaySentenceWidget";
    static props = { ...standardWidgetProps };

    setup() {
        this.loader = useState(useService(LOADER_NAME));
        this.notification = useService("notification");
        this.state = useState({ playback: null });
        if (this.loader.isUser) {
            this.loader.load().then((softphone) => {
                this.state.playback = softphone?.playback || null;
            });
        }
        onWillUnmount(() => this.isMine && this.playback.stop());
    }

    get playback() {
        return this.state.playback;
    }

    get isMine() {
        return this.playback?.sentenceId === this.props.record.resId;
    }

    get phase() {
        return this.isMine ? this.playback.phase : "idle";
    }

    get error() {
        return this.isMine ? this.playback.error : "";
    }

    /** @returns {string} why the sentence cannot be played now */
    get reason() {
        if (!this.loader.isUser) {
            return _t("Only phone users can play the sentence. Add yourself to the phone users.");
        }
        if (!this.playback) {
            return _t("The phone is not ready.");
        }
        return this.playback.isBlocked
            ? _t("You are in a call. Play the sentence afterwards.")
            : "";
    }

    get label() {
        return {
            idle: _t("Play the sentence"),
            connecting: _t("Connecting… Click to cancel."),
            playing: _t("Stop"),
        }[this.phase];
    }

    get icon() {
        return {
            idle: "fa-play",
            connecting: "fa-circle-o-notch fa-spin",
            playing: "fa-stop",
        }[this.phase];
    }

    async toggle() {
        if (this.phase !== "idle") {
            this.playback.stop();
        } else if (this.reason) {
            this.notification.add(this.reason, { type: "warning" });
        } else if (await this.props.record.save()) {
            await this.playback.play(this.props.record.resId);
        }
    }
}

registry.category("view_widgets").add("telephony_play_sentence", { component: PlaySentenceWidget });
