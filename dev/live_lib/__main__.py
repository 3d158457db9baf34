"""Command line of ``dev/live``."""

import argparse
import os
import re
import secrets
import signal
import sys
from pathlib import Path

import requests

from . import reference, report
from .account import Account
from .asking import ANSWERED, ask, judge
from .browser import CallingBrowser
from .console import Console, Stopped
from .listener import Listener
from .live import Live
from .phones import EmulatedPhone, MobilePhone
from .questions import QUESTIONS
from .redaction import Redaction
from .shapes import Shapes
from .state import FOLDER, State

PORT = 8077
E164 = re.compile(r"\+[1-9]\d{6,14}")


def parse(arguments=None):
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(
        prog="dev/live",
        description="Ask a real Twilio account what no document says.",
        epilog="Environment: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TELEPHONY_LIVE_NUMBER (of the "
        "account), TELEPHONY_LIVE_MOBILE, TELEPHONY_LIVE_URL (public https address of the port); "
        "for --conversations TELEPHONY_LIVE_ODOO, _DATABASE, _LOGIN, _PASSWORD; "
        "for a trial run TELEPHONY_LIVE_SERVER (address of an emulator, which plays the phone).",
    )
    parser.add_argument("--list", action="store_true", help="show the questions and answers")
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="ask these, again")
    parser.add_argument("--yes", action="store_true", help="agree to every call beforehand")
    parser.add_argument("--clean", action="store_true", help="only remove what is left")
    parser.add_argument("--port", type=int, default=PORT, help=f"local port ({PORT})")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of report and state")
    parser.add_argument(
        "--conversations", action="store_true", help="whole conversations through Odoo, too"
    )
    options = parser.parse_args(arguments)
    known = {question.number for question in QUESTIONS}
    if set(options.only or ()) - known:
        parser.error(f"The questions have the numbers {min(known)} to {max(known)}.")
    if options.port and not 1024 <= options.port <= 65535:
        parser.error("The port must be between 1024 and 65535.")
    return options


class Run:
    """One run of the program."""

    def __init__(self, options):
        self.options, self.console = options, Console(yes=options.yes)
        self.server = os.environ.get("TELEPHONY_LIVE_SERVER", "").rstrip("/") or None

    def _value(self, name, what, pattern, sentence, *, secret=False):
        value = os.environ.get(name) or self.console.value(name, what, secret=secret)
        if not re.fullmatch(pattern, value):
            raise Stopped(f"{name}: {sentence}")
        return value

    def _read(self):
        self.sid = self._value(
            "TWILIO_ACCOUNT_SID",
            "Account SID",
            r"AC[0-9a-f]{32}",
            "an account SID is AC and 32 hexadecimal digits.",
        )
        self.token = self._value(
            "TWILIO_AUTH_TOKEN",
            "Auth token",
            r"[0-9a-f]{32}",
            "an auth token is 32 hexadecimal digits.",
            secret=True,
        )
        form = "a number begins with + and the country code, without spaces."
        self.number = self._value(
            "TELEPHONY_LIVE_NUMBER", "Number of the account", E164.pattern, form
        )
        self.mobile = self._value("TELEPHONY_LIVE_MOBILE", "Your mobile phone", E164.pattern, form)
        self.public = ""
        if not self.server:
            self.public = self._value(
                "TELEPHONY_LIVE_URL",
                f"Public https address that leads to port {self.options.port}",
                r"https://[\w.-]+(:\d+)?/?",
                "it begins with https:// and has no path.",
            )

    def _read_odoo(self):
        what = {
            "odoo": "Address of Odoo on this machine",
            "database": "Odoo's database",
            "login": "Login of a phone user",
            "password": "That user's password",
        }
        found = {}
        for key, text in what.items():
            name = f"TELEPHONY_LIVE_{key.upper()}"
            found[key] = self._value(
                name, text, r".+", "it must not be empty.", secret=key == "password"
            ).rstrip("/")
        return found

    def run(self):
        """Run and return the exit code."""
        if self.options.list:
            self.state = State(None, self.options.folder)
            return self._show_list()
        self._read()
        self.state = State(self.sid, self.options.folder)
        shapes = Shapes(self.state.shapes)
        self.odoo = self._read_odoo() if self.options.conversations else {}
        self.listener = Listener(self.public, self.options.port, shapes, self.odoo.get("odoo"))
        self.listener.auth_tokens.append(self.token)
        self.account = Account(
            self.sid, self.token, self.number, self.server, shapes, self.state.left
        )
        phone_class = EmulatedPhone if self.server else MobilePhone
        first = self.server or self.console
        self.browser = None
        try:
            self.resource = self.account.check()
            if self.options.clean:
                return 0
            self._check_public()
            self.phone = phone_class(first, self.mobile)
            self.browser = CallingBrowser(self.account, self.listener, self.phone)
            self.live = Live(self.account, self.listener, self.phone, self.browser, self.console)
            self.expected, forms = reference.measure(self.state.folder, self.console)
            try:
                self._ask_all()
            finally:
                self._report(shapes, forms)
        finally:
            self._end()
        return 0

    def _check_public(self):
        """Check that the public address leads here.

        :raise Stopped: if it does not.
        """
        word = secrets.token_hex(8)
        self.listener.files["ping"] = (word.encode(), "text/plain")
        try:
            answer = requests.get(self.listener.url("ping"), timeout=15).text
        except requests.RequestException:
            answer = None
        if answer != word:
            raise Stopped(
                "The public address does not lead to this program. Let your tunnel point to "
                f"http://127.0.0.1:{self.listener.port} and try again."
            )

    def _wanted(self):
        only = self.options.only
        for question in QUESTIONS:
            before = self.state.answers.get(question.key, {})
            if question.number in only if only else before.get("state") != ANSWERED:
                yield question

    def _ask_all(self):
        wanted = list(self._wanted())
        if not wanted:
            self.console.say("All questions are answered. To ask one again: dev/live --only N")
        for question in wanted:
            self.console.say(f"\n{question.number}. {question.title}\n   {question.how}")
            if not self.console.confirm("   Ask?"):
                continue
            answer = ask(question, self.live, self.resource)
            self.state.answers[question.key] = answer
            self.state.save()
            expected = self.expected.get(question.key, {})
            verdict, change = judge(question, answer, expected)
            words = " ".join(filter(None, (answer["outcome"], answer["note"])))
            self.console.say(f"   {words} - {verdict}")
            for name, value in change.items():
                self.console.say(f"   Emulator setting: {name} = {value!r}")
        if self.options.conversations:
            from .conversations import hold_all

            hold_all(self, self.odoo)

    def _report(self, shapes, forms):
        differences = shapes.differences(forms)
        result = report.make(
            self.state.answers,
            self.expected,
            differences,
            self.state.steps,
            self.listener.unsigned,
        )
        secret = [*self.listener.auth_tokens, self.account.auth_token]
        secret += [self.public.rstrip("/"), self.public.split("//")[-1].rstrip("/")]
        path = report.write(result, self.state.folder, Redaction(secret))
        change = report.settings_to_change(result)
        self.console.say(f"\nThe report: {path}")
        self.console.say(
            "The emulator reacts like this account."
            if not change
            else "To make the emulator react like this account:\n  "
            + "\n  ".join(f"{name} = {value!r}" for name, value in change.items())
        )

    def _end(self):
        """Remove what this run made, also after an interruption, and keep the rest for the next."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.browser:
            self.browser.close()
        problems = self.account.remove_all()
        self.state.save()
        self.listener.close()
        for problem in problems:
            self.console.say(Redaction().clean(problem))
        if problems:
            self.console.say("To try again: dev/live --clean")

    def _show_list(self):
        for question in QUESTIONS:
            answer = self.state.answers.get(question.key, {})
            self.console.say(f"{question.number:2}. {question.title}")
            self.console.say(f"    {question.how}\n    {question.documented}")
            found = answer.get("outcome") or answer.get("note") or "not asked yet"
            self.console.say(f"    Answer: {Redaction().clean(found)}")
        return 0


def _interrupt(*_details):
    raise KeyboardInterrupt


def main():
    """Run the program; an interruption ends it after the removal of what it made."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        return Run(parse()).run()
    except Stopped as reason:
        print(reason, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted. What is answered is kept; the same command continues.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
