"""Access tokens of browsers.

https://www.twilio.com/docs/iam/access-tokens
"""

import time

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

# Seconds. A token cannot be revoked, so it is short-lived; the page renews it.
TTL = 3600


def make_token(account_sid, key_sid, key_secret, identity, application_sid, region=None):
    """Return the token with which a browser may call our application, and nothing else.

    :param str identity: opaque, letters, digits and underscores
    :return: the signed token
    :rtype: str
    """
    token = AccessToken(
        account_sid, key_sid, key_secret, identity=identity, ttl=TTL, region=region or None
    )
    # Browsers are not rung through Twilio, so the token does not allow it.
    token.add_grant(VoiceGrant(incoming_allow=False, outgoing_application_sid=application_sid))
    return token.to_jwt()
