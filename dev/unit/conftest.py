"""Loads the addon's plain modules without Odoo.

The addon's packages import Odoo in their `__init__`, so they are replaced by an empty parent whose
path is the folder of the models: relative imports between the plain modules work as in the addon.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

MODELS = Path(__file__).resolve().parents[2] / "models"

addon_models = ModuleType("addon_models")
addon_models.__path__ = [str(MODELS)]
sys.modules["addon_models"] = addon_models


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Let every attempt to leave the machine fail loudly."""

    def refuse(*args, **kwargs):
        raise AssertionError("a unit test must not open a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
