from . import health, ping, recording, session, softphone, sound, twilio_webhook
