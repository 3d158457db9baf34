"""Names of languages, in plain Python."""

# Characters of the longest text that is spoken: five minutes.
LONGEST_TEXT = 5000


def to_language_tag(code):
    """Return the tag of a language, as providers and browsers write it (BCP 47).

    :param str code: Odoo's code, as `fr_BE` or `sr@latin`; empty for the default language
    :return: the tag, as `fr-BE` or `sr`
    :rtype: str
    """
    return (code or "en_US").split("@")[0].replace("_", "-")
