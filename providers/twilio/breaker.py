"""Circuit breaker: requests to a provider that does not answer are paused for a while.

Without it, every request during an outage would wait for its own timeout. Its state lives in the
memory of its process only, because it is no data of a call. Each process detects an outage by
itself, and a new process tries again.
"""

import threading
import time
from collections import defaultdict

# Consecutive requests without an answer after which the next ones fail at once.
LIMIT = 3
# Seconds until the next request may test whether the provider is back.
PAUSE = 10


class Breaker:
    """Results of the last requests of one account."""

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
        """Record the result of a request.

        :param bool answered: the provider answered, even with a refusal
        """
        with self._lock:
            self._failures = 0 if answered else self._failures + 1
            self._closed_until = time.monotonic() + PAUSE


#: Breaker of each account, by its SID and the server that replaces Twilio's.
breakers = defaultdict(Breaker)
