"""An emulator without sound, for hundreds of calls, behaves as one with sound."""

import json
import time

import pytest_asyncio

from .world import SALES, World


@pytest_asyncio.fixture
async def silent(tmp_path):
    """Return a world without sound, with a journal."""
    here = await World(sound=False, journal=tmp_path / "journal").start()
    yield here
    await here.stop()


async def test_what_is_said_lasts_as_long(silent):
    """Sounds keep their length although no engine reads them, and the journal shows it."""
    text = "Please call again."
    await silent.answer_with(SALES, f"<Response><Say>{text}</Say></Response>")
    started = time.monotonic()
    sid = await silent.dial_in()
    leg = await silent.until_status(sid, "completed")
    assert time.monotonic() - started > silent.emulator.speech(text).size / 8000 - 0.05
    assert leg["hears"]["rms"] == 0
    [line] = silent.config.journal.read_text().splitlines()
    entry = json.loads(line)
    assert entry["params"]["CallSid"] == sid
    assert entry["status"] == 200
    assert "<Say>" in entry["body"]
