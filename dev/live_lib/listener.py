"""A small listener for signed webhooks, at the port to which the public address leads."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import requests
from twilio.request_validator import RequestValidator

from .console import Stopped

HERE = Path(__file__).parent
#: Paths of this program; anything else is passed to Odoo, if there is one.
OWN = "/live/"
#: Headers that belong to one connection.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}

#: Parameter -> kind of the webhooks that have it; the first one counts.
KINDS = {
    "CallbackSource": "status {CallStatus} {Direction}",
    "StatusCallbackEvent": "conference {StatusCallbackEvent}",
    "RecordingStatus": "recording {RecordingStatus}",
    "VerificationStatus": "verification {VerificationStatus}",
    "ErrorUrl": "fallback",
    "QueueResult": "queue result",
    "QueuePosition": "queue wait",
    "Digits": "keys",
    "DialCallStatus": "dial result",
    "ConferenceSid": "side document",
}


@dataclass
class Hit:
    """One webhook."""

    path: str
    pairs: list
    at: float = field(default_factory=time.monotonic)

    @property
    def form(self):
        """Return the parameters by name."""
        return dict(self.pairs)


def kind_of(form):
    """Return the kind of a webhook, by its parameters: its path belongs to the application."""
    is_browser = "client:" in form.get("From", "")
    for name, kind in KINDS.items():
        if name in form:
            return kind.format_map(defaultdict(str, form)).strip() + (
                " of a browser" if is_browser else ""
            )
    if is_browser:
        return "document browser"
    if form.get("From") == form.get("To"):
        return "document of a call to the own number"
    return "document {}".format(form.get("Direction", "without direction"))


class Listener:
    """Answers webhooks with what a question has prepared, and keeps their parameters.

    :param str public: the address at which the provider reaches this program.
    :param int port: local TCP port.
    :param Shapes shapes: collects the form of every signed webhook.
    :param str odoo: address of the Odoo that gets all other requests, or None.
    """

    def __init__(self, public, port, shapes, odoo=None):
        self.public, self.shapes, self.odoo = public.rstrip("/"), shapes, odoo
        self.auth_tokens, self.unsigned = [], 0
        self.answers, self.files, self.hits = {}, {}, []
        self._changed = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                """Write no log: addresses and parameters are private."""

            def do_GET(self):
                listener.serve(self)

            do_POST = do_GET

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Print nothing about a connection that the other side has cut."""

        try:
            self.server = Server(("127.0.0.1", port), Handler)
        except OSError as error:
            raise Stopped(
                f"Port {port} is in use. End the other program, or choose another port (--port)."
            ) from error
        self.port = self.server.server_address[1]
        if not self.public:
            self.public = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        """Return the public address of an own path."""
        return self.public + OWN + path

    # --- requests ------------------------------------------------------------------------------

    def serve(self, handler):
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = urlsplit(handler.path).path
        if path.startswith(OWN) and path[len(OWN) :] in self.files:
            content, content_type = self.files[path[len(OWN) :]]
            return self._send(handler, 200, content, content_type)
        signature = handler.headers.get("X-Twilio-Signature")
        if path.startswith(OWN) or signature:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
            if not self._is_signed(handler.path, dict(pairs), signature):
                self.unsigned += 1
                return self._send(handler, 403, b"", "text/plain")
            self._keep(path, handler.path, pairs)
        if not path.startswith(OWN):
            return self._pass_on(handler, body)
        answer = self.answers.get(path[len(OWN) :], "")
        answer = answer(self.hits[-1]) if callable(answer) else answer
        text = f'<?xml version="1.0" encoding="UTF-8"?><Response>{answer}</Response>'
        return self._send(handler, 200, text.encode(), "text/xml")

    def _is_signed(self, path, form, signature):
        return any(
            RequestValidator(token).validate(self.public + path, form, signature or "")
            for token in self.auth_tokens
        )

    def _keep(self, path, full, pairs):
        hit = Hit(path.removeprefix(OWN), pairs or parse_qsl(urlsplit(full).query, True))
        with self._changed:
            self.hits.append(hit)
            self._changed.notify_all()
        self.shapes.add(f"webhook {kind_of(hit.form)}", hit.pairs)

    def _send(self, handler, status, content, content_type, headers=()):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _pass_on(self, handler, body):
        """Pass a request to Odoo with its own headers, so that its signature remains valid."""
        if not self.odoo:
            return self._send(handler, 404, b"", "text/plain")
        answer = requests.request(
            handler.command,
            self.odoo + handler.path,
            data=body,
            headers=dict(handler.headers.items()),
            timeout=30,
            allow_redirects=False,
        )
        kept = [
            (n, v) for n, v in answer.headers.items() if n.lower() not in (*_HOP, "content-type")
        ]
        content_type = answer.headers.get("Content-Type", "text/plain")
        return self._send(handler, answer.status_code, answer.content, content_type, kept)

    # --- waiting -------------------------------------------------------------------------------

    def seen(self, path, test=lambda form: True):
        """Return the webhooks of a path that pass a test."""
        with self._changed:
            return [hit for hit in self.hits if hit.path == path and test(hit.form)]

    def wait(self, path, test=lambda form: True, seconds=20.0):
        """Return the first webhook of a path that passes a test, or None after some seconds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for hit in self.hits:
                    if hit.path == path and test(hit.form):
                        return hit
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
