"""Races for the same row that were lost to another transaction.

PostgreSQL lets the second of two who change a row wait for the first one, and then ends it: it
works on a snapshot that is old. https://www.postgresql.org/docs/current/transaction-iso.html
"""

import random
import time

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

#: The longest pauses before each further try, seconds.
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)


def run_again_at_once(function, env):
    """Run a function until no race is lost, with pauses of milliseconds.

    Odoo's own `retrying`, around every request, sleeps for up to 2, 4, 8 seconds, and with it one
    of the few workers that all callers wait for. The winner has committed when the race is lost, so
    there is nothing to wait for. Whoever still loses is left to Odoo.

    :param function: without parameters; nothing else was written in its transaction
    :param env: the environment it works in
    :return: what it returns, written to the database but not committed
    :raise psycopg2.OperationalError: all races were lost
    :raise ConcurrencyError: likewise, as found by our own code
    """
    for pause in PAUSES:
        try:
            result = function()
            env.cr.flush()
            return result
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError):
            env.cr.rollback()
            env.transaction.reset()
            env.registry.reset_changes()
            time.sleep(random.uniform(0, pause))
    return function()
