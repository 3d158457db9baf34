"""``dev/live`` asks an emulator, in place of a real account: a usual one and a surprising one."""

import json
import os
import pty
import re
import signal
from contextlib import suppress
from types import SimpleNamespace

import pytest
import requests

from harness.places import REPO
from harness.polling import until
from live_lib.account import Account
from live_lib.console import Console
from live_lib.phones import MobilePhone, NotAsked
from live_lib.questions import QUESTIONS, ask_promotion, mp3_channels
from live_lib.redaction import Redaction
from live_lib.shapes import Shapes, type_of
from twilio_emulator.settings import Settings
from twilio_emulator.unknown import OPPOSITES

from .conftest import ACCOUNT, MOBILE, NUMBER, TOKEN

SURPRISING = pytest.mark.parametrize("program", [("--surprising",)], indirect=True)


def report_of(program):
    """Return the JSON report, after checking that both files are without secrets and numbers."""
    texts = [(program.folder / name).read_text() for name in ("report.json", "report.md")]
    for text in texts:
        for secret in (ACCOUNT, TOKEN, NUMBER, MOBILE, NUMBER[1:], MOBILE[1:]):
            assert secret not in text
        assert not re.search(r"\+\d{6,}|\b[A-Z]{2}[0-9a-f]{32}\b", text)
    return json.loads(texts[0])


def is_clean(program):
    """Return whether the account is as before."""

    def get(path):
        address = f"{program.base}/2010-04-01/Accounts/{ACCOUNT}/{path}.json"
        return requests.get(address, auth=(ACCOUNT, TOKEN), timeout=20).json()

    [number] = get("IncomingPhoneNumbers")["incoming_phone_numbers"]
    left = [*get("Applications")["applications"], *get("Keys")["keys"], *get("Queues")["queues"]]
    left += get("Recordings")["recordings"]
    left += requests.get(f"{program.base}/emulator/calls?live=1", timeout=20).json()
    return not left and number["voice_url"] == ""


def test_usual_account_is_as_the_emulator(program):
    code, output = program.run("--yes")
    assert code == 0, output
    report = report_of(program)
    verdicts = {row["number"]: (row["verdict"], row["note"]) for row in report["questions"]}
    assert {v for v, _note in verdicts.values()} == {"as the emulator"}, verdicts
    assert [d for d in report["differences"] if "emulator" in d["what"]] == []
    assert "The emulator reacts like this account." in output


@SURPRISING
def test_surprising_account_differs_in_all_fifteen(program):
    code, output = program.run("--yes")
    assert code == 0, output
    report = report_of(program)
    verdicts = {row["number"]: (row["verdict"], row["note"]) for row in report["questions"]}
    assert len(verdicts) == 15
    assert {v for v, _note in verdicts.values()} == {"differs"}, verdicts
    change = {n: v for row in report["questions"] for n, v in row["change"].items()}
    assert set(change) == set(OPPOSITES)
    surprising = Settings()
    surprising.update({"surprising": True})
    exact = {n: v for n, v in change.items() if not n.endswith("_lag")}
    assert exact == {name: getattr(surprising, name) for name in exact}
    for name, value in change.items():
        assert f"{name} = {value!r}" in output


def test_single_request_leaves_nothing(program):
    code, output = program.run("--yes", "--only", "2", "7", "15")
    assert code == 0, output
    assert is_clean(program)
    asked = {row["number"] for row in report_of(program)["questions"] if row["outcome"]}
    assert asked == {2, 7, 15}


def test_interruption_removes_everything_and_continues(program):
    process = program.start("--yes", "--only", "4", "2")

    def rings():
        return requests.get(f"{program.base}/emulator/calls?live=1", timeout=20).json()

    until(rings, "a call is live", 90)
    process.send_signal(signal.SIGTERM)
    output, _none = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Interrupted" in output
    assert is_clean(program)
    code, output = program.run("--yes", "--only", "2")
    assert code == 0 and is_clean(program)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC123"}, "an account SID is AC and 32 hexadecimal digits"),
        ({"TWILIO_AUTH_TOKEN": "short"}, "an auth token is 32 hexadecimal digits"),
        ({"TELEPHONY_LIVE_MOBILE": "0470 11 12 22"}, "begins with + and the country code"),
        ({"TWILIO_AUTH_TOKEN": "d" * 32}, "Twilio refuses the account SID or the auth token"),
        ({"TELEPHONY_LIVE_NUMBER": "+3225559999"}, "does not belong to this account"),
        ({"TELEPHONY_LIVE_SERVER": ""}, "set the environment variable TELEPHONY_LIVE_URL"),
        ({"TELEPHONY_LIVE_SERVER": "http://127.0.0.1:9"}, "Twilio cannot be reached"),
    ],
)
def test_bad_input_gets_a_sentence(program, values, sentence):
    code, output = program.run("--yes", "--only", "7", **values)
    assert code == 2
    assert sentence in output
    assert "Traceback" not in output and TOKEN not in output


def test_person_is_asked_at_the_keyboard():
    ours = ("TWILIO_", "TELEPHONY_LIVE_")
    environment = {n: v for n, v in os.environ.items() if not n.startswith(ours)}
    process, terminal = pty.fork()
    if not process:
        os.execve(REPO / "dev/live", ["dev/live"], environment)
    shown = b""
    with suppress(OSError):  # the end of the program closes the terminal
        while part := os.read(terminal, 4096):
            asked, shown = shown.count(b"Account SID:"), shown + part
            if shown.count(b"Account SID:") > asked:
                os.write(terminal, b"AC123\n")
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 2
    os.close(terminal)
    assert b"an account SID is AC and 32 hexadecimal digits" in shown


def test_list_needs_no_credentials(program):
    code, output = program.run("--list", TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="")
    assert code == 0
    for question in QUESTIONS:
        assert question.title in output


def test_no_token_is_promoted_without_a_person():
    with pytest.raises(NotAsked, match="no auth token is promoted"):
        MobilePhone(Console(yes=True, quiet=True), MOBILE).promote_token()


def test_mistyped_new_token_leaves_the_old_one_in_use(program):
    account = Account(ACCOUNT, TOKEN, NUMBER, program.base, Shapes(), [])
    phone = SimpleNamespace(promote_token=lambda: "0" * 32)
    live = SimpleNamespace(client=account.client, account=account, phone=phone)
    with pytest.raises(NotAsked, match="does not accept"):
        ask_promotion(live)
    assert account.auth_token == TOKEN
    assert account.remove_all() == []


def test_each_surprise_belongs_to_one_question():
    known = [name for q in QUESTIONS for name in {n for o in q.outcomes.values() for n in o}]
    assert sorted(known) == sorted(OPPOSITES)
    assert [q.number for q in QUESTIONS] == list(range(1, 16))


def test_shapes_find_missing_additional_and_changed_names():
    usual, real = Shapes(), Shapes()
    usual.add(
        "status", [("CallSid", "CA" + "1" * 32), ("CallStatus", "busy"), ("To", "+3225550100")]
    )
    real.add("status", [("CallStatus", "busy"), ("CallSid", "unknown"), ("Fresh", "12")])
    assert [d["what"] for d in real.differences(usual)] == [
        "Fresh: not in the emulator (integer)",
        "CallSid: word instead of CA…",
        "To: only in the emulator",
        "the order of the names differs",
    ]
    usual.add("empty", [("FriendlyName", "word"), ("Url", "")])
    real.add("empty", [("FriendlyName", "two words"), ("Url", "https://a.example/")])
    assert not [d for d in real.differences(usual) if d["kind"] == "empty"]
    assert [type_of(v) for v in (None, "", "true", "0.5", "Sun, 29 Nov 2026 14:00:00 +0000")] == [
        "null",
        "empty",
        "boolean",
        "decimal",
        "date",
    ]


def test_redaction_keeps_numbers_apart():
    clean = Redaction(["https://crm.example"]).clean
    text = clean(
        f"+32470111222 calls {NUMBER} by CA{'1' * 32} at https://crm.example, +32470111222"
    )
    assert text == "+32…01 calls +32…02 by CA1111… at …, +32…01"


@pytest.mark.parametrize(("fourth", "channels"), [(0xC0, 1), (0x00, 2), (0x40, 2)])
def test_channels_of_an_mp3_file(fourth, channels):
    assert mp3_channels(b"ID3\4\0\0\0\0\0\2xx" + bytes([0xFF, 0xE3, 0x18, fourth])) == channels
    assert mp3_channels(b"RIFF....WAVE") is None
