/** Plays a recording: seek, waveform, speed, keyboard. The sound comes from a checked route. */
import { Component, onWillUnmount, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { formatSeconds } from "./format_seconds";

const SPEEDS = [1, 1.5, 2];
const STEP = 5; // seconds per press of an arrow key
const HEIGHT = 20; // of one channel's waveform, in its own units
const QUIET = 10; // quieter recordings are not scaled up to the full height

/** The player that is playing; another one pauses it. */
let current = null;

/**
 * @param {number[][]} peaks numbers from 0 to 100, for each channel
 * @returns {string} the bars as the outline of an SVG path, each one unit wide
 */
export function wavePath(peaks) {
    const loudest = Math.max(QUIET, ...peaks.flat());
    return peaks
        .flatMap((bars, channel) =>
            bars.map((peak, index) => {
                const height = Math.max(1, (peak / loudest) * HEIGHT);
                const top = channel * HEIGHT + (HEIGHT - height) / 2;
                return `M${index} ${top}h.6v${height}h-.6z`;
            })
        )
        .join("");
}

export class Player extends Component {
    static template = "crm_telephony.Player";
    static props = {
        url: String,
        duration: { type: Number, optional: true },
        peaks: { type: Array, optional: true },
        isCompact: { type: Boolean, optional: true },
    };
    static defaultProps = { duration: 0, peaks: [], isCompact: false };

    setup() {
        this.audio = useRef("audio");
        this.wave = useRef("wave");
        this.state = useState({ isPlaying: false, position: 0, length: 0, speed: 1, error: "" });
        onWillUnmount(() => {
            current = current === this ? null : current;
        });
    }

    // === Display === //

    get length() {
        return this.state.length || this.props.duration;
    }

    get share() {
        return this.length ? Math.min(100, (this.state.position / this.length) * 100) : 0;
    }

    get bars() {
        return this.props.peaks[0]?.length || 1;
    }

    get height() {
        return HEIGHT * Math.max(1, this.props.peaks.length);
    }

    get path() {
        return wavePath(this.props.peaks.length ? this.props.peaks : [[0]]);
    }

    get playLabel() {
        return this.state.isPlaying ? _t("Pause the recording") : _t("Play the recording");
    }

    get speedLabel() {
        return _t("Speed: %(speed)s times", { speed: this.state.speed });
    }

    get positionText() {
        return formatSeconds(this.state.position);
    }

    get lengthText() {
        return formatSeconds(Math.ceil(this.length));
    }

    get valueText() {
        return _t("%(position)s of %(length)s", {
            position: this.positionText,
            length: this.lengthText,
        });
    }

    get hasChannels() {
        return this.props.peaks.length === 2 && !this.props.isCompact;
    }

    // === Actions === //

    /** Keep a click on the player from opening the row around it. */
    onClick(ev) {
        ev.stopPropagation();
    }

    async toggle() {
        const audio = this.audio.el;
        if (!audio.paused) {
            audio.pause();
            return;
        }
        this.state.error = "";
        audio.playbackRate = this.state.speed;
        try {
            await audio.play();
        } catch (error) {
            // A pause before the sound has loaded is no failure.
            if (error.name !== "AbortError") {
                this.onError();
            }
        }
    }

    changeSpeed() {
        const next = (SPEEDS.indexOf(this.state.speed) + 1) % SPEEDS.length;
        this.state.speed = SPEEDS[next];
        this.audio.el.playbackRate = this.state.speed;
    }

    /** @param {number} seconds from the beginning */
    seek(seconds) {
        this.state.position = Math.max(0, Math.min(seconds, this.length));
        this.audio.el.currentTime = this.state.position;
    }

    onPointer(ev) {
        const { left, width } = this.wave.el.getBoundingClientRect();
        this.wave.el.focus();
        this.seek(((ev.clientX - left) / width) * this.length);
    }

    onKeydown(ev) {
        const isButton = ev.target.closest("button");
        const acts = {
            ArrowLeft: () => this.seek(this.state.position - STEP),
            ArrowRight: () => this.seek(this.state.position + STEP),
            Home: () => this.seek(0),
            End: () => this.seek(this.length),
            ...(!isButton && { " ": () => this.toggle() }),
        };
        if (acts[ev.key] && !ev.ctrlKey && !ev.altKey && !ev.metaKey) {
            ev.preventDefault();
            acts[ev.key]();
        }
        if (ev.key !== "Tab" && ev.key !== "Escape") {
            ev.stopPropagation();
        }
    }

    // === Events of the audio element === //

    onPlay() {
        if (current && current !== this) {
            current.audio.el?.pause();
        }
        current = this;
        this.state.isPlaying = true;
    }

    onPause() {
        this.state.isPlaying = false;
    }

    onTime() {
        this.state.position = this.audio.el.currentTime;
    }

    onLength() {
        const { duration } = this.audio.el;
        this.state.length = Number.isFinite(duration) ? duration : 0;
    }

    onError() {
        this.state.isPlaying = false;
        this.state.error = _t(
            "This recording cannot be played, or you are not allowed to listen to it."
        );
    }
}
