"""Several programs beside each other, one for each processor, with one readable output."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

#: Seconds for the last lines of a program that has ended; a forgotten child may keep its output.
LAST_LINES_SECONDS = 10


class Lanes:
    """Run programs, at most a number of them at the same time.

    Each line of output begins with the label of its program.

    :param int width: the number.
    """

    def __init__(self, width):
        self.width = width
        self._lock = threading.Lock()
        self._running, self._stopping = set(), False

    def run(self, commands):
        """Run all programs in order, and wait for their ends.

        An interruption asks each running program to end (SIGTERM) and waits for it; the others do
        not start.

        :param dict commands: command lines by label.
        :return dict: exit codes by label.
        """
        width = max(map(len, commands))
        with ThreadPoolExecutor(self.width) as pool:
            futures = {
                label: pool.submit(self._run, f"{label:{width}} | ", command)
                for label, command in commands.items()
            }
            try:
                return {label: future.result() for label, future in futures.items()}
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                with self._lock:
                    self._stopping = True
                    for process in self._running:
                        process.terminate()
                raise

    def _run(self, prefix, command):
        with self._lock:
            if self._stopping:
                return None
            # An interruption at the terminal reaches it once, from here.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        printer = threading.Thread(target=self._print, args=(prefix, process.stdout), daemon=True)
        printer.start()
        code = process.wait()
        printer.join(LAST_LINES_SECONDS)
        with self._lock:
            self._running.discard(process)
        return code

    def _print(self, prefix, stream):
        with stream:
            for line in stream:
                with self._lock:
                    sys.stdout.write(prefix + line.rstrip("\n") + "\n")
                    sys.stdout.flush()
