"""Plain modules of the addon, imported as they are: `tools` and `providers` know no Odoo."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Let every attempt to leave the machine fail loudly."""

    def refuse(*args, **kwargs):
        raise AssertionError("a unit test must not open a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
