"""A web server on the internet, with sounds at https addresses."""

import io
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from twilio_emulator.authority import Authority

from .agent_browser import make_microphone

HOST = "sounds.example.com"
#: Hz; unlike those of microphones and customers.
SOUNDS = {"/hello.wav": 1100, "/music.wav": 1250}
#: Length: Odoo takes music that ends at once for one that the provider has skipped.
SECONDS = 8


def _make_sound(hz):
    """Return a sound file with a tone."""
    with wave.open(str(make_microphone(hz))) as file:
        settings, frames = file.getparams(), file.readframes(file.getnframes())
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams(settings)
        file.writeframes(frames * SECONDS)
    return content.getvalue()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        """Answer a request for a sound."""
        path = urlsplit(self.path).path
        self.server.asked.append((path, self.headers["User-Agent"]))
        hz = SOUNDS.get(path)
        content = _make_sound(hz) if hz else b""
        self.send_response(200 if hz else 404)
        self.send_header("Content-Type", "audio/x-wav")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Write no log."""


class SoundServer:
    """The server, whose certificate only the emulator trusts.

    :param folder: a temporary folder.
    """

    def __init__(self, folder):
        self.authority = Authority(folder)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.asked = []
        context = self.authority.make_context(HOST)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def options(self):
        """Return the options of an emulator that can fetch its addresses."""
        return ["--ca", str(self.authority.path), "--resolve", f"{HOST}:127.0.0.1"]

    @property
    def asked(self):
        """Return the requests: path and program."""
        return self.server.asked

    def url(self, path):
        """Return the address of a sound."""
        return f"https://{HOST}:{self.server.server_port}{path}"

    def stop(self):
        """End the server."""
        self.server.shutdown()
        self.server.server_close()
