"""Folders and small helpers about the machine."""

import os
import random
import socket
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
STATE = Path(os.environ.get("TELEPHONY_STATE") or REPO / ".dev").resolve()
ARTIFACTS = STATE / "artifacts"
LOGS = STATE / "log"
DATA = STATE / "data"
NODE_MODULES = STATE / "node_modules"
PYTHON = STATE / "venv" / "bin" / "python"
SCREENSHOTS = REPO / "static" / "description" / "screenshots"


def free_ports(count):
    """Return unused TCP ports, all different.

    They are lower than the ports that the system assigns by itself: another program's
    connection cannot take one before its server listens.
    """
    ports = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports
