"""A proxy changes the type of sounds: no caller is lost unseen, and *Fix It* names the cause."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.looks import picture
from harness.pages import Softphone
from harness.people_pages import open_settings, press

HOP = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}


class Proxy(ThreadingHTTPServer):
    """A proxy in front of Odoo, as one that serves `.wav` files without knowing their type.

    :param str target: address of Odoo.
    """

    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.sound_type = target, None
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        answer = requests.request(
            self.command,
            self.server.target + self.path,
            headers=headers,
            data=body,
            allow_redirects=False,
            timeout=60,
        )
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        if "/telephony/sound/" in self.path and self.server.sound_type:
            kept["Content-Type"] = self.server.sound_type
        self.send_response(answer.status_code)
        for name, value in kept.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = _forward

    def log_message(self, *_args):
        """Log nothing."""


@pytest.fixture
def proxy(world):
    """Return a proxy whose address is the public one; the usual address is restored afterwards."""
    [account] = world.admin.call("telephony.account", "search", [])[:1]
    [former] = world.admin.call("telephony.account", "read", [account], ["webhook_base_url"])

    def connect(url):
        world.admin.call("telephony.account", "write", [account], {"webhook_base_url": url})
        world.admin.call("telephony.account", "action_connect", [account])

    proxy = Proxy(former["webhook_base_url"])
    connect(proxy.url)
    yield proxy
    connect(former["webhook_base_url"])
    proxy.shutdown()
    proxy.server_close()


def test_sound_of_a_type_that_is_not_played(world, agent, customers, proxy):
    """Z29: the call is kept as missed and owed, and the cause is shown and can be repaired."""
    proxy.sound_type = "application/octet-stream"
    world.emulator.expected_errors += ["12300", "13420"]
    customer = customers("Hanne Iven")
    admin = agent("admin").ready()
    telephone = world.emulator.calls_us(customer.number)
    telephone.is_released(timeout=60)
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] in ("missed", "abandoned", "failed")
    owed = world.admin.search("telephony.callback", [("partner_id", "=", customer.id)], ["state"])
    assert [row["state"] for row in owed] == ["open"]

    page = open_settings(admin)
    press(page, "Fix It", "#telephony_diagnosis")
    line = page.locator(".o_field_widget[name=line_ids] .o_data_row", has_text="Sounds")
    expect(line).to_contain_text("delivers sounds with the content type “application/octet-stream”")
    line.scroll_into_view_if_needed()
    picture(page, "fix-it-sound-type")

    proxy.sound_type = None
    phone = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    phone.rings("Hanne Iven")
    phone.accept().is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    phone.hang_up().has_ended("answered")
    telephone.is_released()
