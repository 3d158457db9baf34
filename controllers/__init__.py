from . import softphone, twilio_webhook
