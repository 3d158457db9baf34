"""Folders and small helpers about the machine."""

import os
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
    """Return TCP ports nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
