"""Fixtures: a fresh world for every test."""

import os
from pathlib import Path

import pytest
import pytest_asyncio

from .world import World

STATE = Path(os.environ.get("TELEPHONY_STATE") or Path(__file__).parents[3] / ".dev")
MODULES = Path(os.environ.get("EMULATOR_NODE_MODULES") or STATE / "node_modules")
SDK = MODULES / "@twilio/voice-sdk/dist/twilio.min.js"
OPENAPI = MODULES / "@twilio/cli-core/src/services/twilio-api"


@pytest_asyncio.fixture
async def world():
    """A world in which waits take a tenth of their time."""
    here = await World(time_scale=10.0, loopback=True, openapi_dir=OPENAPI).start()
    yield here
    await here.stop()
    faults = [e for e in here.emulator.logs.errors if e["code"] == 0]
    assert not faults, faults


@pytest.fixture(scope="session")
def sdk_path():
    """Path of the Voice SDK."""
    assert SDK.exists(), "The Voice SDK is not installed in %s" % MODULES
    return SDK
