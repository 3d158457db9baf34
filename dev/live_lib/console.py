"""Words to and from the person at the keyboard."""

import getpass
import sys


class Stopped(Exception):
    """The person does not want to continue; the message is a whole sentence."""


class Console:
    """A terminal, or none.

    :param bool yes: answer every question with yes, and ask for no value.
    :param bool quiet: print nothing.
    """

    def __init__(self, *, yes=False, quiet=False):
        self.yes, self.quiet = yes, quiet

    def say(self, text=""):
        """Print a line."""
        if not self.quiet:
            print(text, flush=True)

    def confirm(self, question):
        """Return whether the person agrees; Enter means no."""
        if self.yes:
            return True
        return self._read(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def value(self, name, what, *, secret=False):
        """Return a value that is not in the environment.

        :param str name: of the environment variable.
        :raise Stopped: if no person can be asked.
        """
        if self.yes or not sys.stdin.isatty():
            raise Stopped(f"{what} is missing: set the environment variable {name}.")
        return self._read(f"{what}: ", secret=secret).strip()

    def _read(self, prompt, *, secret=False):
        try:
            return getpass.getpass(prompt) if secret else input(prompt)
        except EOFError as error:
            raise Stopped("The input has ended, so nothing more is asked.") from error
