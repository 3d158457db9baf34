"""The emulator's own answers to the questions, measured in the same way."""

import hashlib
import json

from harness.places import NODE_MODULES, REPO, free_ports
from harness.processes import Program
from places import emulator_command

from .account import Account
from .asking import ask
from .browser import CallingBrowser
from .console import Console
from .listener import Listener
from .live import Live
from .phones import EmulatedPhone
from .questions import QUESTIONS
from .shapes import Shapes

#: The emulator's own waits are so many times shorter.
TIME_SCALE = 10
MOBILE = "+32470111222"


class RunningEmulator:
    """A context with an emulator of its own; its value is the address."""

    def __init__(self, name, *options):
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        command = [*emulator_command(port), f"--time-scale={TIME_SCALE}", *options]
        self._start = lambda: Program(name, command, env={"PYTHONPATH": str(REPO / "dev")})

    def __enter__(self):
        self.program = self._start()
        try:
            self.program.wait_for(f"{self.url}/emulator/health")
        except BaseException:
            self.program.stop()
            raise
        return self.url

    def __exit__(self, *details):
        self.program.stop()


def measure(folder, console):
    """Return the emulator's answers by key, and the forms of its messages.

    They are kept in a file until the emulator or the questions change.
    """
    path, version = folder / "emulator.json", _version()
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["version"] == version:
            return kept["answers"], Shapes(kept["shapes"])
    console.say("Asking the emulator first, to compare with. This takes half a minute.")
    answers, shapes = _measure()
    data = {"version": version, "answers": answers, "shapes": shapes.kinds}
    path.write_text(json.dumps(data, indent=1))
    return answers, shapes


def _measure():
    from twilio_emulator import defaults

    shapes, quiet = Shapes(), Console(yes=True, quiet=True)
    with RunningEmulator("live-reference") as base:
        listener = Listener("", 0, shapes)
        account = Account(
            defaults.ACCOUNT_SID, defaults.AUTH_TOKEN, defaults.NUMBERS[0], base, shapes, []
        )
        listener.auth_tokens.append(defaults.AUTH_TOKEN)
        phone = EmulatedPhone(base, MOBILE)
        browser = CallingBrowser(account, listener, phone)
        live = Live(account, listener, phone, browser, quiet)
        try:
            resource = account.check()
            answers = {question.key: ask(question, live, resource) for question in QUESTIONS}
            _rehearse(live)
        finally:
            browser.close()
            listener.close()
    return answers, shapes


def _rehearse(live):
    """Provoke what only the conversations bring: a caller in a queue, a pause, a verification."""
    live.begin("rehearsal")
    addresses = f'waitUrl="{live.url("wait")}" action="{live.url("left")}"'
    options = f'statusCallback="{live.url("conference")}" statusCallbackEvent="join leave"'
    room = f'<Conference participantLabel="caller" {options}>{live.room}</Conference>'
    live.reply(
        start=f"<Enqueue {addresses}>rehearsal</Enqueue>",
        wait='<Pause length="60"/>',
        join=f"<Dial>{room}</Dial>",
    )
    live.account.point_number(
        voice_url=live.url("start"), voice_method="POST", status_callback=live.url("status")
    )
    live.phone.call(live.account.number)
    waiting = live.need("wait").form
    sid, queue = waiting["CallSid"], waiting["QueueSid"]
    live.account.must_remove("call", sid)
    live.client.queues(queue).members(sid).update(url=live.url("join"), method="POST")
    live.joined(sid)
    live.account.tidy()
    live.need("status", lambda form: form["CallStatus"] == "completed")
    request = live.client.validation_requests.create(
        phone_number=MOBILE, friendly_name="rehearsal", status_callback=live.url("verified")
    )
    live.phone.type_code(request.validation_code)
    live.need("verified")
    live.client.outgoing_caller_ids.list(phone_number=MOBILE)


def _version():
    """Return a hash of everything on which the answers depend."""
    files = [NODE_MODULES / "@twilio/voice-sdk/package.json"]
    for folder in ("dev/twilio_emulator", "dev/live_lib"):
        files += [p for p in (REPO / folder).rglob("*.*") if "__pycache__" not in p.parts]
    texts = [p.read_bytes() for p in sorted(files) if p.is_file()]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
