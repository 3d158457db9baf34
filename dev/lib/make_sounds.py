#!/usr/bin/env python3
"""Write every sound of the addon into ``static/src/audio``.

All of them are synthesized here, so that no recorded voice or music is shipped: the agent's ring,
the key tones, silence, the ringback for waiting callers, and the hold music.

Format: 16-bit mono PCM at 8 kHz, as on a telephone line. Every run of the script writes the same
bytes.

Usage: ``python3 dev/lib/make_sounds.py [folder]``
"""

import math
import struct
import sys
import wave
from pathlib import Path

RATE = 8000  # samples per second
FULL_SCALE = 32767
AUDIO_FOLDER = Path(__file__).resolve().parents[2] / "static" / "src" / "audio"

DTMF_ROWS = (697, 770, 852, 941)  # Hz
DTMF_COLUMNS = (1209, 1336, 1477)  # Hz
DTMF_KEYS = ("123", "456", "789", "s0h")  # "s" is the star key, "h" the hash key

A4 = 440.0  # Hz
# The hold music: four bars of three chords' notes (semitones above A3), a bass note and a melody.
BARS = (
    ((-9, -5, -2, 3), -21, (7, 10, 14, 10)),  # C major 7
    ((-12, -9, -5, 0), -24, (7, 12, 15, 12)),  # A minor 7
    ((-16, -12, -9, -4), -28, (8, 12, 8, 3)),  # F major 7
    ((-14, -10, -7, -2), -26, (5, 10, 14, 17)),  # G
)
BEAT = 0.46875  # seconds: 128 beats a minute, eight bars of eight beats in exactly 30 s
BEATS_PER_BAR = 8
REPEATS = 2


def tone(frequencies, seconds, level, fade=0.005):
    """Return a mix of sine waves with short fades, so that no edge clicks.

    :param tuple frequencies: in Hz, added with equal weight
    :param float seconds: length
    :param float level: amplitude, 0 to 1
    :param float fade: length of the fade in and out, in seconds
    :return: samples between -1 and 1
    :rtype: list[float]
    """
    count = round(seconds * RATE)
    edge = max(1, round(fade * RATE))
    samples = []
    for index in range(count):
        value = sum(math.sin(2 * math.pi * f * index / RATE) for f in frequencies)
        gain = min(1.0, index / edge, (count - 1 - index) / edge)
        samples.append(level * gain * value / len(frequencies))
    return samples


def silence(seconds):
    """Return ``seconds`` of silence as samples."""
    return [0.0] * round(seconds * RATE)


def pluck(frequency, seconds, level, harmonics=(1.0, 0.35, 0.12), decay=3.0):
    """Return one soft plucked note.

    :param float frequency: in Hz
    :param float seconds: length
    :param float level: amplitude, 0 to 1
    :param tuple harmonics: weight of each harmonic, the fundamental first
    :param float decay: how fast the note dies away (per second)
    :rtype: list[float]
    """
    count = round(seconds * RATE)
    attack = round(0.012 * RATE)
    release = round(0.03 * RATE)
    total = sum(harmonics)
    samples = []
    for index in range(count):
        moment = index / RATE
        value = sum(
            weight * math.sin(2 * math.pi * frequency * (order + 1) * moment)
            for order, weight in enumerate(harmonics)
            if frequency * (order + 1) < RATE / 2.4
        )
        gain = min(1.0, index / attack, (count - 1 - index) / release) * math.exp(-decay * moment)
        samples.append(level * gain * value / total)
    return samples


def add(target, samples, start):
    """Mix ``samples`` into ``target`` from second ``start`` on, wrapping round the end.

    Wrapping makes the music a seamless loop: a note that exceeds the end sounds at the beginning.
    """
    offset = round(start * RATE)
    for index, value in enumerate(samples):
        target[(offset + index) % len(target)] += value


def note(semitones):
    """Return the frequency in Hz of the note ``semitones`` above A4 minus one octave."""
    return A4 / 2 * 2 ** (semitones / 12)


def hold_music():
    """Return the hold music: 30 seconds of calm broken chords, bass and melody."""
    bars = BARS * REPEATS
    music = silence(len(bars) * BEATS_PER_BAR * BEAT)
    for number, (chord, bass, melody) in enumerate(bars):
        start = number * BEATS_PER_BAR * BEAT
        for half in range(2):
            add(music, pluck(note(bass + 12), 1.8, 0.30, decay=1.4), start + half * 4 * BEAT)
        pattern = (0, 2, 1, 3, 2, 1, 3, 2)
        for beat, index in enumerate(pattern):
            add(music, pluck(note(chord[index] + 12), 1.1, 0.20), start + beat * BEAT)
        # The melody rests in the first bar of each round, so that the loop breathes.
        if number % len(BARS):
            for step, semitones in enumerate(melody):
                moment = start + (step * 2 + 0.5 * (step % 2)) * BEAT
                add(music, pluck(note(semitones), 1.3, 0.17, (1.0, 0.18, 0.05), 2.2), moment)
    peak = max(abs(value) for value in music)
    return [value * 0.6 / peak for value in music]


def ring():
    """Return one round of the agent's ring: two short warbles and a pause, 3 s."""
    samples = []
    for _warble in range(2):
        for step in range(6):
            samples += tone(((660, 880)[step % 2],), 0.065, 0.5, fade=0.008)
        samples += silence(0.18)
    return samples + silence(3 - len(samples) / RATE)


def write(path, samples):
    """Write ``samples`` (floats between -1 and 1) to ``path`` as a WAV file."""
    frames = b"".join(
        struct.pack("<h", round(max(-1.0, min(1.0, value)) * FULL_SCALE)) for value in samples
    )
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(frames)


def main(folder=AUDIO_FOLDER):
    """Write all sounds into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "ring.wav", ring())
    write(folder / "silence.wav", silence(0.1))
    ringback = tone((425,), 1, 0.25)
    write(folder / "ringback.wav", ringback + silence(4))
    write(folder / "ringback_tone.wav", ringback)
    write(folder / "hold_music.wav", hold_music())
    for row, keys in zip(DTMF_ROWS, DTMF_KEYS, strict=True):
        for column, key in zip(DTMF_COLUMNS, keys, strict=True):
            write(folder / f"dtmf{key}.wav", tone((row, column), 0.16, 0.3))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else AUDIO_FOLDER)
