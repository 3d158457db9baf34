"""Places and ports of the development environment, the same as in common.sh.

The shell scripts do the set-up first and pass its results as environment variables; this module
only reads them.
"""

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
ADDON = "crm_telephony"
STATE = Path(os.environ.get("TELEPHONY_STATE") or REPO / ".dev").resolve()
#: Programs beside each other that write logs of the same names have a folder each.
LOGS = Path(os.environ.get("TELEPHONY_LOGS") or STATE / "log").resolve()
STAMPS = STATE / "stamps"
DATA = STATE / "data"
CONF = STATE / "odoo.conf"
ADDONS = STATE / "addons"
NODE_MODULES = STATE / "node_modules"
PYTHON = STATE / "venv" / "bin" / "python"
ODOO_BIN = Path(__file__).with_name("odoo_bin.py")
#: dev/setup makes this link to the Odoo that it has chosen.
ODOO_HOME = (STATE / "odoo-home").resolve()

HTTP_PORT = int(os.environ.get("TELEPHONY_HTTP_PORT") or 8069)
EMULATOR_PORT = int(os.environ.get("TELEPHONY_EMULATOR_PORT") or 8090)
DATABASE = os.environ.get("TELEPHONY_DB") or "telephony"

SDK_FILE = REPO / "static/lib/twilio-voice-sdk/twilio.min.js"
#: Twilio's documents, by which the emulator checks requests; the tests' set-up installs them.
OPENAPI_DIR = NODE_MODULES / "@twilio/cli-core/src/services/twilio-api"


def say(text):
    """Print a progress message.

    :param str text: one line.
    """
    print(f"\033[36m==>\033[0m {text}", file=sys.stderr, flush=True)


def odoo_environment():
    """Return the environment variables for a process that runs Odoo or uses its database."""
    paths = [str(ODOO_HOME), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        # Odoo calls rtlcss, if it is installed, to mirror the style sheets for languages from
        # right to left.
        "PATH": os.pathsep.join([str(NODE_MODULES / ".bin"), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONUNBUFFERED": "1",
    }


def emulator_environment():
    """Return the environment variables for the emulator."""
    return {**os.environ, "PYTHONPATH": str(REPO / "dev"), "PYTHONUNBUFFERED": "1"}


def emulator_command(port):
    """Return the command that starts the emulator with its well-known development account.

    It checks requests by Twilio's documents only where these are installed.

    :param int port: TCP port on the loopback interface.
    """
    return [
        str(PYTHON),
        "-m",
        "twilio_emulator",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--sdk",
        str(SDK_FILE),
        *(("--openapi", str(OPENAPI_DIR)) if OPENAPI_DIR.is_dir() else ()),
        "--loopback",
    ]


def odoo_command(database, *arguments, command="server", addons_path=None):
    """Return a command line of Odoo with the development configuration.

    :param str database: name of the database; no other one is served.
    :param arguments: further options.
    :param str command: Odoo's sub-command.
    :param str addons_path: replaces the configuration's own folders with addons.
    """
    line = [str(PYTHON), str(ODOO_BIN), command, "-c", str(CONF), "-d", database]
    if addons_path:
        line.append(f"--addons-path={addons_path}")
    return line + list(arguments)
