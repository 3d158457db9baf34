from . import documentation, health, ping, recording, session, softphone, sound, twilio_webhook
