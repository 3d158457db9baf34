"""Twilio: the only Python that knows Twilio's words, besides the webhook controller."""
