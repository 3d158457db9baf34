from . import recording, softphone, twilio_webhook
