"""Text that others wrote, made fit for a log and for an error."""

# As long as any number that is typed, with spaces.
MAX_LENGTH = 40


def printable(text, length=MAX_LENGTH):
    """Return the beginning of a text, on one line.

    Odoo logs the errors that it shows: a line break in them would begin a line of its own.

    :param text: as it was typed or sent, of any type
    :param int length: how many characters of it
    :rtype: str
    """
    text = str(text or "")
    cut = text[:length] + "…" if len(text) > length else text
    return "".join(character if character.isprintable() else " " for character in cut)
