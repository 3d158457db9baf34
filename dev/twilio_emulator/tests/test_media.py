"""The arithmetic of sound: tones, meters, mixing, files, speech."""

import asyncio

import numpy as np
import pytest

from twilio_emulator.media import speech, tones, wav
from twilio_emulator.media.audio import FRAME, RATE, SILENCE
from twilio_emulator.media.channel import Channel
from twilio_emulator.media.engine import Engine
from twilio_emulator.media.meter import Meter
from twilio_emulator.media.mixer import Mixer


def measure(sound):
    """Return a meter's reading of half a second of sound."""
    meter = Meter()
    for frame in sound[: RATE // 2].reshape(-1, FRAME):
        meter.add(frame)
    return meter.reading()


@pytest.mark.parametrize("hz", [200, 440, 550, 1234, 3000])
def test_meter_finds_the_frequency(hz):
    reading = measure(tones.tone((hz,), 0.5))
    assert abs(reading["peak_hz"] - hz) <= 2
    assert len(reading["peaks"]) == 1
    assert reading["rms"] == pytest.approx(0.3 * 32767 / np.sqrt(2), rel=0.01)


def test_meter_tells_several_speakers_apart():
    mixed = tones.tone((440,), 0.5) + tones.tone((900,), 0.5, 0.2) + tones.tone((1700,), 0.5, 0.1)
    assert [round(hz, -1) for hz in measure(mixed)["peaks"]] == [440, 900, 1700]


def test_meter_in_silence():
    assert measure(tones.silence(0.5)) == {"rms": 0.0, "peak_hz": 0.0, "peaks": []}
    noise = np.random.default_rng(1).integers(-10, 10, RATE // 2).astype(np.int16)
    assert measure(noise)["peak_hz"] == 0.0


def test_oscillator_has_no_clicks_between_frames():
    oscillator = tones.Oscillator(440)
    sound = np.concatenate([oscillator.read() for _frame in range(25)])
    assert abs(measure(sound)["peak_hz"] - 440) <= 2
    assert np.abs(np.diff(sound.astype(int))).max() < 0.3 * 32767 * 2 * np.pi * 440 / RATE + 2
    assert tones.Oscillator(0).read() is None


class Voice:
    """A voice for the mixer."""

    def __init__(self, level, is_open=True, whispers_to=None):
        self.said = np.full(FRAME, level, np.int16)
        self.open, self.whispers_to = is_open, whispers_to


def test_everybody_hears_the_others_only():
    voices = [Voice(1), Voice(20), Voice(300)]
    mixer = Mixer()
    assert [int(mixer.read(v, voices, 1)[0]) for v in voices] == [320, 301, 21]
    assert int(mixer.read(object(), voices, 1)[0]) == 321


def test_closed_voice_hears_and_is_not_heard():
    voices = [Voice(1), Voice(20, is_open=False)]
    mixer = Mixer()
    assert [int(mixer.read(v, voices, 1)[0]) for v in voices] == [0, 1]


def test_whisper_reaches_one_listener():
    agent, customer = Voice(1), Voice(20)
    coach = Voice(300, is_open=False, whispers_to=agent)
    voices = [agent, customer, coach]
    mixer = Mixer()
    assert [int(mixer.read(v, voices, 1)[0]) for v in voices] == [320, 1, 21]


def test_loud_voices_do_not_wrap_around():
    voices = [Voice(30000), Voice(30000), Voice(0)]
    assert int(Mixer().read(voices[2], voices, 1)[0]) == 32767


def test_files_are_written_and_read():
    one, two = tones.tone((440,), 0.5), tones.tone((900,), 0.5)
    assert np.array_equal(wav.decode(wav.encode(one)), one)
    both = wav.decode(wav.encode(one, two))
    assert [round(hz, -1) for hz in sorted(measure(both)["peaks"])] == [440, 900]
    with pytest.raises(ValueError, match="not a sound file"):
        wav.decode(b"no sound at all")


def test_speech_takes_as_long_as_its_text_and_obeys_the_scale():
    short, long = (speech.speak(text, program=None).size for text in ("Hello", "Hello " * 40))
    assert 0.2 * RATE < short < RATE < 10 * RATE < long < 20 * RATE
    fast = speech.speak("Hello " * 40, scale=10, program=None).size
    assert fast == pytest.approx(long / 10, rel=0.05)
    assert speech.speak("  ").size == 0
    assert measure(speech.speak("Hello " * 40, program=None))["rms"] > 500


def test_speech_without_a_working_program_is_tones():
    assert speech.speak("Hello", program="/nonexistent/espeak-ng").size > 0


async def test_channel_plays_to_the_end_and_pads_the_last_frame():
    channel = Channel()
    played = asyncio.ensure_future(channel.play(np.ones(FRAME + 40, np.int16), "text"))
    await asyncio.sleep(0)
    assert channel.text == "text"
    assert [int(channel.read().sum()) for _frame in range(3)] == [FRAME, 40, 0]
    await asyncio.wait_for(played, 1)
    assert channel.text is None


async def test_broken_party_does_not_silence_the_others():
    class Party:
        said = SILENCE

        def __init__(self, broken):
            self.broken, self.heard = broken, asyncio.Event()

        def speak(self):
            if self.broken:
                raise RuntimeError("broken")
            return

        def mix(self):
            return SILENCE

        def listen(self, frame):
            self.heard.set()

    engine, good, bad = Engine(), Party(False), Party(True)
    engine.add(bad)
    engine.add(good)
    engine.start()
    await asyncio.wait_for(good.heard.wait(), 2)
    assert engine.parties == [good]
    await engine.close()
