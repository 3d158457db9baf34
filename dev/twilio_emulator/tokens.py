"""Checks the access tokens of browsers."""

import time

import jwt


class TokenRefused(Exception):
    """A token is not accepted.

    :param int code: 31204 (not valid) or 31205 (expired), as the Voice SDK knows them.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def verify(token, keys, account_sid, region):
    """Return the claims of an access token.

    :param dict keys: API keys by identifier, each with its ``secret``.
    :param str account_sid: the required account.
    :param str region: the required region; a token that names none is for ``us1``.
    :raise TokenRefused: if it is expired, for another account, or not signed by a known key.
    """
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        secret = keys[issuer]["secret"]
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            options={"verify_aud": False, "require": ["exp", "iss", "sub"], "verify_jti": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused(31205, "JWT token expired") from error
    except KeyError as error:
        raise TokenRefused(31204, "The API key of the token is not known") from error
    except jwt.InvalidTokenError as error:
        raise TokenRefused(31204, f"JWT token is invalid: {error}") from error
    if header.get("cty") != "twilio-fpa;v=1":
        raise TokenRefused(31204, "The token's content type is not twilio-fpa;v=1")
    if claims["sub"] != account_sid:
        raise TokenRefused(31204, "The token is for another account")
    if header.get("twr", "us1") != region:
        raise TokenRefused(31204, "The token is for another region")
    if claims["exp"] - time.time() > 24 * 3600 + 60:
        raise TokenRefused(31207, "The token lives too long")
    grants = claims.get("grants") or {}
    if not grants.get("identity") or "voice" not in grants:
        raise TokenRefused(31204, "The token has no identity or no voice grant")
    return claims
