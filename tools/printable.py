"""Untrusted text, made safe for logs and error messages."""

# Maximum length of a typed number, with spaces.
MAX_LENGTH = 40


def printable(text, length=MAX_LENGTH):
    """Return the beginning of a text, on one line.

    Odoo logs the errors that it shows: a line break in them would forge a log line.

    :param text: text as typed or received, of any type
    :param int length: maximum number of characters
    :rtype: str
    """
    text = str(text or "")
    cut = text[:length] + "…" if len(text) > length else text
    return "".join(character if character.isprintable() else " " for character in cut)
