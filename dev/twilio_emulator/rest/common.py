"""Shared by all resources: errors, forms, pages, addresses."""

import base64
import hmac
from urllib.parse import urlencode

from aiohttp import web

from ..clock import now, rfc2822
from ..defaults import API_VERSION

ACCOUNT = f"/{API_VERSION}/Accounts/{{account}}"
MAX_PAGE = 1000


class ApiError(Exception):
    """A request is refused.

    :param int status: HTTP status.
    :param int code: Twilio's error code.
    """

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self):
        """Return the refusal in Twilio's form."""
        return web.json_response(
            {
                "code": self.code,
                "message": self.message,
                "status": self.status,
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            },
            status=self.status,
        )


def not_found(request):
    """Return the error for a resource that does not exist."""
    return ApiError(404, 20404, f"The requested resource {request.path} was not found")


def region_of(request, default):
    """Return the region that a request's host names, as ``api.dublin.ie1.twilio.com`` does.

    https://www.twilio.com/docs/global-infrastructure/using-the-twilio-rest-api-in-a-non-us-region

    :param str default: region for a host that names none.
    """
    parts = request.host.partition(":")[0].split(".")
    if parts[-2:] != ["twilio", "com"]:
        return default
    return parts[-3] if len(parts) > 3 else "us1"


def authenticate(request, emulator):
    """Check account and secret, or API key and secret.

    :raise ApiError: 401 if they are wrong.
    """
    kind, _space, value = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _colon, password = base64.b64decode(value).decode().partition(":")
    except ValueError:
        user = password = ""
    config = emulator.config
    account = request.match_info.get("account", config.account_sid)
    if region_of(request, config.region) != config.region:
        # A region has secrets of its own.
        # https://www.twilio.com/docs/global-infrastructure/manage-regional-api-credentials
        raise ApiError(401, 20003, "Authenticate")
    good = any(
        hmac.compare_digest(secret.encode(), password.encode())
        for secret in emulator.store.secrets_of(user)
    )
    if kind.lower() != "basic" or not good or account != config.account_sid:
        raise ApiError(401, 20003, "Authenticate")


class Form:
    """Typed reading of a request's form.

    :param data: multi-dictionary of the form's fields.
    """

    def __init__(self, data):
        self.data = data

    def __contains__(self, name):
        return name in self.data

    def text(self, name, default=None):
        """Return a text."""
        return self.data.get(name, default)

    def need(self, name, code=21201):
        """Return a required text.

        :raise ApiError: 400 if it is missing or empty.
        """
        value = self.data.get(name)
        if not value:
            raise ApiError(400, code, f"No '{name}' parameter is specified")
        return value

    def flag(self, name, default=None):
        """Return a Boolean."""
        value = self.data.get(name)
        return default if value is None else value.lower() == "true"

    def number(self, name, default=None):
        """Return a whole number.

        :raise ApiError: 400 if it is not one.
        """
        value = self.data.get(name)
        if value in (None, ""):
            return default
        try:
            return int(value)
        except ValueError as error:
            raise ApiError(400, 20001, f"{name} is not a number") from error

    def all(self, name, default=()):
        """Return the values of a repeated field."""
        return tuple(self.data.getall(name, ())) or tuple(default)

    def callback(self, name, default_events=("completed",)):
        """Return (address, method, events) of a callback, or None without an address."""
        url = self.data.get(name)
        if not url:
            return None
        method = (self.data.get(name + "Method") or "POST").upper()
        return url, method, frozenset(self.all(name + "Event", default_events))


def check_name(form):
    """Refuse a name of more than 64 characters.

    https://www.twilio.com/docs/api/errors/70001

    :raise ApiError: 400.
    """
    if len(form.text("FriendlyName") or "") > 64:
        raise ApiError(400, 70001, "FriendlyName is longer than 64 characters")


def uri(emulator, *parts, suffix=".json"):
    """Return a resource's relative address."""
    path = "/".join((API_VERSION, "Accounts", emulator.config.account_sid, *parts))
    return "/" + path + suffix


def dates(record):
    """Return the two dates of a resource in Twilio's form."""
    return {
        "date_created": rfc2822(record["date_created"]),
        "date_updated": rfc2822(record["date_updated"]),
    }


def page(request, name, items):
    """Return one page of a list.

    :param str name: key of the list in the answer.
    :param list items: all items, serialized.
    """
    query = dict(request.query)
    try:
        size = min(MAX_PAGE, max(1, int(query.get("PageSize", 50))))
        number = max(0, int(query.get("Page", 0)))
    except ValueError as error:
        raise ApiError(400, 20001, "Page and PageSize must be numbers") from error
    start = number * size
    part = items[start : start + size]

    def address(index):
        query.update(Page=index, PageSize=size)
        return request.path + "?" + urlencode(query)

    more = start + size < len(items)
    return web.json_response(
        {
            name: part,
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, start + len(part) - 1),
            "uri": address(number),
            "first_page_uri": address(0),
            "next_page_uri": address(number + 1) if more else None,
            "previous_page_uri": address(number - 1) if number else None,
        }
    )


def whole_list(url, key, items):
    """Return a list in the form of Twilio's newer resources, on a single page.

    :param str url: public address of the list.
    :param str key: key of the list in the answer.
    :param list items: all items, serialized.
    """
    return answer(
        {
            key: items,
            "meta": {
                "key": key,
                "page": 0,
                "page_size": 50,
                "url": url,
                "first_page_url": url,
                "next_page_url": None,
                "previous_page_url": None,
            },
        }
    )


def created(data):
    """Return a 201 answer."""
    return web.json_response(data, status=201)


def answer(data):
    """Return a 200 answer."""
    return web.json_response(data)


def gone():
    """Return a 204 answer."""
    return web.Response(status=204)


def later(moment, text):
    """Compare a date with a filter's text (``YYYY-MM-DD`` or ISO): negative, 0 (same day) or 1."""
    wanted = text[:10]
    mine = (moment or now()).strftime("%Y-%m-%d")
    if len(text) > 10:
        mine, wanted = (moment or now()).strftime("%Y-%m-%dT%H:%M:%S"), text[:19].rstrip("Z")
    return (mine > wanted) - (mine < wanted)


def matches_dates(query, name, moment):
    """Return whether a date passes the filters ``Name``, ``Name<`` and ``Name>`` (inclusive)."""
    exact, before, after = (query.get(name + sign) for sign in ("", "<", ">"))
    if exact and later(moment, exact):
        return False
    if before and later(moment, before) > 0:
        return False
    return not (after and later(moment, after) < 0)
