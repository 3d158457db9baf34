"""The proof that a request comes from Twilio.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from twilio.request_validator import RequestValidator


def is_signed(auth_token, url, form, signature):
    """Check the signature of a request.

    :param str auth_token: the account's secret
    :param str url: the address Twilio was told to ask, with its query, as configured by us
    :param form: the posted fields only, as a multi-value dictionary with empty values kept
    :param str signature: the header `X-Twilio-Signature`
    :rtype: bool
    """
    if not auth_token or not signature:
        return False
    return RequestValidator(auth_token).validate(url, form, signature)
