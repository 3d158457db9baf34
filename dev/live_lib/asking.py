"""Asking questions one after the other, and judging the answers."""

import requests
from playwright.sync_api import Error as BrowserError
from twilio.base.exceptions import TwilioException, TwilioRestException

from harness.polling import NotYet

from .phones import NotAsked

ANSWERED, NOT_ASKED, FAILED = "answered", "not asked", "failed"


def ask(question, live, resource):
    """Ask one question and return the answer as a dictionary.

    :param resource: the account's resource.
    """
    live.begin(question.key)
    try:
        live.phone.prepare(question.key, resource)
        outcome = question.ask(live)
    except NotAsked as reason:
        return {"state": NOT_ASKED, "outcome": "", "note": str(reason)}
    except TwilioRestException as error:
        return _failure(f"Twilio refused a request: {error.status}, code {error.code}.")
    except TwilioException as error:
        return _failure(f"Twilio refused a request: {error.args[0]}.")
    except requests.RequestException as error:
        return _failure(f"A request failed: {type(error).__name__}.")
    except (NotYet, BrowserError) as error:
        return _failure(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    finally:
        _tidy(question, live)
    return {"state": ANSWERED, "outcome": outcome, "note": live.note}


def _failure(text):
    return {"state": FAILED, "outcome": "", "note": text}


def _tidy(question, live):
    live.phone.finish(question.key)
    if live.browser:
        live.browser.hang_up()
    live.account.tidy()


def judge(question, answer, expected):
    """Return the verdict in words, and the emulator's settings that correspond to the answer.

    :param dict answer: of the account.
    :param dict expected: the emulator's.
    """
    if answer is None:
        return "not asked yet", {}
    if answer["state"] != ANSWERED:
        return answer["state"], {}
    if answer["outcome"] == expected.get("outcome"):
        return "as the emulator", {}
    if answer["outcome"] not in question.outcomes:
        return "differs; the emulator has no setting for it", {}
    now = question.outcomes.get(expected.get("outcome"), {})
    wanted = question.outcomes[answer["outcome"]]
    return "differs", {n: v for n, v in wanted.items() if now.get(n) != v}
