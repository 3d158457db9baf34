"""Webhooks of Twilio. Every request is signed by Twilio (`_auth_method_twilio`).

A request for a voice response is always answered with TwiML: silence is the worst answer for a
caller.
https://www.twilio.com/docs/usage/webhooks/voice-webhooks
"""

import functools
import logging
import re
from dataclasses import replace

from psycopg2 import OperationalError

from odoo.exceptions import ConcurrencyError
from odoo.http import Controller, request, route

from ..models.gate import begin_again
from ..providers.twilio.doors import without_zeros
from ..providers.voice_response import HangUp, Play, Redirect, Say

_logger = logging.getLogger(__name__)

ROUTE = {
    "type": "http",
    "auth": "twilio",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
    "readonly": False,
}

# Seconds of hold music after a failure.
HARMLESS_SECONDS = 30
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _get_account_sudo():
    # sudo: telephony.account - the request is signed with this account's secret
    return (
        request.env["telephony.account"].sudo().browse(request.env.context["telephony_account_id"])
    )


def _get_form():
    return without_zeros(request.httprequest.form)


def _get_query():
    return without_zeros(request.httprequest.args)


def _get_call_sudo(account_sudo):
    return account_sudo.env["telephony.call"].search_fetch(
        [
            ("uuid", "=", _get_query().get("call", "")),
            ("account_id", "=", account_sudo.id),
        ]
    )


def _get_label(voice_request):
    """Return the name of a request's call for the log, without phone numbers."""
    uuid = _get_query().get("call", "")
    return uuid if UUID.fullmatch(uuid) else voice_request.leg_id or "unknown"


def _answer(account_sudo, response):
    return request.make_response(
        account_sudo._render(response), headers=[("Content-Type", "text/xml; charset=utf-8")]
    )


def _get_id(name):
    """Return one of our own identifiers from the signed URL; 0 for any other value."""
    text = _get_query().get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _apologize(account_sudo, voice_request):
    """End a call that cannot continue; the caller hears a sentence even if this fails too."""
    try:
        with request.env.cr.savepoint():
            return account_sudo.env["telephony.call"]._process_crash(account_sudo, voice_request)
    except (OperationalError, ConcurrencyError):
        raise
    except Exception:
        _logger.exception("The apology failed")
        return [Say("We are sorry, an error has occurred. Please call again later."), HangUp()]


def _is_beside(path):
    """Return whether a request is for audio beside an ongoing conversation.

    Hold music and announcements must not hang up: `<Hangup>` is not allowed in their documents.
    https://www.twilio.com/docs/voice/api/conference-participant-resource
    """
    return path in ("announce", "keys") or bool(_get_query().get("hold"))


def _get_harmless(account_sudo, path):
    """Return the audio beside a conversation that cannot be decided: music, or no announcement."""
    if path != "wait":
        return []
    music = Play(account_sudo._get_sound_url(f"hold_music/{HARMLESS_SECONDS}"))
    uuid = _get_query().get("call", "")
    if not UUID.fullmatch(uuid):
        return [music]
    # The next request may succeed.
    return [music, Redirect(account_sudo._get_webhook_url("wait", call=uuid, hold=1))]


def twiml_route(path):
    """Route a webhook whose method returns a voice response; the caller hears of an error.

    The method receives the account and the request as a `VoiceRequest`.
    """

    def decorate(method):
        def answer(self, **params):
            account_sudo = _get_account_sudo()
            voice_request = account_sudo._parse_voice_request(_get_form(), _get_query())
            try:
                response = method(self, account_sudo, voice_request)
                # What fails when it is written fails here.
                request.env.cr.flush()
            except (OperationalError, ConcurrencyError):
                raise
            except Exception:
                _logger.exception("%s: the webhook %s failed", _get_label(voice_request), path)
                begin_again(request.env)
                response = (
                    _get_harmless(account_sudo, path)
                    if _is_beside(path)
                    else _apologize(account_sudo, voice_request)
                )
            return _answer(account_sudo, response)

        functools.update_wrapper(answer, method)
        # Odoo would inspect the wrapped method's parameters, and log all of Twilio's as unknown.
        del answer.__wrapped__
        return route(f"/telephony/twilio/{path}", **ROUTE)(answer)

    return decorate


class TwilioWebhook(Controller):
    @twiml_route("voice")
    def voice(self, account_sudo, voice_request):
        """Answer a call to one of the account's numbers."""
        if not voice_request.leg_id:
            return [HangUp()]
        return account_sudo.env["telephony.call"]._process_incoming(account_sudo, voice_request)

    @twiml_route("client")
    def client(self, account_sudo, voice_request):
        """Connect an agent's browser."""
        if not voice_request.leg_id:
            return [HangUp()]
        return account_sudo.env["telephony.call"]._process_browser(account_sudo, voice_request)

    @twiml_route("wait")
    def wait(self, account_sudo, voice_request):
        """Return the audio for a waiting caller."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo:
            return _get_harmless(account_sudo, "wait") if _is_beside("wait") else [HangUp()]
        if _is_beside("wait"):
            return call_sudo._advance_hold()
        return call_sudo._process_wait(voice_request)

    @twiml_route("step")
    def step(self, account_sudo, voice_request):
        """Continue a customer's leg after the end of a voice response."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo or voice_request.queue_result == "hung_up":
            return [HangUp()]
        if voice_request.queue_result == "moved":
            # A concurrent response is already moving the caller on, and a second one would take a
            # second step. This one is normally not used; if it is, the request is repeated.
            return [Redirect(account_sudo._get_webhook_url("step", call=call_sudo.uuid))]
        if voice_request.queue_result == "failed":
            return call_sudo._process_failed_wait()
        if voice_request.queue_result == "refused":
            return call_sudo._process_refused()
        return call_sudo._process_next(voice_request)

    @twiml_route("join")
    def join(self, account_sudo, voice_request):
        """Connect a customer who left the queue with an agent."""
        call_sudo = _get_call_sudo(account_sudo)
        return call_sudo._process_next(voice_request) if call_sudo else [HangUp()]

    @twiml_route("announce")
    def announce(self, account_sudo, voice_request):
        """Announce to the participants of a conversation that it is recorded."""
        call_sudo = _get_call_sudo(account_sudo)
        return call_sudo._get_recording_announcement() if call_sudo else []

    @twiml_route("keys")
    def keys(self, account_sudo, voice_request):
        """Send keys to the customer of a call whose agent talks on a custom phone."""
        call_sudo = _get_call_sudo(account_sudo)
        return call_sudo._get_keys(_get_query().get("keys", "")) if call_sudo else []

    @twiml_route("agent_phone")
    def agent_phone(self, account_sudo, voice_request):
        """Continue after an agent's telephone was answered, or a key was pressed on it."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo:
            return [HangUp()]
        return call_sudo._process_phone(_get_id("leg"), voice_request)

    @twiml_route("call_me")
    def call_me(self, account_sudo, voice_request):
        """Answer an administrator's telephone that was called to test the account."""
        return account_sudo.env["telephony.test.call"]._process_request(
            account_sudo, _get_query().get("test", ""), voice_request
        )

    @twiml_route("fallback")
    def fallback(self, account_sudo, voice_request):
        """Handle a voice response that Twilio could not use."""
        calls = account_sudo.env["telephony.call"]
        response = calls._process_unplayable(account_sudo, voice_request)
        if response:
            return response
        code = voice_request.error_code or "unknown"
        _logger.error(
            "%s: Twilio could not use an answer, error %s", _get_label(voice_request), code
        )
        return _apologize(account_sudo, replace(voice_request, error_code=code))

    @route("/telephony/twilio/status", **ROUTE)
    def status(self, **params):
        """Process a status change of a leg."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_leg_event(_get_form())
        if event:
            event = replace(event, leg_id=_get_id("leg"))
            account_sudo.env["telephony.call"]._process_report(account_sudo, event)
        return request.make_response("")

    @route("/telephony/twilio/caller_id", **ROUTE)
    def caller_id(self, **params):
        """Process a status change of a caller ID's verification call."""
        account_sudo = _get_account_sudo()
        result = account_sudo._parse_verification(_get_form())
        if result:
            account_sudo.env["telephony.caller.id"]._process_result(account_sudo, result)
        return request.make_response("")

    @route("/telephony/twilio/call_me_status", **ROUTE)
    def call_me_status(self, **params):
        """Process a status change of a test call."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_leg_event(_get_form())
        if event:
            account_sudo.env["telephony.test.call"]._process_status(
                account_sudo, _get_query().get("test", ""), event
            )
        return request.make_response("")

    @route("/telephony/twilio/recording", **ROUTE)
    def recording(self, **params):
        """Process a recording that has started, is ready, or is empty."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_recording_event(_get_form())
        if event:
            event = replace(event, data={**event.data, "row_id": _get_id("recording")})
            account_sudo.env["telephony.call"]._process_event(account_sudo, event)
        return request.make_response("")

    @route("/telephony/twilio/conference", **ROUTE)
    def conference(self, **params):
        """Process a participant's join, leave or hold in a conference."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_conference_event(_get_form())
        if event:
            account_sudo.env["telephony.call"]._process_event(account_sudo, event)
        return request.make_response("")
