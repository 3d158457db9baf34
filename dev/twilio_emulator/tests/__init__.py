"""Tests of the emulator. Only they use the ``twilio`` package, as an independent judge."""
