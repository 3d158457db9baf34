"""Logs of the control API: sent webhooks, received requests, errors."""

import json
from collections import deque

from .clock import now

#: Maximum entries of each log; older ones are dropped.
LIMIT = 5000


class Logs:
    """Bounded, append-only lists of plain dictionaries.

    :param Path journal: file for one line of JSON per webhook, without a limit; None: not kept.
    """

    def __init__(self, journal=None):
        # Line by line, so that it can be read while the emulator runs.
        self._journal = journal and journal.open("w", encoding="utf-8", buffering=1)
        self.webhooks = deque(maxlen=LIMIT)
        self.requests = deque(maxlen=LIMIT)
        self.errors = deque(maxlen=LIMIT)

    def clear(self):
        """Remove all entries."""
        for log in (self.webhooks, self.requests, self.errors):
            log.clear()

    def webhook(self, entry):
        """Log a request to the application and its answer."""
        self.webhooks.append(entry)
        if self._journal:
            # Documents are short, sounds are not.
            body = entry["body"] if "xml" in (entry["content_type"] or "") else None
            self._journal.write(json.dumps({**entry, "body": body}) + "\n")

    def error(self, code, message, **details):
        """Log an entry of Twilio's debugger.

        :param int code: Twilio's error code, or 0 for a fault of the emulator itself.
        """
        self.errors.append({"at": now().isoformat(), "code": code, "message": message, **details})
