"""Recordings of calls through REST: two channels, pause, callbacks, sound file, deletion."""

import io
import wave

import aiohttp
import numpy as np
import pytest

from .test_conference import near, two_in_a_room
from .world import SALES, until


@pytest.fixture(autouse=True)
def ready_at_once(world):
    """Record calls that have just been answered; `test_strict_media.py` has the usual delay."""
    world.emulator.settings.update({"recording_lag": 0})


def channels(sound):
    """Return the channels of a WAV file."""
    with wave.open(io.BytesIO(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels()).T.astype(float)


def strongest(samples):
    """Return the strongest frequency (Hz)."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * 8000 / samples.size)


async def download(world, sid, query=""):
    """Return status and content of a recording's sound file."""
    url = f"{world.base}/2010-04-01/Accounts/{world.config.account_sid}/Recordings/{sid}.wav{query}"
    headers = {"Authorization": world.authorization}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.read()


async def record(world, sid, **options):
    """Start recording a call and return the recording."""
    return await world.rest(
        world.client.calls(sid).recordings.create,
        recording_status_callback=world.app.url + "/recorded",
        recording_status_callback_event=["in-progress", "completed", "absent"],
        **options,
    )


async def test_both_sides_have_a_channel_and_a_pause_is_silence(world):
    first, second = await two_in_a_room(world)
    started = await record(world, second, recording_channels="dual", recording_track="both")
    running = world.emulator.store.recordings[started.sid]
    assert (await record(world, second)).sid == started.sid
    await until(lambda: running.length() >= 8000)
    recordings = world.client.calls(second).recordings
    paused = await world.rest(
        recordings(started.sid).update, status="paused", pause_behavior="silence"
    )
    assert paused.status == "paused"
    begin = running.length()
    await until(lambda: running.length() >= begin + 8000)
    end = running.length()
    await world.rest(recordings("Twilio.CURRENT").update, status="in-progress")
    await until(lambda: running.length() >= end + 8000)
    stopped = await world.rest(recordings(started.sid).update, status="stopped")
    assert stopped.status == "stopped"
    told = await until(lambda: [h.form for h in world.app.at("/recorded")][1:])
    assert (told[0]["RecordingStatus"], told[0]["RecordingSource"], told[0]["CallSid"]) == (
        "completed",
        "StartCallRecordingAPI",
        second,
    )
    status, sound = await download(world, started.sid, "?RequestedChannels=2")
    assert status == 200
    said, heard = channels(sound)
    assert near(strongest(said[:8000]), 900) and near(strongest(heard[:8000]), 440)
    assert not said[begin + 400 : end - 400].any() and not heard[begin + 400 : end - 400].any()
    assert near(strongest(said[-4000:]), 900)
    # Unless both channels are requested, Twilio mixes them.
    [mixed] = channels((await download(world, started.sid))[1])
    assert mixed.size == said.size
    await world.rest(world.client.recordings(started.sid).delete)
    assert (await download(world, started.sid))[0] == 404
    assert (await world.call(first))["status"] == "in-progress"


async def test_a_skipped_pause_is_cut_out(world):
    _first, second = await two_in_a_room(world)
    started = await record(world, second)
    running = world.emulator.store.recordings[started.sid]
    await until(lambda: running.length() >= 1600)
    recordings = world.client.calls(second).recordings
    await world.rest(recordings(started.sid).update, status="paused", pause_behavior="skip")
    length, tick = running.length(), world.emulator.engine.tick
    await until(lambda: world.emulator.engine.tick > tick + 25)
    assert running.length() == length
    status, _sound = await download(world, started.sid)
    assert status == 404, "there is no file before the end"


async def test_the_end_of_the_call_ends_the_recording(world):
    await world.answer_with(SALES, "<Say>%s</Say>" % ("word " * 300))
    sid = await world.dial_in()
    await world.until_status(sid, "in-progress")
    started = await record(world, sid)
    await world.until_call(sid, lambda c: c["duration"] >= 1)
    await world.post(f"calls/{sid}/hangup")
    await until(lambda: len(world.app.at("/recorded")) == 2)
    done = await world.rest(world.client.recordings(started.sid).fetch)
    assert (done.status, done.channels, done.source) == ("completed", 1, "StartCallRecordingAPI")
    status, _body = await download(world, started.sid, "?RequestedChannels=2")
    assert status == 400, "a mono recording has one channel"
    assert [r.sid for r in await world.rest(world.client.calls(sid).recordings.list)] == [
        started.sid
    ]
