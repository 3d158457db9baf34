"""Waiting for conditions, never for time."""

import time

#: Maximum time of a condition in seconds, on a loaded machine with two cores.
PATIENCE = 25.0
_PAUSE = 0.08


class NotYet(AssertionError):
    """A condition did not come true in time."""


def until(condition, what, timeout=PATIENCE):
    """Evaluate a condition repeatedly until it is true.

    :param condition: callable; an AssertionError, LookupError or false value means “not yet”.
    :param str what: the condition in words, for the report.
    :param float timeout: seconds.
    :return: the first true answer.
    :raise NotYet: if it does not become true in time.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, LookupError) as error:
            last = repr(error)
        if time.monotonic() > deadline:
            raise NotYet(f"{what}: not within {timeout:.0f} s (last: {last!r:.600})")
        time.sleep(_PAUSE)


def stays(condition, what, seconds):
    """Check during some time that a condition remains true.

    :param condition: callable.
    :param str what: the condition in words.
    :param float seconds: how long it must hold.
    :raise AssertionError: as soon as it is false.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"{what}: no longer"
        time.sleep(_PAUSE)
