"""Access tokens of browsers.

https://www.twilio.com/docs/iam/access-tokens
"""

import time

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

# Seconds. A token cannot be revoked, so it is short-lived; the page renews it.
TTL = 3600
# Seconds by which this server's clock may be ahead of Twilio's, which refuses tokens that are not
# valid yet.
# https://www.twilio.com/docs/api/errors/20157
TOLERANCE = 60


def make_token(account_sid, key_sid, key_secret, identity, application_sid):
    """Return the token with which a browser may call our application, and nothing else.

    :param str identity: opaque, letters, digits and underscores
    :return: the signed token
    :rtype: str
    """
    token = AccessToken(
        account_sid,
        key_sid,
        key_secret,
        identity=identity,
        ttl=TTL,
        nbf=int(time.time()) - TOLERANCE,
    )
    # Browsers are not rung through Twilio, so the token does not allow it.
    token.add_grant(VoiceGrant(incoming_allow=False, outgoing_application_sid=application_sid))
    return token.to_jwt()
