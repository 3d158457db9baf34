"""Serves the unmodified Voice SDK behind a shim for a connection to this emulator without TLS."""

import json

from aiohttp import web

#: The SDK always dials ``wss://`` and keeps the WebSocket class that it finds while loading. Only
#: this emulator's own addresses are changed to ``ws://``; the page's class is restored afterwards.
SHIM = """\
(function () {
    "use strict";
    var hosts = %s;
    var Native = window.WebSocket;
    window.WebSocket = class extends Native {
        constructor(url, ...rest) {
            const target = new URL(url);
            if (hosts.includes(target.host)) {
                target.protocol = "ws:";
            }
            super(target.href, ...rest);
        }
    };
    window.__emulatorNativeWebSocket = Native;
})();
"""
RESTORE = """
window.WebSocket = window.__emulatorNativeWebSocket;
delete window.__emulatorNativeWebSocket;
"""


def handler(config):
    """Return the handler of ``/sdk/twilio.js``."""

    async def serve(request):
        if config.sdk_path is None:
            raise web.HTTPNotFound(text="The emulator was started without --sdk")
        names = {request.host, *(f"{n}:{config.port}" for n in ("localhost", "127.0.0.1"))}
        shim = SHIM % json.dumps(sorted(names))
        return web.Response(
            text=shim + config.sdk_path.read_text() + RESTORE,
            content_type="text/javascript",
            charset="utf-8",
            headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"},
        )

    return serve
