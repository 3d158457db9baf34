"""Retries of requests that lost a race for a row to another transaction.

PostgreSQL blocks the second transaction that changes a row until the first one commits. It then
aborts the second one, because its snapshot is outdated.
https://www.postgresql.org/docs/current/transaction-iso.html
"""

import logging
import random
import time

from psycopg2.errors import LockNotAvailable

from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: Maximum pause (s) before each retry.
PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)


class Busy(Exception):
    """Other transactions held the rows of a request for longer than it may wait."""


def run_again_at_once(function, env, get_deadline=lambda: None):
    """Run a function, with retries after milliseconds when a race is lost.

    Odoo's own `retrying`, around every request, sleeps for up to 2, 4, 8 seconds. Meanwhile it
    blocks one of the few workers that serve all callers. When a race is lost, the winner has
    already committed, so there is nothing to wait for. After the last retry, Odoo's own follows.

    :param function: function without parameters; its transaction has written nothing else
    :param env: environment of the function
    :param get_deadline: returns the moment (`time.monotonic`) after which no row is waited for
        again, or None
    :return: the result of the function, flushed to the database but not committed
    :raise psycopg2.OperationalError: all races were lost
    :raise ConcurrencyError: likewise, detected by our own code
    :raise Busy: a row was locked for too long
    """
    for pause in (*PAUSES, None):
        try:
            result = function()
            env.cr.flush()
            return result
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError) as error:
            deadline = get_deadline()
            is_late = deadline is not None and time.monotonic() >= deadline
            is_busy = is_late and isinstance(error, LockNotAvailable)
            if pause is None and not is_busy:
                raise
            env.cr.rollback()
            env.transaction.reset()
            env.registry.reset_changes()
            if is_busy:
                raise Busy from error
            # Expected for what has not entered the gate; `dev/bench` and the stories count them.
            _logger.info(
                "A lost race is repeated: %s",
                type(error).__name__,
                exc_info=_logger.isEnabledFor(logging.DEBUG),
            )
            time.sleep(random.uniform(0, pause))
    raise AssertionError("unreachable")
