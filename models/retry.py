"""Retries of requests that lost a race for a row to another transaction.

PostgreSQL blocks the second transaction that changes a row until the first one commits. It then
aborts the second one, because its snapshot is outdated.
https://www.postgresql.org/docs/current/transaction-iso.html
"""

import logging
import random
import time

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: Maximum pause (s) before each retry.
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)


def run_again_at_once(function, env):
    """Run a function, with retries after milliseconds when a race is lost.

    Odoo's own `retrying`, around every request, sleeps for up to 2, 4, 8 seconds. Meanwhile it
    blocks one of the few workers that serve all callers. When a race is lost, the winner has
    already committed, so there is nothing to wait for. After the last retry, Odoo's own follows.

    :param function: function without parameters; its transaction has written nothing else
    :param env: environment of the function
    :return: the result of the function, flushed to the database but not committed
    :raise psycopg2.OperationalError: all races were lost
    :raise ConcurrencyError: likewise, detected by our own code
    """
    for pause in PAUSES:
        try:
            result = function()
            env.cr.flush()
            return result
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError) as error:
            # Expected for what has not entered the gate; `dev/bench` counts these lines.
            _logger.info("A lost race is repeated: %s", type(error).__name__)
            env.cr.rollback()
            env.transaction.reset()
            env.registry.reset_changes()
            time.sleep(random.uniform(0, pause))
    return function()
