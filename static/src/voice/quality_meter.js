/**
 * The sound quality of one connection: the worst values, and the warnings.
 */

/** Troubles that the agent is warned of, and their names in the report. */
const TROUBLES = {
    silent_microphone: "silent_microphone",
    nothing_received: "nothing_heard",
    late_network: "bad_network",
    slow_network: "bad_network",
    interrupted: "bad_network",
};
/** Seconds after which a silent microphone is reported */
const SILENCE_NOTICED = 10;

export class QualityMeter {
    constructor() {
        this.values = {};
        this.device = "";
        this.isSilent = false;
    }

    /**
     * Add a sample; called every second.
     *
     * @param {Object} sample
     * @param {number} sample.rtt round-trip time to the provider in ms
     * @param {number} sample.jitter ms
     * @param {number} sample.loss percentage of lost packets
     * @param {number|null} sample.mos estimated quality of the sound, 1 to 5
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

    /** @param {string[]} kinds of trouble that are present now */
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

    /** @returns {Object|null} report for the server; null if nothing was measured */
    toReport() {
        const isEmpty = !Object.keys(this.values).length;
        return isEmpty ? null : { ...this.values, ...(this.device && { device: this.device }) };
    }
}
