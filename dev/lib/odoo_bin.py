"""Odoo's command line as a file: a master process starts the one for the bus by its name.

With TELEPHONY_LISTEN, a port, it starts with an open socket, as by systemd's socket activation.
Odoo's own socket queues 8 connections per worker; the kernel drops further ones, whose clients
try again after 1, 3, 7 seconds.
"""

import os
import socket
import sys

#: As systemd does, see sd_listen_fds(3) and `Backlog` in systemd.socket(5).
FIRST_SOCKET, BACKLOG = 3, 4096


def _listen(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    # All workers wake up for a connection, but only one gets it: the others must not wait for the
    # next.
    listener.setblocking(False)
    os.dup2(listener.detach(), FIRST_SOCKET)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}


if __name__ == "__main__":
    # The folder of this file; its modules must not hide those of others.
    del sys.path[0]
    if "TELEPHONY_LISTEN" in os.environ:
        _listen(int(os.environ.pop("TELEPHONY_LISTEN")))
    from odoo.cli.command import main

    main()
