"""Plain modules of the addon, imported directly: `tools` and `providers` do not need Odoo."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Make every connection to another machine fail loudly."""

    def refuse(*args, **kwargs):
        raise AssertionError("a unit test must not open a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
