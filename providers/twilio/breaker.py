"""A breaker: a provider that does not answer is left alone for a while.

Without it each request of a time without a provider would wait for its own timeout. What a breaker
knows lives in the memory of its process, unlike everything else: it is a note of bad luck and no
truth about a call. Another process finds out by itself, and a process that begins anew tries again.
"""

import threading
import time
from collections import defaultdict

# Requests in a row without any answer after which the next ones fail at once.
LIMIT = 3
# Seconds until the next request may try whether the provider is back.
PAUSE = 10


class Breaker:
    """What happened to the last requests of one account."""

    def __init__(self):
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0

    def allows(self):
        """Return whether a request may be sent; after the pause one may, and the others wait."""
        with self._lock:
            if self._failures < LIMIT:
                return True
            now = time.monotonic()
            if now < self._closed_until:
                return False
            self._closed_until = now + PAUSE
            return True

    def note(self, answered):
        """Remember how a request went.

        :param bool answered: the provider said something, if only no
        """
        with self._lock:
            self._failures = 0 if answered else self._failures + 1
            self._closed_until = time.monotonic() + PAUSE


#: The breaker of each account, by its SID and the server that stands in for Twilio's.
breakers = defaultdict(Breaker)
