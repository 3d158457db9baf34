/**
 * What is remembered of the sound of one connection: the worst values, and what was warned of.
 */

/** Troubles the person is told of, and what they count as in the report. */
const TROUBLES = {
    silent_microphone: "silent_microphone",
    nothing_received: "nothing_heard",
    late_network: "bad_network",
    slow_network: "bad_network",
    interrupted: "bad_network",
};
/** Seconds after which a microphone that sends nothing is told of */
const SILENCE_NOTICED = 10;

export class QualityMeter {
    constructor() {
        this.values = {};
        this.device = "";
        this.isSilent = false;
    }

    /**
     * Once a second.
     *
     * @param {Object} sample
     * @param {number} sample.rtt ms to the provider and back
     * @param {number} sample.jitter ms
     * @param {number} sample.loss percent of the sound that did not arrive
     * @param {number|null} sample.mos estimate of the sound, 1 to 5
     */
    addSample({ rtt, jitter, loss, mos }) {
        this._keep("rtt", rtt, Math.max);
        this._keep("jitter", jitter, Math.max);
        this._keep("packet_loss", loss, Math.max);
        this._keep("mos", mos, Math.min);
        if (this.isSilent) {
            this.values.silent_seconds = (this.values.silent_seconds || SILENCE_NOTICED) + 1;
        }
    }

    _keep(name, value, worse) {
        if (Number.isFinite(value)) {
            this.values[name] = name in this.values ? worse(this.values[name], value) : value;
        }
    }

    /** @param {string[]} kinds of trouble that are going on now */
    setTroubles(kinds) {
        for (const kind of kinds) {
            if (TROUBLES[kind]) {
                this.values[TROUBLES[kind]] = true;
            }
        }
        this.isSilent = kinds.includes("silent_microphone");
        if (this.isSilent) {
            this.values.silent_seconds ||= SILENCE_NOTICED;
        }
    }

    /** @returns {Object|null} for the server; nothing when nothing was measured */
    toReport() {
        const isEmpty = !Object.keys(this.values).length;
        return isEmpty ? null : { ...this.values, ...(this.device && { device: this.device }) };
    }
}
