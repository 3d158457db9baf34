"""Text that others wrote, made fit for a log and for an error."""

# As long as any number that is typed, with spaces.
MAX_LENGTH = 40


def printable(text):
    """Return the beginning of a text, on one line.

    Odoo logs the errors that it shows: a line break in them would begin a line of its own.

    :param text: as it was typed or sent, of any type
    :rtype: str
    """
    text = str(text or "")
    cut = text[:MAX_LENGTH] + "…" if len(text) > MAX_LENGTH else text
    return "".join(character if character.isprintable() else " " for character in cut)
