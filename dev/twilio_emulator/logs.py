"""What the control API shows of the past: webhooks sent, requests received, errors seen."""

from collections import deque

from .clock import now

#: Entries kept of each log; older ones are forgotten.
LIMIT = 5000


class Logs:
    """Bounded, append-only lists of plain dictionaries."""

    def __init__(self):
        self.webhooks = deque(maxlen=LIMIT)
        self.requests = deque(maxlen=LIMIT)
        self.errors = deque(maxlen=LIMIT)

    def clear(self):
        """Forget everything."""
        for log in (self.webhooks, self.requests, self.errors):
            log.clear()

    def error(self, code, message, **details):
        """Note something that Twilio would show in its debugger.

        :param int code: Twilio's error code, or 0 for a fault of the emulator itself.
        """
        self.errors.append(
            {"at": now().isoformat(), "code": code, "message": message, **details}
        )
