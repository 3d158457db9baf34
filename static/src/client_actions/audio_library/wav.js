/** A sound file as every telephone plays it: WAV, mono, 16 bits a sample. */

const HEADER = 44; // bytes
const SAMPLE = 2; // bytes

/**
 * @param {Float32Array} samples from -1 to 1
 * @param {number} rate samples a second
 * @returns {Uint8Array}
 */
export function toWav(samples, rate) {
    const bytes = new Uint8Array(HEADER + samples.length * SAMPLE);
    const view = new DataView(bytes.buffer);
    const write = (at, text) => bytes.set(new TextEncoder().encode(text), at);
    write(0, "RIFF");
    view.setUint32(4, bytes.length - 8, true);
    write(8, "WAVEfmt ");
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); // PCM
    view.setUint16(22, 1, true); // channels
    view.setUint32(24, rate, true);
    view.setUint32(28, rate * SAMPLE, true);
    view.setUint16(32, SAMPLE, true);
    view.setUint16(34, 8 * SAMPLE, true);
    write(36, "data");
    view.setUint32(40, samples.length * SAMPLE, true);
    samples.forEach((sample, index) => {
        const value = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
        view.setInt16(HEADER + index * SAMPLE, value, true);
    });
    return bytes;
}
