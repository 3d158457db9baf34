"""Twilio: besides the webhook controller, the only Python that uses Twilio's terms."""
