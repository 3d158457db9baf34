"""Requests to the provider are sent after the commit, without delaying our own responses.

The requests of one transaction run in order in a thread of their own. A webhook does not wait for
that thread: its TwiML needs no result of a request, and the caller would hear silence meanwhile. A
click waits up to `PATIENCE` seconds, so that the user's next click finds it carried out. A click
that shows Twilio's answer (*Connect*, *Buy*) sends its requests itself, all within one time budget
(`_get_deadline`). Jobs, and requests that result from requests, delay no user and are sent
directly.

Why there is no table of requests with a job that sends them: each request derives its content from
the rows when it is sent, and so does the reconciliation. A request that is lost with its process is
therefore sent again by the reconciliation; a copy in a table would be a second truth. Timeouts, and
the pause of a failing account, belong to the client (`providers/twilio/client.py`): requests to an
unreachable provider fail at once, and each request handles its own failure.

The threads are no daemons, so a worker that is stopped or replaced waits for them.
"""

import functools
import logging
import threading
import time

from odoo import api, models
from odoo.http import request
from odoo.service.model import retrying

from .. import gate
from ..retry import run_again_at_once
from .telephony_account import WEBHOOK_ROOT

_logger = logging.getLogger(__name__)

# Maximum time (s) a click waits for the requests it caused.
PATIENCE = 2
# Time budget (s) for all requests of a click that shows their answer, and of a webhook.
CLICK_BUDGET, WEBHOOK_BUDGET = 6, 2
# Key under which a web request keeps the end of its time budget.
DEADLINE = "crm_telephony.deadline"
# Threads of a process that send at the same time; each uses a database connection.
SENDERS = 8
# Name of such a thread.
THREAD = "telephony.requests"
# Key under which a transaction keeps its requests until the commit.
KEY = "crm_telephony.requests"

_senders = threading.BoundedSemaphore(SENDERS)


def _send_all(functions):
    for function in functions:
        function()


def _send_in_thread(database, functions):
    threading.current_thread().dbname = database  # for the log
    with _senders:
        _send_all(functions)


def _is_webhook():
    return request.httprequest.path.startswith(WEBHOOK_ROOT)


def _get_deadline():
    """Return the moment (`time.monotonic`) at which the time budget of a web request ends.

    The first call starts the budget. A retried transaction has only the rest of it.

    :return: None in a job, which delays no user
    :rtype: float | None
    """
    if not request:
        return None
    budget = WEBHOOK_BUDGET if _is_webhook() else CLICK_BUDGET
    return request.httprequest.environ.setdefault(DEADLINE, time.monotonic() + budget)


def _get_patience():
    """Return how many seconds the current request may wait; None without a limit."""
    if not request:
        return None
    if _is_webhook():
        return 0
    return max(0, min(PATIENCE, _get_deadline() - time.monotonic()))


class TelephonyAccount(models.Model):
    """Requests that are sent to the provider after the commit."""

    _inherit = "telephony.account"

    @api.model
    def _get_deadline(self):
        """Return when the requests of this click must end, see `_get_deadline` above."""
        return _get_deadline()

    @api.model
    def _after_commit(self, records, method_name, *args):
        """Send a request to the provider after the transaction is committed.

        Inside the transaction the request would hold its locks, and be sent again when the
        transaction is retried. So the request runs on a cursor of its own and writes nothing. Its
        result is written in a second transaction, which may be retried.

        :param records: records of the method; they are read again
        :param str method_name: a `_send_…_request`; it returns nothing, or the name and the
            arguments of the method that writes the result
        """
        model_name, ids, context = records._name, records.ids, dict(self.env.context)
        registry, uid = self.env.registry, self.env.uid

        def run_in_transaction(method_name, args, is_result=False):
            with registry.cursor() as cr:
                env = api.Environment(cr, uid, context, su=True)
                records = env[model_name].browse(ids)
                if ids and not records.exists():
                    # The record was deleted meanwhile, so there is no result to write.
                    return None

                def act():
                    if is_result:
                        gate.enter_with(records)
                    return getattr(records, method_name)(*args)

                return retrying(functools.partial(run_again_at_once, act, env), env)

        def run():
            try:
                follow_up = run_in_transaction(method_name, args)
                if follow_up:
                    run_in_transaction(*follow_up, is_result=True)
            except Exception:
                # The reconciliation repairs the effects of a lost request.
                _logger.exception("A request after the commit failed: %s", method_name)

        self.env.cr.precommit.add(functools.partial(self._send_after_commit, run))

    @api.model
    def _send_after_commit(self, run):
        """Add a request to those that are sent after the commit of this transaction."""
        postcommit = self.env.cr.postcommit
        if KEY not in postcommit.data:
            postcommit.data[KEY] = []
            functions, database = postcommit.data[KEY], self.env.cr.dbname
            patience = _get_patience()

            def send():
                # The wait comes last, so that the pages are notified meanwhile.
                if patience is None:
                    postcommit.add(functools.partial(_send_all, functions))
                    return
                thread = threading.Thread(
                    target=_send_in_thread, args=(database, functions), name=THREAD
                )
                thread.start()
                if patience:
                    postcommit.add(functools.partial(thread.join, patience))

            postcommit.add(send)
        postcommit.data[KEY].append(run)
