"""Explanations of Twilio's error codes, as sentences for an administrator.

https://www.twilio.com/docs/api/errors
"""


def _lt(text):
    """Mark a text for translation; the code that shows it translates it."""
    return text


CREDENTIALS = _lt("Twilio refused the credentials. Check the account SID and the auth token.")
NOT_ACTIVE = _lt(
    "The Twilio account is not active, usually because its balance is used up. Add funds in the "
    "Twilio Console."
)
ADDRESS_NEEDED = _lt(
    "This number requires a validated address. Add one in the Twilio Console, or choose a number "
    "of another type or country."
)
BUNDLE_NEEDED = _lt(
    "This country requires proof of identity. Get a regulatory bundle approved in the Twilio "
    "Console and buy the number there, then synchronize your numbers."
)

SENTENCES = {
    401: CREDENTIALS,
    20003: CREDENTIALS,
    20005: NOT_ACTIVE,
    10001: NOT_ACTIVE,
    20429: _lt("Twilio is receiving too many requests from this account. Try again in a moment."),
    21404: _lt("A trial account can have only one number. Upgrade it in the Twilio Console."),
    21421: _lt("This number is no longer available. Search again."),
    21422: _lt("This number has just been bought by someone else. Choose another one."),
    21452: _lt("Twilio has no numbers with this area code."),
    21613: ADDRESS_NEEDED,
    21615: ADDRESS_NEEDED,
    21631: ADDRESS_NEEDED,
    21649: BUNDLE_NEEDED,
    21650: BUNDLE_NEEDED,
}


def explain(code):
    """Return the explanation of an error code.

    :param int code: Twilio's error code or the HTTP status
    :return: a text to translate, or None for an unknown code
    """
    return SENTENCES.get(code)
