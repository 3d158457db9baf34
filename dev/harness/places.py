"""Folders and small helpers about the machine."""

import random
import socket

from places import DATA, LOGS, NODE_MODULES, PYTHON, REPO, STATE

__all__ = [
    "ARTIFACTS",
    "DATA",
    "LOGS",
    "NODE_MODULES",
    "PYTHON",
    "REPO",
    "SCREENSHOTS",
    "STATE",
    "free_ports",
]

ARTIFACTS = STATE / "artifacts"
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
