from . import ping, recording, session, softphone, sound, twilio_webhook
