"""Kinds of Twilio's errors, and their explanations as sentences for an administrator.

https://www.twilio.com/docs/api/errors
"""

import re


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

# Twilio's error codes -> kinds of `ProviderError`.
CODES = {
    10001: "account_inactive",
    10002: "trial_feature",
    10004: "calls_limit",
    13805: "trial_over",
    16021: "calls_limit",
    16114: "busy",  # the resource is being changed by another request
    # The label of a participant is in use: the request was sent twice, and one was carried out.
    16026: "unknown",
    20003: "unauthorized",
    20005: "account_inactive",
    20404: "not_found",
    20429: "rate_limited",
    21210: "caller_id_unknown",
    21211: "number_invalid",
    21214: "number_invalid",
    21215: "destination_closed",
    21216: "profile_required",
    21217: "number_invalid",
    21219: "number_unverified",
    21220: "not_found",  # the call is over, or not ready to be recorded yet
    21404: "account_limit",
    21421: "number_unavailable",
    21422: "number_taken",
    21450: "already_verified",
    21452: "area_empty",
    21453: "verified_elsewhere",
    21613: "address_required",
    21615: "address_required",
    21631: "address_required",
    21649: "identity_required",
    21650: "identity_required",
    31429: "rate_limited",
    573005: "caller_unverified",
}
# Codes that decide whatever the HTTP status, which Twilio does not document for them: a 429 would
# mean that the request may be repeated at once.
DECISIVE_CODES = (10004, 16021)
# The same for HTTP statuses. Those of the first group decide, whatever the code.
DECISIVE_STATUSES = {404: "not_found", 429: "rate_limited", 503: "unavailable"}
STATUSES = {401: "unauthorized", 403: "forbidden"}

SENTENCES = {
    "unauthorized": CREDENTIALS,
    "account_inactive": NOT_ACTIVE,
    "rate_limited": _lt(
        "Twilio is receiving too many requests from this account. Try again in a moment."
    ),
    "account_limit": _lt(
        "A trial account can have only one number. Upgrade it in the Twilio Console."
    ),
    "calls_limit": _lt(
        "Your Twilio account cannot carry another call at the same time. Wait until a call has "
        "ended. A business profile, approved in the Trust Hub of the Twilio Console, removes this "
        "limit."
    ),
    "profile_required": _lt(
        "Twilio does not call this number before it has approved a customer profile of your "
        "account, as for all numbers that begin with +1. An administrator can create the profile "
        "in the Trust Hub of the Twilio Console."
    ),
    "number_unverified": _lt(
        "This is a Twilio trial account, which calls verified numbers only. Verify the number in "
        "the Twilio Console, or upgrade the account there."
    ),
    "caller_unverified": _lt(
        "This is a Twilio trial account, which accepts calls from verified numbers only. Verify "
        "the number in the Twilio Console, or upgrade the account there."
    ),
    "trial_feature": _lt(
        "A Twilio trial account does not include this. Upgrade it in the Twilio Console."
    ),
    "trial_over": _lt(
        "Twilio ends the calls of a trial account after ten minutes. Upgrade the account in the "
        "Twilio Console."
    ),
    "number_invalid": _lt("Twilio cannot call this number. Check it and try again."),
    "destination_closed": _lt(
        "Your Twilio account does not call this country, or this kind of number. An administrator "
        "can enable it in the Twilio Console, under Voice > Geo permissions."
    ),
    "caller_id_unknown": _lt(
        "Your Twilio account may not call with this number. Synchronize the numbers, or choose "
        "another caller ID."
    ),
    "number_unavailable": _lt("This number is no longer available. Search again."),
    "number_taken": _lt("This number has just been bought by someone else. Choose another one."),
    "area_empty": _lt("Twilio has no numbers with this area code."),
    "address_required": ADDRESS_NEEDED,
    "identity_required": BUNDLE_NEEDED,
    "verified_elsewhere": _lt("This number is already verified by another Twilio trial account."),
}


def get_kind(status, code):
    """Return the kind of a refusal.

    :param int status: HTTP status
    :param int code: Twilio's error code, or None
    :return: a key of `ERROR_KINDS`
    :rtype: str
    """
    if code in DECISIVE_CODES:
        return CODES[code]
    if status in DECISIVE_STATUSES:
        return DECISIVE_STATUSES[status]
    if status >= 500:
        return "unknown"
    return CODES.get(code) or STATUSES.get(status, "refused")


def get_url(code):
    """Return the address of Twilio's own explanation of an error code, or an empty text."""
    # A shorter number is a status of HTTP.
    is_code = re.fullmatch(r"\d{5}", str(code or ""))
    return f"https://www.twilio.com/docs/api/errors/{code}" if is_code else ""


def explain(kind):
    """Return the explanation of an error.

    :param str kind: a key of `ERROR_KINDS`
    :return: a text to translate, or None when there is no better one than Twilio's own
    """
    return SENTENCES.get(kind)
