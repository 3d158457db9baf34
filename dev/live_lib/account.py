"""The account: requests, their forms, and what has to be removed afterwards."""

import re
from contextlib import suppress
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from .console import Stopped
from .shapes import flatten

_SID = re.compile(r"\b(?:Twilio\.CURRENT|[A-Z]{2}[0-9a-fA-F]{32})\b")
#: Answers that only say that something is gone already.
GONE = 404


class _Recorder(TwilioHttpClient):
    """Sends requests, to another server if there is one, and keeps the form of the answers."""

    def __init__(self, base, shapes):
        super().__init__(timeout=20)
        self.base, self.shapes = base, shapes

    def request(self, method, url, *args, **kwargs):
        if self.base:
            url = self.base + "/" + url.split("/", 3)[3]
        answer = super().request(method, url, *args, **kwargs)
        path = _SID.sub("{sid}", urlsplit(url).path)
        path = re.sub(r"/Conferences/(?!\{sid\})[^/.]+", "/Conferences/{name}", path)
        with suppress(ValueError):
            body = requests.compat.json.loads(answer.text)
            self.shapes.add(f"{method} {path} {answer.status_code}", flatten(body))
        return answer


class Account:
    """One Twilio account.

    :param str base: address of a server that replaces Twilio's, or None.
    :param Shapes shapes: collects the form of every answer.
    :param list left: what has to be removed: (kind, identifier, values); kept by the state file.
    """

    def __init__(self, sid, auth_token, number, base, shapes, left):
        self.sid, self.number, self.base, self.left = sid, number, base, left
        self.shapes = shapes
        self.use(auth_token)

    def use(self, auth_token):
        """Use an auth token from now on."""
        self.auth_token = auth_token
        self.client = Client(self.sid, auth_token, http_client=_Recorder(self.base, self.shapes))

    def client_of(self, key, secret):
        """Return a client that signs in with an API key."""
        return Client(key, secret, self.sid, http_client=_Recorder(self.base, self.shapes))

    def check(self):
        """Return the account's resource.

        :raise Stopped: if the credentials or the number are wrong.
        """
        try:
            account = self.client.api.v2010.accounts(self.sid).fetch()
            numbers = self.client.incoming_phone_numbers.list(phone_number=self.number, limit=5)
        except TwilioRestException as error:
            if error.status in (401, 403):
                raise Stopped("Twilio refuses the account SID or the auth token.") from error
            raise Stopped(f"Twilio refuses the first request ({error.code}).") from error
        except requests.RequestException as error:
            raise Stopped("Twilio cannot be reached from this machine.") from error
        if not any(number.phone_number == self.number for number in numbers):
            raise Stopped("The number does not belong to this account.")
        self.number_sid = numbers[0].sid
        return account

    # --- removal -------------------------------------------------------------------------------

    def must_remove(self, kind, identifier, **values):
        """Note something that has to be removed, or restored with values, at the end."""
        self.left.insert(0, [kind, identifier, values])
        return identifier

    def point_number(self, **values):
        """Change the number's addresses until the end."""
        if not any(kind == "number" for kind, _sid, _values in self.left):
            number = self.client.incoming_phone_numbers(self.number_sid).fetch()
            names = ("voice_url", "voice_method", "voice_fallback_url", "status_callback")
            before = {name: getattr(number, name) or "" for name in names}
            for name in ("voice_application_sid", "trunk_sid"):
                if getattr(number, name):
                    before[name] = getattr(number, name)
            self.must_remove("number", self.number_sid, **before)
        return self.client.incoming_phone_numbers(self.number_sid).update(**values)

    def tidy(self):
        """End all calls that are left, and restore the number."""
        self._remove("call", "number")

    def remove_all(self):
        """Remove and restore everything; return sentences about what could not be."""
        return self._remove()

    def _remove(self, *only):
        problems = []
        for entry in tuple(self.left):
            kind, identifier, values = entry
            if only and kind not in only:
                continue
            try:
                getattr(self, "_remove_" + kind)(identifier, **values)
            except TwilioRestException as error:
                if error.status != GONE and error.code != 21220:
                    problems.append(f"The {kind} {identifier} could not be removed ({error.code}).")
                    continue
            except requests.RequestException:
                problems.append(f"The {kind} {identifier} could not be removed: no connection.")
                continue
            self.left.remove(entry)
        return problems

    def _remove_call(self, sid):
        self.client.calls(sid).update(status="completed")

    def _remove_application(self, sid):
        self.client.applications(sid).delete()

    def _remove_key(self, sid):
        self.client.keys(sid).delete()

    def _remove_recording(self, sid):
        self.client.recordings(sid).delete()

    def _remove_queue(self, name):
        for queue in self.client.queues.list(limit=50):
            if queue.friendly_name == name:
                self.client.queues(queue.sid).delete()

    def _remove_number(self, sid, **before):
        self.client.incoming_phone_numbers(sid).update(**before)

    def _remove_caller_id(self, sid):
        self.client.outgoing_caller_ids(sid).delete()
