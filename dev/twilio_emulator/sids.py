"""Identifiers in Twilio's form: two letters and 32 hexadecimal digits."""

import re
import secrets

_SID = re.compile(r"^[A-Z]{2}[0-9a-fA-F]{32}$")


def new_sid(prefix):
    """Return a fresh identifier, for example ``CA`` + 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def is_sid(value, prefix):
    """Return whether ``value`` has the form of an identifier that starts with ``prefix``."""
    return bool(_SID.match(value or "")) and value.startswith(prefix)
