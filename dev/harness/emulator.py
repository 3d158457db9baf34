"""The emulated provider, and customers at ordinary telephones."""

import requests

from .places import NODE_MODULES, PYTHON, REPO, free_ports
from .polling import until
from .processes import Program

SALES, SUPPORT = "+3225550100", "+3225550101"
#: As pages show it.
SALES_WRITTEN, SUPPORT_WRITTEN = "+32 2 555 01 00", "+32 2 555 01 01"
#: Hz; far from ringing tones (425), from the microphones and from the stand-in for speech.
CUSTOMER = 900
TOLERANCE = 12.0
OVER = {"completed", "busy", "no-answer", "canceled", "failed"}
#: Answers meaning only that the party of a request has just left.
GONE = {20404, 21220}
_SETTINGS = {
    "auto_answer": None,
    "cps": 0,
    "signalling_loss": 30.0,
    "tone": CUSTOMER,
    "rfc4733": True,
    "answer_delay": 0.1,
    "code_seconds": 30.0,
    "concurrency": None,
    "trial": False,
    "profile": "business",
    "recording_lag": 0.5,
}


class Emulator:
    """The running emulator.

    :param str log_name: name of its log file.
    :param web: a web server whose addresses it can fetch, see `SoundServer`.
    :param dict account: unusual values of its account: `account_sid`, `auth_token`, `number`.
    """

    def __init__(self, log_name="e2e-emulator", web=None, **account):
        self.log_name, self.web = log_name, web
        self.account = account
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = requests.Session()
        self.program, self._mark = None, ""
        self.expected_errors = []

    def start(self):
        """Start it and wait until it is ready."""
        [openapi] = NODE_MODULES.glob("@twilio/cli-core/src/services/twilio-api")
        self.program = Program(
            self.log_name,
            [
                str(PYTHON),
                "-m",
                "twilio_emulator",
                "--port",
                str(self.port),
                "--loopback",
                "--sdk",
                str(NODE_MODULES / "@twilio/voice-sdk/dist/twilio.js"),
                "--openapi",
                str(openapi),
                *(self.web.options if self.web else ()),
                *(f"--{name.replace('_', '-')}={value}" for name, value in self.account.items()),
            ],
            env={"PYTHONPATH": str(REPO / "dev")},
        )
        try:
            self.program.wait_for(f"{self.url}/emulator/health")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End the program."""
        if self.program:
            self.program.stop()

    def get(self, path):
        """Send a GET request to the control API."""
        answer = self.http.get(f"{self.url}/emulator/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path, /, **body):
        """Send a POST request to the control API."""
        answer = self.http.post(f"{self.url}/emulator/{path}", json=body, timeout=30)
        assert answer.ok, f"{path}: {answer.text}"
        return answer.json()

    # --- between stories -----------------------------------------------------------------------

    def begin(self):
        """Start a story: usual settings, no faults, empty log."""
        self.post("faults")
        self.post("refusals")
        self.post("permissions", special=[], tollfraud=[])
        self.post("settings", **_SETTINGS)
        self.expected_errors = []
        marks = [
            entry["at"]
            for name in ("webhooks", "requests", "errors")
            for entry in self.get(name)[-1:]
        ]
        self._mark = max(marks, default="")

    def finish(self):
        """End a story: no faults, and all calls end."""
        self.post("faults")
        for leg in self.get("calls?live=1"):
            self.post(f"calls/{leg['sid']}/hangup")
        until(lambda: not self.get("calls?live=1"), "nobody is on the telephone")

    def log(self, name):
        """Return the entries of this story in `webhooks`, `requests` or `errors`."""
        return [entry for entry in self.get(name) if entry["at"] > self._mark]

    def problems(self):
        """Return everything that Twilio would report: bad documents, requests and answers.

        A request may fail because its party has just left. Every webhook that failed is a problem,
        and so is everything that the emulator could not understand.
        """
        found = [
            f"webhook {w['status']} {w['url']} {w['message']}"
            for w in self.log("webhooks")
            if w["status"] >= 400 or not w["status"]
        ]
        found += [f"error {e['code']} {e['message']}" for e in self.log("errors")]
        found += [
            f"request {r['method']} {r['path']} {r['params']}: {r['error']}"
            for r in self.log("requests")
            if (r["status"] or 0) >= 400 and r["error"]["code"] not in GONE and "fault" not in r
        ]
        return [p for p in found if not any(e in p for e in self.expected_errors)]

    # --- telephones ----------------------------------------------------------------------------

    def live(self, **values):
        """Return the live legs with these values."""
        legs = self.get("calls?live=1")
        return [leg for leg in legs if all(leg[key] == value for key, value in values.items())]

    def agent_legs(self):
        """Return the live legs of browsers."""
        return self.live(kind="client")

    def calls_us(self, number, to=SALES, tone=CUSTOMER):
        """Call one of our numbers as a customer."""
        sid = self.post("calls", **{"from": number, "to": to, "tone": tone})["sid"]
        return Telephone(self, sid)

    def recording_of(self, telephone):
        """Wait until a telephone is recorded; return a function that fetches the recording."""

        def find():
            [found] = [r for r in self.get("recordings") if r["call_sid"] == telephone.sid]
            return found

        sid = _until_one(find, "the conversation is recorded", 25.0)["sid"]
        return lambda: next(r for r in self.get("recordings") if r["sid"] == sid)

    def rings(self, number, timeout=25.0):
        """Wait until a customer's telephone rings and return it."""

        def ringing():
            [leg] = self.live(to=number, kind="pstn", status="ringing")
            return leg

        leg = _until_one(ringing, f"the telephone {number} rings", timeout)
        return Telephone(self, leg["sid"])


class Telephone:
    """A customer's telephone in a call."""

    def __init__(self, emulator, sid):
        self.emulator, self.sid = emulator, sid

    @property
    def leg(self):
        """Return everything the emulator knows about the leg."""
        return self.emulator.get(f"calls/{self.sid}")

    @property
    def over(self):
        """Return whether the call is over here."""
        return self.leg["status"] in OVER

    def answer(self):
        """Pick up."""
        self.emulator.post(f"calls/{self.sid}/answer")
        return self

    def reject(self, status="busy"):
        """Refuse, or ring until `no-answer`."""
        self.emulator.post(f"calls/{self.sid}/reject", status=status)

    def hang_up(self):
        """Put down the receiver."""
        self.emulator.post(f"calls/{self.sid}/hangup")

    def press(self, digits):
        """Press keys."""
        self.emulator.post(f"calls/{self.sid}/digits", digits=digits)

    def hears(self, hz, timeout=25.0):
        """Wait until the customer hears a tone; other sounds may be mixed in."""

        def heard():
            reading = self.leg["hears"]
            assert any(abs(peak - hz) < TOLERANCE for peak in reading["peaks"]), reading
            return True

        until(heard, f"{self.leg['from']} → {self.leg['to']} hears {hz} Hz", timeout)

    def hears_silence(self, timeout=25.0):
        """Wait until the customer hears complete silence."""
        until(lambda: self.leg["hears"]["rms"] < 20, f"{self.sid} hears silence", timeout)

    def hears_words(self, words, timeout=25.0):
        """Wait until a spoken text or the name of a sound contains some words."""

        def heard():
            text = self.leg["hears"]["text"] or ""
            spoken = [str(step) for step in self.leg["trail"]]
            assert words in text or any(words in step for step in spoken), (text, spoken)
            return True

        until(heard, f"the person hears “{words}”", timeout)

    def received(self, digits):
        """Wait until the customer's side has received exactly these keys."""

        def same():
            assert self.leg["digits_received"] == digits, self.leg["digits_received"]
            return True

        until(same, f"{self.sid} receives the keys {digits}")

    def is_released(self, timeout=25.0):
        """Wait until the call is over here."""
        until(lambda: self.over, f"{self.sid} is released", timeout)

    def in_conference(self, timeout=25.0):
        """Wait until the customer is in a conference and return its name."""

        def name():
            conference = self.leg["conference"]
            assert conference and conference["joined"], self.leg["status"]
            return conference["friendly_name"]

        return until(name, f"{self.sid} is in a conference", timeout)

    def in_queue(self, timeout=25.0):
        """Wait until the customer waits in a queue."""
        return until(lambda: self.leg["queue"], f"{self.sid} waits in a queue", timeout)


def _until_one(find, what, timeout):
    def attempt():
        try:
            return find()
        except ValueError as error:  # none, or more than one
            raise AssertionError(str(error)) from error

    return until(attempt, what, timeout)
