"""What a run remembers for the next one: answers, forms of messages, what is left to remove."""

import hashlib
import json
import os

from places import STATE

from .console import Stopped

FOLDER = STATE / "live"


class State:
    """The state file of one account; it contains identifiers, but no secret and no number.

    :param str account_sid: another account begins anew; None only reads.
    """

    def __init__(self, account_sid, folder=FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.path = folder, folder / "state.json"
        data = json.loads(self.path.read_text()) if self.path.exists() else {}
        if account_sid:
            self.account = hashlib.sha256(account_sid.encode()).hexdigest()[:16]
            if data.get("account") != self.account:
                if data.get("left"):
                    raise Stopped(
                        "A run for another account left something there: first run "
                        "dev/live --clean with that account."
                    )
                data = {}
        self.answers = data.get("answers", {})
        self.steps = data.get("steps", {})
        self.shapes = data.get("shapes", {})
        self.left = data.get("left", [])

    def save(self):
        """Write the file, readable by its owner only."""
        temporary = self.path.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump(
                {
                    "account": self.account,
                    "answers": self.answers,
                    "steps": self.steps,
                    "shapes": self.shapes,
                    "left": self.left,
                },
                f,
            )
        temporary.replace(self.path)
