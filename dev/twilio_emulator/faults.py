"""Deliberate faults of webhooks and of the REST API."""

import random
import re
import secrets
from dataclasses import dataclass

CALLBACK_KINDS = ("duplicate", "shuffle", "delay", "drop")
#: ``lost``, ``slow`` and ``503_done`` carry the request out: the answer is lost, late, or an error.
REST_KINDS = ("429", "5xx", "timeout", "lost", "slow", "503_done")
CARRIED_OUT = ("lost", "slow", "503_done")
#: Seconds for a rule without its own; a REST time-out hangs longer than any client waits.
SECONDS = {"timeout": 60.0}


@dataclass
class Fault:
    """One rule.

    :param str kind: one of the kinds above.
    :param str path: regular expression that the address must contain; empty = any.
    :param str method: HTTP method of REST requests, empty = any.
    :param float probability: 0–1.
    :param count: number of remaining occurrences, None = unlimited.
    :param seconds: length of a delay, spread of a shuffle or duplicate, wait of a time-out or
        slow answer.
    """

    kind: str
    path: str = ""
    method: str = ""
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None

    def __post_init__(self):
        if self.kind not in CALLBACK_KINDS + REST_KINDS:
            raise ValueError(f"Unknown fault {self.kind!r}")
        re.compile(self.path)
        if self.seconds is None:
            self.seconds = SECONDS.get(self.kind, 1.0)


class Faults:
    """The active rules."""

    def __init__(self):
        self.rules, self._random = [], random.Random(1)

    def clear(self):
        """Remove all rules."""
        self.rules.clear()
        self._random.seed(1)

    def set(self, rules):
        """Replace all rules.

        :param list rules: dictionaries with the fields of :class:`Fault`.
        :raise ValueError, TypeError: for a rule that cannot be understood.
        """
        self.rules = [Fault(**rule) for rule in rules]

    def as_list(self):
        """Return the rules as dictionaries."""
        return [vars(rule) for rule in self.rules]

    def _take(self, kinds, path, method=""):
        """Return the first rule that applies now, and count it."""
        for rule in self.rules:
            if rule.kind not in kinds or rule.count == 0:
                continue
            if not re.search(rule.path, path) or rule.method not in ("", method):
                continue
            if self._random.random() < rule.probability:
                if rule.count is not None:
                    rule.count -= 1
                return rule
        return None

    def deliveries(self, kind, url):
        """Return one (delay in s, idempotency token) for each delivery of a webhook."""
        path = f"{kind} {url}"
        token = secrets.token_hex(16)
        if self._take(("drop",), path):
            return []
        delay = 0.0
        late = self._take(("delay",), path)
        if late:
            delay += late.seconds
        mixed = self._take(("shuffle",), path)
        if mixed:
            delay += self._random.random() * mixed.seconds
        twice = self._take(("duplicate",), path)
        if twice:
            return [(delay, token), (delay + self._random.random() * twice.seconds, token)]
        return [(delay, token)]

    def rest(self, path, method):
        """Return the rule that makes a REST request fail, or None."""
        return self._take(REST_KINDS, path, method)
