"""What the control API shows of the past: webhooks sent, requests received, errors seen."""

import json
from collections import deque

from .clock import now

#: Entries kept of each log; older ones are forgotten.
LIMIT = 5000


class Logs:
    """Bounded, append-only lists of plain dictionaries.

    :param Path journal: gets a line of JSON for each webhook and forgets none; None: not kept.
    """

    def __init__(self, journal=None):
        # Line by line, so that it can be read while the emulator runs.
        self._journal = journal and journal.open("w", encoding="utf-8", buffering=1)
        self.webhooks = deque(maxlen=LIMIT)
        self.requests = deque(maxlen=LIMIT)
        self.errors = deque(maxlen=LIMIT)

    def clear(self):
        """Forget everything."""
        for log in (self.webhooks, self.requests, self.errors):
            log.clear()

    def webhook(self, entry):
        """Note a request to the application and its answer."""
        self.webhooks.append(entry)
        if self._journal:
            # Documents are short, sounds are not.
            body = entry["body"] if "xml" in (entry["content_type"] or "") else None
            self._journal.write(json.dumps({**entry, "body": body}) + "\n")

    def error(self, code, message, **details):
        """Note something that Twilio would show in its debugger.

        :param int code: Twilio's error code, or 0 for a fault of the emulator itself.
        """
        self.errors.append({"at": now().isoformat(), "code": code, "message": message, **details})
