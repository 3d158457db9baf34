"""Removal of numbers, identifiers and secrets from everything that is written."""

import re

_NUMBER = re.compile(r"\+\d{6,15}")
_SID = re.compile(r"\b([A-Z]{2})([0-9a-fA-F]{4})[0-9a-fA-F]{28}\b")
_LONG_HEX = re.compile(r"\b[0-9a-fA-F]{32,}\b")


class Redaction:
    """Replaces numbers by placeholders, which are the same for the same number.

    :param secrets: texts that never appear, as tokens and the public address.
    """

    def __init__(self, secrets=()):
        self.secrets = [text for text in secrets if text]
        self._numbers = {}

    def clean(self, text):
        """Return a text without anything that belongs to the account or a person."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        text = _NUMBER.sub(self._placeholder, text)
        text = _SID.sub(r"\1\2…", text)
        return _LONG_HEX.sub("…", text)

    def _placeholder(self, match):
        number = match.group()
        index = self._numbers.setdefault(number, len(self._numbers) + 1)
        return f"{number[:3]}…{index:02}"
