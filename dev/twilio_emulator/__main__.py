"""Command line: ``twilio-emulator --port 8090 --sdk … --openapi …``."""

import argparse
import logging
import sys
from pathlib import Path

from aiohttp import web

from . import defaults
from .app import build
from .config import Config


def parse(arguments=None):
    """Return the configuration of a command line."""
    parser = argparse.ArgumentParser(prog="twilio-emulator", description=__doc__)
    parser.add_argument("--host", default=defaults.HOST)
    parser.add_argument("--port", type=int, default=defaults.PORT)
    parser.add_argument("--account-sid", default=defaults.ACCOUNT_SID)
    parser.add_argument("--auth-token", default=defaults.AUTH_TOKEN)
    parser.add_argument(
        "--number", action="append", metavar="E164", help="a number of the account; may be repeated"
    )
    parser.add_argument("--sdk", type=Path, help="global build of the Voice SDK (twilio.js)")
    parser.add_argument("--openapi", type=Path, help="folder with Twilio's OpenAPI documents")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="2.0 makes the emulator's own waits twice as fast",
    )
    parser.add_argument("--loopback", action="store_true", help="offer 127.0.0.1 for media too")
    parser.add_argument(
        "--media-address",
        metavar="IPV4",
        help="also offer this address for media: that of a container's published UDP ports",
    )
    parser.add_argument("--region", default=defaults.REGION)
    parser.add_argument(
        "--sound",
        choices=("yes", "no"),
        default="yes",
        help="no: nobody hears anything, for hundreds of calls at once",
    )
    parser.add_argument(
        "--surprising",
        action="store_true",
        help="react in the other way wherever no document says how Twilio does",
    )
    parser.add_argument("--journal", type=Path, help="file that gets a line for each webhook")
    parser.add_argument(
        "--ca", type=Path, help="file of an authority whose certificates are trusted, too"
    )
    parser.add_argument(
        "--resolve",
        action="append",
        metavar="HOST:IPV4",
        default=[],
        help="address of a web server, in place of DNS; may be repeated",
    )
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    for path in (options.sdk, options.openapi, options.ca):
        if path and not path.exists():
            parser.error(f"There is no {path}")
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return Config(
        host=options.host,
        port=options.port,
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        numbers=tuple(options.number or defaults.NUMBERS),
        sdk_path=options.sdk,
        openapi_dir=options.openapi,
        time_scale=options.time_scale,
        loopback=options.loopback,
        media_address=options.media_address,
        region=options.region,
        sound=options.sound == "yes",
        surprising=options.surprising,
        journal=options.journal,
        ca_path=options.ca,
        hosts=dict(pair.split(":", 1) for pair in options.resolve),
    )


def main():
    """Run the emulator until it is stopped."""
    config = parse()
    sys.stdout.write(f"Twilio emulator on http://{config.host}:{config.port}\n")
    sys.stdout.flush()
    web.run_app(
        build(config),
        host=config.host,
        port=config.port,
        print=None,
        access_log=None,
        shutdown_timeout=2,
    )


if __name__ == "__main__":
    main()
