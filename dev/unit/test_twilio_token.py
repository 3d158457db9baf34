"""Access tokens of browsers."""

import time

import jwt
import pytest
from providers.twilio.token import TTL, make_token

ACCOUNT = "AC" + "a" * 32
KEY = "SK" + "b" * 32
SECRET = "c" * 32
APPLICATION = "AP" + "d" * 32


def make():
    return make_token(ACCOUNT, KEY, SECRET, "u_12", APPLICATION)


def test_claims():
    """Z05: a browser may call our application, and nothing else."""
    token = make()
    claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    assert claims["iss"] == KEY
    assert claims["sub"] == ACCOUNT
    assert claims["jti"].startswith(KEY)
    # A clock that is up to a minute ahead does no harm.
    assert -61 <= claims["nbf"] - time.time() <= -59
    assert time.time() < claims["exp"] <= time.time() + TTL + 1
    assert claims["grants"]["identity"] == "u_12"
    voice = claims["grants"]["voice"]
    assert voice["outgoing"] == {"application_sid": APPLICATION}
    assert not voice.get("incoming", {}).get("allow")
    assert set(claims["grants"]) == {"identity", "voice"}


def test_header():
    assert jwt.get_unverified_header(make()) == {
        "typ": "JWT",
        "alg": "HS256",
        "cty": "twilio-fpa;v=1",
    }


def test_secret_is_not_in_the_token():
    assert SECRET not in make()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(make(), "x" * 32, algorithms=["HS256"])


def test_token_lives_an_hour_at_most():
    assert 600 <= TTL <= 3600
