/** A button that plays a sound of the audio library: in its list and form, and beside a choice. */

import { Component, onWillDestroy, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { computeM2OProps, Many2One } from "@web/views/fields/many2one/many2one";
import { buildM2OFieldDescription, Many2OneField } from "@web/views/fields/many2one/many2one_field";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const MODEL = "telephony.sound";

/** The button that is playing; another one stops it. */
let current = null;

/**
 * @param {{ id: number, kind: string, url: string|false }} sound
 * @returns {string} address for the browser; empty if there is none
 */
export function soundUrl({ id, kind, url }) {
    if (kind === "url") {
        return url?.startsWith("https://") ? url : "";
    }
    // A file that was replaced is not taken from the cache.
    return id ? `/web/content/${MODEL}/${id}/content?unique=${Date.now()}` : "";
}

export class SoundButton extends Component {
    static template = "crm_telephony.SoundButton";
    static props = {
        /** Returns the address of the sound, or a promise of it. */
        load: Function,
    };

    setup() {
        this.notification = useService("notification");
        this.state = useState({ isPlaying: false });
        onWillDestroy(() => this.stop());
    }

    get label() {
        return this.state.isPlaying ? _t("Pause the sound") : _t("Play the sound");
    }

    async toggle() {
        if (this.state.isPlaying) {
            this.stop();
            return;
        }
        current?.stop();
        current = this;
        this.state.isPlaying = true;
        const url = await this.props.load();
        if (current !== this) {
            return; // stopped meanwhile
        }
        this.audio = new browser.Audio(url);
        this.audio.addEventListener("ended", () => this.stop());
        try {
            await this.audio.play();
        } catch (error) {
            // A pause before the sound has loaded is no failure.
            if (error.name !== "AbortError") {
                this.fail();
            }
        }
    }

    fail() {
        this.stop();
        this.notification.add(
            _t("This sound cannot be played. Check its file, or its web address."),
            { type: "danger" }
        );
    }

    stop() {
        this.audio?.pause();
        this.audio = null;
        this.state.isPlaying = false;
        current = current === this ? null : current;
    }
}

/** The button in a row of the library, and beside a web address. */
export class SoundPlayWidget extends Component {
    static template = "crm_telephony.SoundPlayWidget";
    static components = { SoundButton };
    static props = { ...standardWidgetProps };

    get url() {
        const { data, resId } = this.props.record;
        return soundUrl({ id: resId, kind: data.kind, url: data.url });
    }
}

/** The choice of a sound, which can be played in place. */
export class SoundMany2One extends Component {
    static template = "crm_telephony.SoundMany2One";
    static components = { Many2One, SoundButton };
    static props = { ...Many2OneField.props };

    setup() {
        this.orm = useService("orm");
    }

    get m2oProps() {
        return computeM2OProps(this.props);
    }

    get soundId() {
        return this.props.record.data[this.props.name]?.id;
    }

    async load() {
        const [sound] = await this.orm.read(MODEL, [this.soundId], ["kind", "url"]);
        return soundUrl(sound);
    }
}

registry.category("view_widgets").add("telephony_sound_play", {
    component: SoundPlayWidget,
    fieldDependencies: [
        { name: "kind", type: "selection" },
        { name: "url", type: "char" },
    ],
});
registry.category("fields").add("telephony_sound", buildM2OFieldDescription(SoundMany2One));
