"""Web addresses that a provider fetches from the internet, in plain Python."""

import ipaddress
from urllib.parse import urlsplit

LONGEST_ADDRESS = 1000
# Names that exist in local networks only.
# https://www.iana.org/assignments/special-use-domain-names
LOCAL_ENDS = (
    *("localhost", "local", "internal", "lan", "home", "corp", "intranet", "private"),
    *("home.arpa", "onion", "test", "invalid", "example", "alt"),
)


def is_public_address(url):
    """Return whether an address is https, and its host may be one of the internet.

    :param str url: what a person has typed
    :rtype: bool
    """
    if not url or len(url) > LONGEST_ADDRESS or not url.isascii() or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    has_secret = parts.username is not None or parts.password is not None
    if parts.scheme != "https" or has_secret or port == 0 or set(url) & set(' "<>\\^`{|}'):
        return False
    return _is_public_host(host)


def _is_public_host(host):
    address = _read_address(host)
    if address:
        return address.is_global
    labels = host.split(".")
    # Numbers in other notations, such as 0x7f.1, are addresses too.
    if len(labels) < 2 or not all(labels) or not labels[-1][0].isalpha():
        return False
    return not any(host == end or host.endswith(f".{end}") for end in LOCAL_ENDS)


def _read_address(host):
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
