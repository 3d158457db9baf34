"""A local stand-in for Twilio Voice: REST API, TwiML, webhooks, browser signalling and real sound.

The package is an independent program. It shares no code with the addon and is never imported by it;
the addon reaches it only through the host names of its account.
"""
