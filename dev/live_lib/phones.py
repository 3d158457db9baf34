"""The mobile phone: in a hand, or played by the emulator."""

import contextlib

import requests

from harness.polling import until


class NotAsked(Exception):
    """A question does not apply to this account, or was declined; the message says why."""


class MobilePhone:
    """A telephone in a person's hand.

    :param Console console: the person's terminal.
    :param str number: E.164.
    """

    #: Seconds in which a webhook that is expected arrives, and one that is not expected would.
    patience, settle = 45.0, 6.0
    #: Name of the browser's SDK host, and address of its file; None: Twilio's own.
    host = sdk = None

    def __init__(self, console, number):
        self.console, self.number = console, number

    def prepare(self, key, account):
        """Check that a question can be asked.

        :raise NotAsked: if it does not apply to the account.
        """
        if key == "trial" and account.type != "Trial":
            raise NotAsked("The account is not a trial account.")

    def finish(self, key):
        """Do nothing: the account remains as it is."""

    def answer(self, sid):
        """Ask the person to answer."""
        self.console.say("   Your mobile phone rings: please answer it, and stay on the line.")

    def call(self, number):
        """Ask the person to call."""
        self.console.say(f"   Please call {number} with your mobile phone now.")

    def let_ring(self, sid):
        """Ask the person not to answer."""
        self.console.say("   Your mobile phone rings: please do NOT answer it.")

    def type_code(self, code):
        """Ask the person to type a code."""
        self.console.say(f"   Your mobile phone rings: please answer it and type the code {code}.")

    def promote_token(self):
        """Return the new auth token after the person promoted it in Twilio's console.

        :raise NotAsked: if the person does not want to, or nobody is there.
        """
        if self.console.yes:
            raise NotAsked("Without a person (--yes), no auth token is promoted.")
        self.console.say(
            "   Open https://console.twilio.com, Account > API keys & tokens, create a secondary\n"
            "   auth token and promote it. EVERY program that uses the old token stops working."
        )
        if not self.console.confirm("   Did you promote it, and do you have the new token?"):
            raise NotAsked("No auth token was promoted.")
        return self.console.value("TWILIO_NEW_AUTH_TOKEN", "The new auth token", secret=True)


class EmulatedPhone:
    """A telephone that the emulator plays through its control API.

    :param str base: address of the emulator.
    """

    patience, settle = 12.0, 0.8

    def __init__(self, base, number):
        self.base, self.number = base, number
        self.host, self.sdk = base.split("//")[1], base + "/sdk/twilio.js"
        self.post("settings", cps=0)

    def post(self, path, **body):
        """Send a request to the control API."""
        answer = requests.post(f"{self.base}/emulator/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def get(self, path):
        """Return an answer of the control API."""
        return requests.get(f"{self.base}/emulator/{path}", timeout=20).json()

    def prepare(self, key, account):
        """Make the account one to which the question applies."""
        self._before = self.get("settings")
        self.post("settings", **PREPARED.get(key, {}))
        if key in LAGS:
            # In real time, because the question measures it.
            name, scale = LAGS[key], self.get("health")["time_scale"]
            self.post("settings", **{name: self._before[name] * scale})

    def finish(self, key):
        """Undo `prepare`."""
        names = [*PREPARED.get(key, {}), *([LAGS[key]] if key in LAGS else ())]
        self.post("settings", **{name: self._before[name] for name in names})

    def answer(self, sid):
        """Answer as soon as it rings."""
        until(lambda: self.get(f"calls/{sid}")["status"] == "ringing", "it rings", self.patience)
        self.post(f"calls/{sid}/answer")

    def call(self, number):
        """Call a number of the account."""
        self.post("calls", **{"from": self.number, "to": number})

    def let_ring(self, sid):
        """Do nothing."""

    def type_code(self, code):
        """Answer the verification's call and type the code."""

        def rings():
            return next(
                (c["sid"] for c in self.get("calls?live=1") if c["to"] == self.number), None
            )

        sid = until(rings, "the verification calls", self.patience)
        self.answer(sid)
        until(lambda: self.get(f"calls/{sid}")["status"] == "in-progress", "it is answered")
        with contextlib.suppress(requests.HTTPError):
            self.post(f"calls/{sid}/digits", digits=code)

    def promote_token(self):
        """Return the new auth token after promoting it."""
        token = self.post("auth_token/secondary")["auth_token"]
        self.post("auth_token/promote")
        return token


#: Question -> settings of the emulator that make it applicable.
PREPARED = {"trial": {"trial": True}, "limit": {"concurrency": 2}}
#: Question -> setting that is a time.
LAGS = {"list-lag": "read_lag", "recording-lag": "recording_lag"}
