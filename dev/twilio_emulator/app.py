"""The web application: REST, signalling, control API, SDK and handset page on one port."""

from pathlib import Path

from aiohttp import web

from . import rest, sdk
from .control import Control
from .emulator import Emulator

HANDSET = Path(__file__).parent / "handset"
EMULATOR = web.AppKey("emulator", Emulator)


def build(config):
    """Return the web application of one emulator.

    :param Config config: start-up options.
    """
    emulator = Emulator(config)
    app = web.Application(middlewares=[rest.rest_middleware(emulator)], client_max_size=4 * 1024**2)
    app[EMULATOR] = emulator
    rest.register(app.router, emulator)
    Control(emulator).register(app.router)
    app.router.add_get("/signal", emulator.signalling.handler)
    app.router.add_get("/sdk/twilio.js", sdk.handler(config))
    app.router.add_get("/handset/socket", emulator.handsets.handler)
    app.router.add_get("/", _file("index.html"))
    app.router.add_static("/handset/", HANDSET)
    app.on_startup.append(_start)
    app.on_shutdown.append(_close)
    return app


async def _start(app):
    await app[EMULATOR].start()


async def _close(app):
    await app[EMULATOR].close()


def _file(name):
    async def serve(request):
        return web.FileResponse(HANDSET / name, headers={"Cache-Control": "no-cache"})

    return serve
