"""Checks every request and every answer against Twilio's own OpenAPI documents."""

import json
import re
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from .rest.common import ApiError

#: Document -> (its host, text that a relevant path contains).
DOCUMENTS = {
    "twilio_api_v2010.json": (
        "https://api.twilio.com",
        re.compile(
            r"/Accounts/\{(Sid|AccountSid)\}(\.json|/(Calls|Conferences|Queues|OutgoingCallerIds"
            r"|IncomingPhoneNumbers|AvailablePhoneNumbers|Applications|Messages|Recordings|Keys"
            r"|Balance|Addresses)\b)"
        ),
    ),
    "twilio_voice_v1.json": ("https://voice.twilio.com", re.compile("DialingPermissions")),
    "twilio_trusthub_v1.json": ("https://trusthub.twilio.com", re.compile("/v1/CustomerProfiles")),
    "twilio_numbers_v2.json": (
        "https://numbers.twilio.com",
        re.compile("/v2/RegulatoryCompliance/(Regulations|Bundles)$"),
    ),
    "twilio_pricing_v1.json": ("https://pricing.twilio.com", re.compile("/v1/PhoneNumbers/")),
}
FORM = "application/x-www-form-urlencoded"


class _Request:
    """A request in the checker's form."""

    def __init__(self, host, request, body):
        self.host_url, self.method, self.path = host, request.method.lower(), request.path
        self.content_type, self.body = request.content_type, body
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(list(request.query.items())),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
            path={},
        )


class _Response:
    """An answer in the checker's form."""

    def __init__(self, response):
        self.data, self.status_code = response.body, response.status
        self.headers = Headers(list(response.headers.items()))
        self.content_type = "application/json"


class Specification:
    """Twilio's documents, made strict.

    :param Path folder: folder of the documents.
    :param Logs logs: log for every violation.
    """

    def __init__(self, folder, logs):
        self.logs, self._checkers = logs, []
        for name, (host, wanted) in DOCUMENTS.items():
            text = (folder / name).read_text()
            document = json.loads(text, object_hook=_as_sent)
            document["paths"] = {
                path: item for path, item in document["paths"].items() if wanted.search(path)
            }
            self._checkers.append((wanted, host, _strict(document), _open(document)))

    def _checker(self, path):
        """Return host, operations and checker of a path's document."""
        if path.startswith("/2010"):
            return self._checkers[0][1:]
        return next(
            (checker[1:] for checker in self._checkers[1:] if checker[0].search(path)),
            self._checkers[1][1:],
        )

    def check_request(self, request, body):
        """Refuse requests that Twilio's document does not define.

        :param bytes body: the form as received.
        :raise ApiError: 400 for a wrong or unknown parameter, 404 for an unknown address.
        """
        host, operations, checker = self._checker(request.path)
        known = operations.get((request.method.lower(), _pattern(request, operations)))
        if known is None:
            return
        # The checker reads only the known fields, so unknown ones are searched here.
        sent = [name for name, _value in parse_qsl(body.decode(), keep_blank_values=True)]
        unknown = [n for n in request.query if n not in known[0]] + [
            n for n in sent if n not in known[1]
        ]
        if unknown:
            self._refuse(request, "Unknown parameter: {}".format(", ".join(unknown)))
        try:
            checker.validate_request(_Request(host, request, body))
        except OpenAPIError as error:
            problems = _problems(error)
            if problems:
                self._refuse(request, "; ".join(problems))

    def _refuse(self, request, message):
        self.logs.error(20001, message, path=request.path, method=request.method)
        raise ApiError(400, 20001, message)

    def check_answer(self, request, body, response):
        """Log an answer of the emulator that Twilio would not give."""
        host, operations, checker = self._checker(request.path)
        if (request.method.lower(), _pattern(request, operations)) not in operations:
            self.logs.error(0, f"Not in Twilio's document: {request.path}")
            return
        try:
            checker.validate_response(_Request(host, request, body), _Response(response))
        except OpenAPIError as error:
            problems = _problems(error) or [str(error)]
            self.logs.error(
                0,
                "Answer violates Twilio's document: {}".format("; ".join(problems)),
                path=request.path,
                method=request.method,
            )


def _as_sent(schema):
    """Describe an amount as it is really sent: Twilio's own libraries read it from a text."""
    if isinstance(schema.get("x-twilio"), dict) and (
        schema["x-twilio"].get("overrideType") == "string"
    ):
        schema["type"] = "string"
    return schema


def _problems(error):
    """Return the violations in words; a missing field is left to the resource's own error."""
    cause = error.__cause__
    details = getattr(cause, "schema_errors", None)
    if details is None:
        return [str(cause or error)]
    return [
        "{}: {}".format(".".join(map(str, d.absolute_path)) or "body", d.message)
        # An empty value clears a property, whatever its pattern says.
        for d in details
        if d.validator != "required" and d.instance != ""
    ]


def _strict(document):
    """Forbid unknown form fields and return the known (query, form) fields of each operation."""
    known = {}
    document.pop("security", None)
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in ("get", "post", "delete", "put"):
            operation = item.get(method)
            if not operation:
                continue
            operation.pop("security", None)  # checked before, with Twilio's own error
            parameters = shared + operation.get("parameters", [])
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get(FORM, {}).get("schema")
            if schema is not None:
                schema["additionalProperties"] = False
            fields = set((schema or {}).get("properties", {}))
            known[method, path] = (_names(parameters, "query"), fields)
    return known


def _names(parameters, place):
    return {parameter["name"] for parameter in parameters if parameter["in"] == place}


def _open(document):
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def _pattern(request, operations):
    """Return the document's path for a request, the one with the fewest variables first."""
    path = request.path
    for pattern in sorted({p for _m, p in operations}, key=lambda p: (p.count("{"), p)):
        if re.fullmatch(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(pattern)), path):
            return pattern
    return None


def load_specification(folder, logs):
    """Return the checker for the documents in ``folder``, or None without a folder."""
    return Specification(folder, logs) if folder else None
