"""A network with a delay: every byte of its connections arrives later by the same time.

Run as a program: `python -m bench_lib.delay 50 8001:8069 8002:8090`. A new connection costs a round
trip before its first byte, as the handshake of TCP does.
"""

import asyncio
import sys

from harness.places import LOGS, PYTHON
from harness.processes import Program

CHUNK = 65536


async def _pass_on(reader, writer, opened, delay):
    """Read at once and write later, so that the delay does not reduce the throughput."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue()

    async def write():
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()

    writing = asyncio.create_task(write())
    try:
        data = True
        while data:
            data = await reader.read(CHUNK)
            waiting.put_nowait((max(loop.time(), opened) + delay, data))
        await writing
    except (ConnectionError, asyncio.CancelledError):
        writing.cancel()
    finally:
        writer.close()


def _serve(target, delay):
    async def connected(reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except ConnectionError:
            writer.close()
            return
        opened = asyncio.get_running_loop().time() + 2 * delay
        await asyncio.gather(
            _pass_on(reader, there[1], opened, delay), _pass_on(there[0], writer, opened, delay)
        )

    return connected


async def _main(delay, pairs):
    servers = [
        await asyncio.start_server(_serve(target, delay), "127.0.0.1", port)
        for port, target in pairs
    ]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


class Network:
    """The program, as a context manager.

    :param float milliseconds: delay of every byte, in each direction.
    :param dict targets: listening port -> port on this machine.
    """

    def __init__(self, milliseconds, targets):
        self.command = [
            str(PYTHON),
            "-m",
            "bench_lib.delay",
            str(milliseconds),
            *(f"{port}:{target}" for port, target in targets.items()),
        ]

    def __enter__(self):
        from harness.polling import until

        self.program = Program("bench-delay", self.command)
        log = LOGS / "bench-delay.log"
        until(lambda: "ready" in log.read_text(), "the slow network is there", 60)
        return self

    def __exit__(self, *_error):
        self.program.stop()


if __name__ == "__main__":
    asyncio.run(
        _main(
            float(sys.argv[1]) / 1000, [tuple(map(int, pair.split(":"))) for pair in sys.argv[2:]]
        )
    )
