"""Twilio: besides the webhook controller, the only Python that uses Twilio's terms."""

from ..base import register_provider
from .provider import TwilioProvider

register_provider("twilio", TwilioProvider())
