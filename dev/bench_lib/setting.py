"""The setting of a run: options, databases, the code, and Odoo in this process."""

import os
import random

from bench_lib import contacts, databases, world
from places import LOGS

#: The first of a run's ports; simultaneous runs need different ones.
PORT = int(os.environ.get("TELEPHONY_BENCH_PORT") or 8669)
FEW_CONTACTS = 1000
#: Contacts whose numbers are used by callers.
CALLERS = 900


class Registries:
    """Odoo in this process, for measurements without HTTP."""

    def __init__(self, names, folder):
        from odoo.tools import config

        config.parse_config(
            [
                *databases.options(",".join(names), folder),
                "--log-level",
                "warn",
                "--logfile",
                str(LOGS / "bench-orm.log"),
                "--max-cron-threads",
                "0",
            ],
            setup_logging=True,
        )

    def cursor(self, name):
        """Open a transaction on a database."""
        from odoo.modules.registry import Registry

        return Registry(name).cursor()

    def forget(self, name):
        """Close every connection to a database that is copied, renamed or removed."""
        from odoo.modules.registry import Registry
        from odoo.sql_db import close_db

        Registry.delete(name)
        close_db(name)

    def environment(self, cursor):
        """Return an environment of the superuser."""
        from odoo import SUPERUSER_ID, api

        return api.Environment(cursor, SUPERUSER_ID, {})


class Setting:
    """One run.

    :param options: of the command line.
    :param int port: first of its ports.
    """

    def __init__(self, options, port):
        self.options, self.port, self.few = options, port, FEW_CONTACTS
        databases.ensure_oca_files()
        self.code = databases.ensure_code(options.revision)
        self.folder = self.code[0]
        self.small = databases.ensure(FEW_CONTACTS, self.code, options.fresh)
        self.big = databases.ensure(options.contacts, self.code, options.fresh)
        self.registries = Registries([self.big[0], self.small[0]], self.folder)

    def prepare(self, name, first, count, rounds):
        """Check a database and write the records of a run.

        :param str name: the database.
        :param dict first: the first identifiers of its contacts and leads, the last of old calls.
        :param int count: its contacts.
        :param int rounds: number of outgoing calls and text messages to write.
        :return dict: `callers`, and, when there are rounds, `outgoing` and `messages`.
        """
        world.clear(name, first.get("calls", 0))
        with self.registries.cursor(name) as cursor:
            env = self.registries.environment(cursor)
            contacts.check(env, first, count)
            here = world.World(env)
            here.build()
            chosen = random.Random(self.options.seed).sample(range(count), min(count, CALLERS))
            people = env["res.partner"].browse([first["contacts"] + i for i in chosen])
            stock = {"callers": [(person.id, person.phone_sanitized) for person in people]}
            if rounds:
                some = people[:rounds]
                stock["outgoing"] = here.make_outgoing_calls(some)
                stock["messages"] = here.make_text_messages(some)
        return stock
