"""Twilio as a provider: each method leads to the module that knows how."""

from ..base import Provider
from . import emergency, errors, events, probe, token, twiml, voices
from .admin import TwilioAdmin, get_call_target
from .client import TwilioClient
from .signature import is_signed


class TwilioProvider(Provider):
    def make_client(self, account_id, username, password, **options):
        return TwilioClient(account_id, username, password, **options)

    def make_admin(self, account_id, username, password, **options):
        return TwilioAdmin(account_id, username, password, **options)

    def make_token(self, account_id, key_id, key_secret, identity, application_id):
        signed = token.make_token(account_id, key_id, key_secret, identity, application_id)
        return signed, token.TTL

    def is_signed(self, secrets, urls, form, signature):
        return is_signed(secrets, urls, form, signature)

    def parse_voice_request(self, params, query=None):
        return events.parse_voice_request(params, query)

    def parse_leg_event(self, params):
        return events.parse_leg_event(params)

    def parse_conference_event(self, params):
        return events.parse_conference_event(params)

    def parse_recording_event(self, params):
        return events.parse_recording_event(params)

    def parse_verification(self, params):
        return events.parse_verification(params)

    def render(self, response):
        return twiml.render(response)

    def get_emergency_rules(self):
        return emergency.RULES

    def get_guideline_url(self, country):
        return f"https://www.twilio.com/en-us/guidelines/{country.lower()}/voice"

    def get_call_target(self, settings):
        return get_call_target(settings)

    def find_voice(self, language):
        tag, voice = voices.find_voice(language) or ("", None)
        return voice or tag

    def explain(self, kind):
        return errors.explain(kind)

    def get_error_url(self, code):
        return errors.get_url(code)

    def ask(self, url, deadline=None):
        return probe.ask(url, deadline)

    def ask_sound(self, url, deadline=None):
        return probe.ask_sound(url, deadline)

    def ask_program(self, url, deadline=None):
        return probe.ask_program(url, deadline)

    def post_signed(self, url, account_id, secret, deadline=None):
        return probe.post_signed(url, account_id, secret, deadline)
