import { Component, onPatched, onWillDestroy, useRef, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { isBinarySize } from "@web/core/utils/binary";
import { FileUploader } from "@web/views/fields/file_handler";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { attempt } from "@crm_telephony/core/attempt";
import { formatSeconds } from "@crm_telephony/backend/format_seconds";
import { SoundButton, soundUrl } from "@crm_telephony/backend/sound_button";
import { SoundRecorder } from "./sound_recorder";

const { DateTime } = luxon;
export const LONGEST = 300; // seconds
const PERIOD = 250; // ms

/** The file of a sound: record, listen, record again or upload, or go back to the former one. */
export class SoundFile extends Component {
    static template = "crm_telephony.SoundFile";
    static components = { FileUploader, SoundButton };
    static props = { ...standardFieldProps, fileNameField: { type: String, optional: true } };

    setup() {
        this.root = useRef("root");
        this.state = useState({ phase: "idle", level: 0, seconds: 0, error: "" });
        this.recorder = new SoundRecorder((level) => (this.state.level = level));
        onPatched(() => this.moveFocus());
        onWillDestroy(() => {
            browser.clearInterval(this.timer);
            if (this.state.phase !== "idle") {
                this.recorder.cancel();
            }
            URL.revokeObjectURL(this.objectUrl);
        });
    }

    // === Display === //

    get content() {
        return this.props.record.data[this.props.name];
    }

    get isNew() {
        return Boolean(this.content) && !isBinarySize(this.content);
    }

    get fileName() {
        return this.props.record.data[this.props.fileNameField] || "";
    }

    get levelPercent() {
        return Math.round(this.state.level * 100);
    }

    get timeText() {
        return _t("%(position)s of %(length)s", {
            position: formatSeconds(this.state.seconds),
            length: formatSeconds(LONGEST),
        });
    }

    get recordLabel() {
        return this.content ? _t("Record again") : _t("Start recording");
    }

    get uploadLabel() {
        return this.content ? _t("Upload another file") : _t("Upload");
    }

    /** @returns {string} address of the sound: of the stored file, or of the new one */
    load() {
        if (!this.isNew) {
            return soundUrl({ id: this.props.record.resId, kind: "file" });
        }
        URL.revokeObjectURL(this.objectUrl);
        const bytes = Uint8Array.from(atob(this.content), (char) => char.charCodeAt(0));
        this.objectUrl = URL.createObjectURL(new Blob([bytes]));
        return this.objectUrl;
    }

    // === Actions === //

    async record() {
        this.state.phase = "starting";
        const hasStarted = await attempt(this.state, () => this.recorder.start());
        if (!hasStarted) {
            this.state.phase = "idle";
            return;
        }
        Object.assign(this.state, { phase: "recording", seconds: 0 });
        const begin = Date.now();
        this.timer = browser.setInterval(() => {
            this.state.seconds = (Date.now() - begin) / 1000;
            if (this.state.seconds >= LONGEST) {
                this.stop();
            }
        }, PERIOD);
        this.focus(".o_telephony_sound_stop");
    }

    async stop() {
        if (this.state.phase !== "recording") {
            return;
        }
        this.state.phase = "converting";
        browser.clearInterval(this.timer);
        await attempt(this.state, async () => {
            const data = toBase64(await this.recorder.stop());
            const moment = DateTime.now().toFormat("yyyy-MM-dd HH.mm");
            const title = _t("Recording %(moment)s", { moment });
            await this.change({ data, name: `${title}.wav` });
        });
        this.state.phase = "idle";
        this.focus(".o_telephony_sound_button");
    }

    /** End the recording without keeping it. */
    cancel() {
        browser.clearInterval(this.timer);
        this.recorder.cancel();
        this.state.phase = "idle";
        this.focus(".o_telephony_sound_record");
    }

    /** @param {{ data: string|false, name: string }} file its content in base64 */
    change({ data, name }) {
        this.state.error = "";
        const { fileNameField, name: field, record } = this.props;
        return record.update({
            [field]: data || false,
            ...(fileNameField && { [fileNameField]: name }),
        });
    }

    remove() {
        this.change({ data: false, name: "" });
        this.focus(".o_telephony_sound_record");
    }

    /** Keep the focus in the field when the button that had it is gone. */
    focus(selector) {
        this.wanted = selector;
    }

    moveFocus() {
        const element = this.wanted && this.root.el.querySelector(this.wanted);
        if (element) {
            element.focus();
            this.wanted = "";
        }
    }
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
    const PART = 0x8000; // a call takes only so many arguments
    let text = "";
    for (let at = 0; at < bytes.length; at += PART) {
        text += String.fromCharCode(...bytes.subarray(at, at + PART));
    }
    return btoa(text);
}

registry.category("lazy_components").add("crm_telephony.sound_file", SoundFile);
