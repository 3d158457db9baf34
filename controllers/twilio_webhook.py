"""Twilio's questions and reports. Every request was signed by Twilio (`_auth_method_twilio`).

A question gets TwiML, whatever happens: silence in the caller's ear is the worst answer.
https://www.twilio.com/docs/usage/webhooks/voice-webhooks
"""

import functools
import logging
import re
from dataclasses import replace

from psycopg2 import OperationalError
from werkzeug.datastructures import MultiDict

from odoo.exceptions import ConcurrencyError
from odoo.http import Controller, request, route

from ..providers.twilio.events import parse_sid
from ..providers.voice_response import HangUp, Redirect, Say

_logger = logging.getLogger(__name__)

ROUTE = {
    "type": "http",
    "auth": "twilio",
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
    "readonly": False,
}

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Results of a queue after which the caller was taken elsewhere by a request of ours.
# https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action
TAKEN = {"redirected", "redirected-from-bridged", "bridged", "bridging-in-process"}
# Results of a queue that did not take the caller: it is full, or could not be made.
REFUSED = {"queue-full", "error", "system-error"}


def _get_account_sudo():
    # sudo: telephony.account - the request is signed with this account's secret
    return (
        request.env["telephony.account"].sudo().browse(request.env.context["telephony_account_id"])
    )


def _without_zeros(values):
    # PostgreSQL has no text with a zero byte: looking for one is an error.
    return MultiDict((name, value.replace("\0", "")) for name, value in values.items(multi=True))


def _get_form():
    return _without_zeros(request.httprequest.form)


def _get_query():
    return _without_zeros(request.httprequest.args)


def _get_call_sudo(account_sudo):
    return account_sudo.env["telephony.call"].search_fetch(
        [
            ("uuid", "=", _get_query().get("call", "")),
            ("account_id", "=", account_sudo.id),
        ]
    )


def _get_label(form):
    """Return what names the call of a request in the log; never a number that stands there."""
    uuid = _get_query().get("call", "")
    return uuid if UUID.fullmatch(uuid) else parse_sid(form.get("CallSid")) or "unknown"


def _answer(account_sudo, response):
    return request.make_response(
        account_sudo._render(response), headers=[("Content-Type", "text/xml; charset=utf-8")]
    )


def _get_id(name):
    """Return one of our own identifiers, which the signed address carries; 0 for anything else."""
    text = _get_query().get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _apologize(account_sudo, form, error_code=""):
    """End a call that cannot go on; whatever fails meanwhile, the caller hears a sentence."""
    # What is no identifier names no call: none is kept for it.
    params = {**form.to_dict(), "CallSid": parse_sid(form.get("CallSid"))}
    try:
        with request.env.cr.savepoint():
            return account_sudo.env["telephony.call"]._process_crash(
                account_sudo, params, error_code
            )
    except (OperationalError, ConcurrencyError):
        raise
    except Exception:
        _logger.exception("The apology failed")
        return [Say("We are sorry, an error has occurred. Please call again later."), HangUp()]


def _is_beside(path):
    """Return whether a question is about what is heard beside a conversation, which goes on.

    Neither hold music nor an announcement may hang up.
    https://www.twilio.com/docs/api/errors/13238
    """
    return path == "announce" or bool(_get_query().get("hold"))


def twiml_route(path):
    """Declare a question of Twilio: the method returns a voice response; an error is spoken."""

    def decorate(method):
        def answer(self, **params):
            account_sudo = _get_account_sudo()
            form = _get_form()
            try:
                with request.env.cr.savepoint():
                    response = method(self, account_sudo, form)
            except (OperationalError, ConcurrencyError):
                raise
            except Exception:
                _logger.exception("%s: the webhook %s failed", _get_label(form), path)
                response = [] if _is_beside(path) else _apologize(account_sudo, form)
            return _answer(account_sudo, response)

        functools.update_wrapper(answer, method)
        # Odoo would see the method's parameters through it, and log all of Twilio's as unknown.
        del answer.__wrapped__
        return route(f"/telephony/twilio/{path}", **ROUTE)(answer)

    return decorate


class TwilioWebhook(Controller):
    @twiml_route("voice")
    def voice(self, account_sudo, form):
        """Somebody calls one of the account's numbers."""
        if not form.get("CallSid"):
            return [HangUp()]
        return account_sudo.env["telephony.call"]._process_incoming(account_sudo, form.to_dict())

    @twiml_route("client")
    def client(self, account_sudo, form):
        """An agent's browser connects."""
        if not form.get("CallSid"):
            return [HangUp()]
        return account_sudo.env["telephony.call"]._process_browser(account_sudo, form.to_dict())

    @twiml_route("wait")
    def wait(self, account_sudo, form):
        """A waiting caller needs something to hear."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo:
            return [] if _is_beside("wait") else [HangUp()]
        if _is_beside("wait"):
            return call_sudo._advance_hold()
        return call_sudo._process_wait(form.to_dict())

    @twiml_route("step")
    def step(self, account_sudo, form):
        """A customer's leg has come to the end of a voice response."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo or form.get("QueueResult") == "hangup":
            return [HangUp()]
        if form.get("QueueResult") in TAKEN:
            # Another answer leads the caller on at this very moment: two of them would take two
            # steps. This one is not used; if it ever is, the question is asked again.
            return [Redirect(account_sudo._get_webhook_url("step", call=call_sudo.uuid))]
        if form.get("QueueResult") in REFUSED:
            return call_sudo._process_refused()
        return call_sudo._process_next({**_get_query().to_dict(), **form.to_dict()})

    @twiml_route("join")
    def join(self, account_sudo, form):
        """A customer was taken out of the queue, to speak with an agent."""
        call_sudo = _get_call_sudo(account_sudo)
        return call_sudo._process_next(form.to_dict()) if call_sudo else [HangUp()]

    @twiml_route("announce")
    def announce(self, account_sudo, form):
        """Everybody in a conversation is told that it is recorded."""
        call_sudo = _get_call_sudo(account_sudo)
        return call_sudo._get_recording_announcement() if call_sudo else []

    @twiml_route("agent_phone")
    def agent_phone(self, account_sudo, form):
        """The telephone of a phone user was answered, or a key was pressed on it."""
        call_sudo = _get_call_sudo(account_sudo)
        if not call_sudo:
            return [HangUp()]
        return call_sudo._process_phone(_get_id("leg"), form.to_dict())

    @twiml_route("fallback")
    def fallback(self, account_sudo, form):
        """Twilio could not use the answer to another question: `ErrorCode`, `ErrorUrl`."""
        code = form.get("ErrorCode") or ""
        # Twilio's codes have five digits; nothing else is kept.
        code = code if code.isdecimal() and len(code) <= 6 else "unknown"
        _logger.error("%s: Twilio could not use an answer, error %s", _get_label(form), code)
        return _apologize(account_sudo, form, code)

    @route("/telephony/twilio/status", **ROUTE)
    def status(self, **params):
        """A leg has changed."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_leg_event(_get_form())
        if event:
            event = replace(event, leg_id=_get_id("leg"))
            account_sudo.env["telephony.call"]._process_event(account_sudo, event)
        return request.make_response("")

    @route("/telephony/twilio/caller_id", **ROUTE)
    def caller_id(self, **params):
        """Somebody was asked for the code that makes a number a caller ID."""
        account_sudo = _get_account_sudo()
        result = account_sudo._parse_verification(_get_form())
        if result:
            account_sudo.env["telephony.caller.id"]._process_result(account_sudo, result)
        return request.make_response("")

    @route("/telephony/twilio/recording", **ROUTE)
    def recording(self, **params):
        """A recording has begun, is ready, or there is nothing in it."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_recording_event(_get_form())
        if event:
            event = replace(event, data={**event.data, "row_id": _get_id("recording")})
            account_sudo.env["telephony.call"]._process_event(account_sudo, event)
        return request.make_response("")

    @route("/telephony/twilio/conference", **ROUTE)
    def conference(self, **params):
        """Somebody has joined or left a conference, or was put on hold."""
        account_sudo = _get_account_sudo()
        event = account_sudo._parse_conference_event(_get_form())
        if event:
            account_sudo.env["telephony.call"]._process_event(account_sudo, event)
        return request.make_response("")
