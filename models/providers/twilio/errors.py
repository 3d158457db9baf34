"""What Twilio's error codes mean, in sentences for an administrator.

https://www.twilio.com/docs/api/errors
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

CREDENTIALS = _lt("Twilio refused the credentials. Check the account SID and the auth token.")
NOT_ACTIVE = _lt(
    "The Twilio account is not active, usually because there is no money left. Add money to it in "
    "Twilio's console."
)
ADDRESS_NEEDED = _lt(
    "This number needs an address that Twilio has checked. Add one in Twilio's console, or choose "
    "a number of another kind or country."
)
BUNDLE_NEEDED = _lt(
    "This country asks for proof of who uses the number. Have a regulatory bundle approved in "
    "Twilio's console, and buy the number there; it appears here when you synchronize."
)

SENTENCES = {
    401: CREDENTIALS,
    20003: CREDENTIALS,
    20005: NOT_ACTIVE,
    10001: NOT_ACTIVE,
    20429: _lt("Twilio is receiving too many requests from this account. Try again in a moment."),
    21404: _lt("A trial account may have one number only. Upgrade it in Twilio's console."),
    21421: _lt("Twilio does not know this number. Search again."),
    21422: _lt("Somebody else has just taken this number. Choose another one."),
    21452: _lt("Twilio has no numbers with this area code."),
    21613: ADDRESS_NEEDED,
    21615: ADDRESS_NEEDED,
    21631: ADDRESS_NEEDED,
    21649: BUNDLE_NEEDED,
    21650: BUNDLE_NEEDED,
}


def explain(code):
    """Return what an error code means.

    :param int code: Twilio's error code or the HTTP status
    :return: a text to translate, or None when the code is not known here
    """
    return SENTENCES.get(code)
