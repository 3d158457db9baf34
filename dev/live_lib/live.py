"""What a question works with: the account, the listener, the phone, and the browser."""

import time
import uuid

from .phones import NotAsked

RINGING = ("initiated", "queued", "ringing", "in-progress")


class Live:
    """The surroundings of the questions."""

    def __init__(self, account, listener, phone, browser, console):
        self.account, self.listener, self.phone = account, listener, phone
        self.browser, self.console = browser, console
        self.key, self.note = "", ""

    def begin(self, key):
        """Start a question: its paths begin with its key and a fresh word."""
        self.key, self.note = f"{key}-{uuid.uuid4().hex[:6]}", ""

    @property
    def client(self):
        """Return the client of the account."""
        return self.account.client

    @property
    def room(self):
        """Return the name of this question's conference."""
        return f"live-{self.key}"

    # --- webhooks ------------------------------------------------------------------------------

    def url(self, name):
        """Return the public address of one of this question's paths."""
        return self.listener.url(f"{self.key}/{name}")

    def reply(self, **documents):
        """Set the answers (TwiML without its root) of this question's paths."""
        for name, twiml in documents.items():
            self.listener.answers[f"{self.key}/{name}"] = twiml

    def file(self, name, content, content_type):
        """Serve a file at one of this question's paths."""
        self.listener.files[f"{self.key}/{name}"] = (content, content_type)

    def seen(self, name, test=lambda form: True):
        """Return the webhooks so far of one of this question's paths."""
        return self.listener.seen(f"{self.key}/{name}", test)

    def wait(self, name, test=lambda form: True, seconds=None):
        """Return a webhook, or None when it does not arrive."""
        return self.listener.wait(f"{self.key}/{name}", test, seconds or self.phone.settle)

    def need(self, name, test=lambda form: True):
        """Return a webhook that must arrive.

        :raise NotAsked: if it does not, which is no answer to the question.
        """
        hit = self.wait(name, test, self.phone.patience)
        if hit is None:
            raise NotAsked(f"The webhook “{name}” did not arrive in time.")
        return hit

    def first(self, *names, seconds=None):
        """Return the name of the first of some paths that is asked for, or None."""
        deadline = time.monotonic() + (seconds or self.phone.patience)
        while time.monotonic() < deadline:
            hits = [(hit.at, name) for name in names for hit in self.seen(name)[:1]]
            if hits:
                return min(hits)[1]
            time.sleep(0.05)
        return None

    # --- calls ---------------------------------------------------------------------------------

    def _status(self):
        return {
            "status_callback": self.url("status"),
            "status_callback_event": ["initiated", "ringing", "answered", "completed"],
        }

    def ring(self, **options):
        """Call the mobile phone and return the call's SID once it rings."""
        call = self.client.calls.create(
            from_=self.account.number,
            to=self.phone.number,
            url=self.url("start"),
            **{"time_limit": 120, **self._status(), **options},
        )
        self.account.must_remove("call", call.sid)
        return self._until_ringing(call.sid)

    def ring_in_room(self, **options):
        """Call the mobile phone, or another number, into the question's conference."""
        participant = self.client.conferences(self.room).participants.create(
            **{
                "from_": self.account.number,
                "to": self.phone.number,
                "beep": "false",
                "label": f"party-{uuid.uuid4().hex[:6]}",
                "time_limit": 120,
                "conference_status_callback": self.url("conference"),
                "conference_status_callback_event": ["start", "end", "join", "leave", "hold"],
                **self._status(),
                **options,
            }
        )
        return self.account.must_remove("call", participant.call_sid)

    def _until_ringing(self, sid):
        self.need("status", lambda f: f["CallSid"] == sid and f["CallStatus"] == "ringing")
        return sid

    def answer(self, sid):
        """Let the mobile phone be answered and return when it is."""
        self.phone.answer(sid)
        return self.need(
            "status", lambda f: f["CallSid"] == sid and f["CallStatus"] == "in-progress"
        )

    def talk(self, **options):
        """Call the mobile phone, have it answered, and return the call's SID."""
        sid = self.ring(**options)
        self.answer(sid)
        return sid

    def join_room(self):
        """Put the mobile phone into the question's conference.

        :return: SIDs of the call and of the conference.
        """
        sid = self._until_ringing(self.ring_in_room())
        self.answer(sid)
        return sid, self.joined(sid)

    def joined(self, sid):
        """Return the conference's SID once a call has joined."""
        return self.need(
            "conference",
            lambda f: f["StatusCallbackEvent"] == "participant-join" and f["CallSid"] == sid,
        ).form["ConferenceSid"]
