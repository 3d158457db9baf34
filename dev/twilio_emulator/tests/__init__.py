"""Tests of the emulator. The ``twilio`` package is used here only, as an independent judge."""
