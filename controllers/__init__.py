from . import recording, session, softphone, sound, twilio_webhook
