"""What a webhook of Twilio is about, as far as its signed address and fields say.

The names are read before anything else of the request, to lock the call (`models/gate.py`). A wrong
or missing name costs a lost race, nothing else; the handlers read the request themselves.
"""

import re

from werkzeug.datastructures import MultiDict

from .events import LEG_STATUS, NAME, ONCE, parse_number, parse_sid

# Webhooks that change no row.
UNGATED = {"announce", "keys"}
# Reports that never offer a call to an agent. All other webhooks may. Those of a verification name
# or of a test call name its leg, which no call has: they wait for each other, and for the question
# of a page.
REPORTS = {"caller_id", "conference", "recording", "call_me_status"}
# Webhooks that have no voice response.
SILENT = {*REPORTS, "status"}
NUMBER = re.compile(r"\+?[0-9]{1,20}")


def _parse(pattern, text):
    return text if pattern.fullmatch(text or "") else ""


def without_zeros(values):
    """Return the parameters of a webhook without zero bytes.

    PostgreSQL has no text with a zero byte: a search for one is an error.

    :param values: parameters of the address, or posted fields
    :rtype: MultiDict
    """
    return MultiDict((name, value.replace("\0", "")) for name, value in values.items(multi=True))


def is_report(path):
    """Return whether a webhook reports something, and does not ask for a voice response.

    :param str path: last part of the path
    :rtype: bool
    """
    return path in SILENT


def get_repeated(query, form):
    """Return the query with which Twilio is asked to repeat a webhook: nothing of it gets lost.

    :param query: parameters of the address
    :param form: posted fields
    :rtype: dict(str, str)
    """
    return {**query, **{name: form[name] for name in ONCE if form.get(name)}}


def get_names(path, query, form):
    """Return the names by which a webhook's call is found, see `find_keys`.

    :param str path: last part of the path, such as `status`
    :param query: parameters of the address
    :param form: posted fields
    :return: keywords; None when the webhook changes no call
    :rtype: dict | None
    """
    if path in UNGATED:
        return None
    names = {
        "uuid": _parse(
            NAME,
            query.get("call") or form.get("uuid") or form.get("FriendlyName") or query.get("uuid"),
        ),
        "legs": [parse_sid(form.get("CallSid"))],
        "leg_id": parse_number(query.get("leg")) or 0,
        "recording_id": parse_number(query.get("recording")) or 0,
        "routes": path not in REPORTS,
    }
    if path == "voice":
        names["number"] = _parse(NUMBER, form.get("To"))
    elif path == "client":
        names["identity"] = _parse(NAME, (form.get("From") or "").removeprefix("client:"))
    elif path == "status":
        status, _reason = LEG_STATUS.get(form.get("CallStatus"), ("", ""))
        names["routes"] = status == "ended"
        # A leg with an identifier of ours may be an agent's phone: others are rung in its place.
        names["ends"] = not names["leg_id"]
    return names
