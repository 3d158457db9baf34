"""Fixtures: a fresh world for every test."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from twilio_emulator.media import tones, wav

from .world import World

STATE = Path(os.environ.get("TELEPHONY_STATE") or Path(__file__).parents[3] / ".dev")
MODULES = Path(os.environ.get("EMULATOR_NODE_MODULES") or STATE / "node_modules")
SDK = MODULES / "@twilio/voice-sdk/dist/twilio.min.js"
OPENAPI = MODULES / "@twilio/cli-core/src/services/twilio-api"

FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--allow-loopback-in-peer-connection",
]


@pytest_asyncio.fixture(scope="session")
async def chromium(tmp_path_factory):
    """Run a browser whose microphone plays 550 Hz, for all tests."""
    microphone = tmp_path_factory.mktemp("sound") / "microphone.wav"
    microphone.write_bytes(wav.encode(np.tile(tones.tone((550,), 1.0), 10)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=[*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def world():
    """Return a world in which waits take a tenth of their time."""
    here = await World(time_scale=10.0, loopback=True, openapi_dir=OPENAPI).start()
    yield here
    await here.stop()
    faults = [e for e in here.emulator.logs.errors if e["code"] == 0]
    assert not faults, faults


@pytest.fixture(scope="session")
def sdk_path():
    """Return the path of the Voice SDK."""
    assert SDK.exists(), f"The Voice SDK is not installed in {MODULES}"
    return SDK
