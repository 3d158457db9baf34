"""Providers. `base` defines the interface of every provider; each provider has a folder."""

from . import twilio
