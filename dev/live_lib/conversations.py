"""Whole conversations through a running Odoo with the addon, with a browser as the agent."""

from types import SimpleNamespace

from playwright.sync_api import Error as BrowserError

from harness.agent_browser import AgentBrowser, new_context
from harness.odoo_server import Rpc
from harness.pages import Softphone
from harness.polling import NotYet, until

#: Seconds in which a person answers, or calls.
PERSON = 60.0
#: Longest wrap-up of an earlier call, in seconds.
WRAP_UP = 180.0
STEPS = (
    ("outgoing", "One call of about 30 seconds: the agent calls your phone, holds and resumes."),
    (
        "incoming",
        "One call of about 60 seconds: you call; it is recorded, and transferred to a queue.",
    ),
    ("verification", "One call of about 20 seconds: your number becomes a caller ID."),
)


class Session(Rpc):
    """A session of a user whose password is not the login.

    :param str password: of the user.
    """

    def __init__(self, url, database, login, password):
        self.password = password
        super().__init__(url, database, login)

    def _post(self, path, params):
        if path == "/web/session/authenticate":
            params = {**params, "password": self.password}
        return super()._post(path, params)


class Conversations:
    """The conversations of one agent.

    :param chromium: the agent's browser.
    :param phone: the mobile phone.
    :param Account account: the account, whose number's calls ring at the agent.
    :param Listener listener: reads the webhooks on their way to Odoo.
    """

    def __init__(self, rpc, chromium, phone, account, listener):
        self.rpc, self.phone, self.account, self.listener = rpc, phone, account, listener
        context = new_context(chromium, SimpleNamespace(url=rpc.url), rpc)
        self.agent = AgentBrowser(context, None, rpc, 550)

    def close(self):
        """Close the agent's pages; the agent is offline afterwards."""
        self.rpc.call("telephony.agent", "set_status", "offline")
        self.agent.context.close()

    def hold(self, name):
        """Hold one conversation and return the result in words."""
        try:
            return getattr(self, name)() or "held"
        except (NotYet, BrowserError, AssertionError, RuntimeError) as error:
            return f"failed: {str(error).splitlines()[0]}"
        finally:
            self._end()

    def _end(self):
        """End the legs of the phone, at Twilio: a waiting caller is not the agent's to end."""
        forms = [hit.form for hit in self.listener.hits]
        mine = [f for f in forms if self.phone.number in (f.get("From"), f.get("To"))]
        for sid in dict.fromkeys(form["CallSid"] for form in mine if "CallSid" in form):
            self.account.must_remove("call", sid)
        self.account.tidy()

    def _be_ready(self):
        """Make the agent available, after the wrap-up of an earlier call, and return its screen."""
        self.agent.set_status("online")
        self.agent.open()
        until(lambda: self.agent.state() == "available", "the agent can be called", WRAP_UP)
        return Softphone(self.agent)

    def _leg(self):
        """Return the SID of the phone's leg, once Twilio reports that it rings."""

        def ringing():
            forms = [hit.form for hit in self.listener.hits]
            rings = [f for f in forms if f.get("CallStatus") == "ringing"]
            return next((f["CallSid"] for f in rings if f.get("To") == self.phone.number), None)

        return until(ringing, "your phone rings", PERSON)

    def _calls(self, domain):
        return self.rpc.search(
            "telephony.call",
            [("state", "!=", "ended"), *domain],
            ["uuid", "state"],
            order="id desc",
        )

    def _call(self):
        [call, *_older] = self._calls([("customer_number", "=", self.phone.number)])
        return call

    def outgoing(self):
        """Call the phone, hold, resume, and hang up."""
        softphone = self._be_ready().dial(self.phone.number)
        self.phone.answer(self._leg())
        until(lambda: self._call()["state"] == "in_progress", "you have answered", PERSON)
        softphone.is_talking()
        self._hold(True)
        self._hold(False)
        softphone.hang_up().has_ended("answered")
        softphone.done()

    def _hold(self, on_hold):
        word = "hold" if on_hold else "unhold"
        uuid, before = self._call()["uuid"], self._events(word)
        self.rpc.call("telephony.call", "set_hold", uuid, on_hold)
        until(lambda: self._events(word) > before, f"Twilio reports {word}", PERSON)

    def _events(self, word):
        kind = f"participant-{word}"
        return sum(hit.form.get("StatusCallbackEvent") == kind for hit in self.listener.hits)

    def incoming(self):
        """Take a call, record it, and transfer it to a queue and back."""
        softphone = self._be_ready()
        self.phone.call(self.account.number)
        until(lambda: softphone.card.count(), "your call rings at the agent", PERSON)
        softphone.accept().is_talking()
        self._record()
        # Only a queue of the agent rings at the agent.
        mine = [("agent_ids.user_id", "=", self.rpc.uid)]
        queues = self.rpc.search("telephony.queue", mine, ["name"], limit=1)
        if queues:
            target = {"type": "queue", "id": queues[0]["id"], "reason": "dev/live"}
            self.rpc.call("telephony.call", "transfer", self._call()["uuid"], target, "blind")
            until(lambda: softphone.card.count(), "the queue rings at the agent", PERSON)
            softphone.accept().is_talking()
        softphone.hang_up().has_ended()
        softphone.done()
        if not queues:
            return "held; not transferred, because the agent is in no queue"
        return None

    def _record(self):
        button = self.agent.page.locator(".o_telephony_record")
        if button.count():
            button.click()
        if button.count() or self._is_recorded():
            until(self._is_recorded, "Twilio reports the recording", PERSON)

    def _is_recorded(self):
        return any(hit.form.get("RecordingStatus") == "in-progress" for hit in self.listener.hits)

    def verification(self):
        """Make the phone's number a caller ID, and remove it again."""
        if self._caller_ids():
            return "not held: your number is a verified caller ID already"
        found = self.rpc.call(
            "telephony.caller.id", "start_verification", self.phone.number, "dev/live"
        )
        try:
            self.phone.type_code(found["code"])

            def verified():
                state = self.rpc.call("telephony.caller.id", "check_verification", found["id"])
                return state["state"] == "verified"

            until(verified, "the number is verified", PERSON)
        finally:
            for sid in self._caller_ids():
                self.account.must_remove("caller_id", sid)
            self.rpc.call("telephony.caller.id", "unlink", [found["id"]])
        return None

    def _caller_ids(self):
        found = self.account.client.outgoing_caller_ids.list(phone_number=self.phone.number)
        return [caller_id.sid for caller_id in found]


def hold_all(run, odoo):
    """Hold all conversations and keep the results in the state.

    :param Run run: the run of the program.
    :param dict odoo: ``odoo`` (address), ``database``, ``login``, ``password``.
    """
    rpc = Session(*(odoo[name] for name in ("odoo", "database", "login", "password")))
    talks = Conversations(rpc, run.browser.chromium, run.phone, run.account, run.listener)
    try:
        for name, how in STEPS:
            run.console.say(f"\nConversation: {name}\n   {how}")
            if not run.console.confirm("   Hold it?"):
                continue
            run.state.steps[name] = result = talks.hold(name)
            run.console.say(f"   {result}")
            run.state.save()
    finally:
        talks.close()
