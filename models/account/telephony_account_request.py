"""Requests to the provider leave after the commit, and keep no answer of ours waiting.

The requests of one transaction run in their order in a thread of their own. A webhook does not wait
for that thread at all: its TwiML needs no result of a request, and the caller hears silence
meanwhile. A click waits up to `PATIENCE` seconds, so that the next click of the same person finds
the first one carried out. A click that shows what Twilio answers (*Connect*, *Buy*) sends its
requests itself, all of them within one time (`_get_deadline`). A job and a result of a request have
nobody who waits, and send by themselves.

Why not a table of requests and a job that sends them: each of them derives what to send from the
rows when it is sent, and the reconciliation does the same. A request that is lost with its process
is therefore sent by the reconciliation; a copy of it in a table would be a second truth. How long
one request may take, and when an account is not asked at all, is the client's own affair
(`providers/twilio/client.py`): a provider that is gone fails at once, and each request has an
answer to its own failure.

The threads are no daemons: a worker that is stopped or replaced waits for them.
"""

import functools
import logging
import threading
import time

from odoo import api, models
from odoo.http import request
from odoo.service.model import retrying

from ..retry import run_again_at_once
from .telephony_account import WEBHOOK_ROOT

_logger = logging.getLogger(__name__)

# Seconds a click waits for the requests it has caused.
PATIENCE = 2
# Seconds for all requests of a click whose answer it shows itself, and of a webhook.
CLICK_BUDGET, WEBHOOK_BUDGET = 6, 2
# Where a web request keeps the moment when its time is used up.
DEADLINE = "crm_telephony.deadline"
# Threads of a process that send at once; each of them takes a connection to the database.
SENDERS = 8
# The name of such a thread.
THREAD = "telephony.requests"
# Where a transaction keeps its requests until it is committed.
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
    """Return the moment (`time.monotonic`) when the time of a web request is used up.

    The first question begins the time. A transaction that runs again has what is left of it.

    :return: None in a job, which has nobody who waits
    :rtype: float | None
    """
    if not request:
        return None
    budget = WEBHOOK_BUDGET if _is_webhook() else CLICK_BUDGET
    return request.httprequest.environ.setdefault(DEADLINE, time.monotonic() + budget)


def _get_patience():
    """Return for how many seconds the current request may be kept; None: as long as it takes."""
    if not request:
        return None
    if _is_webhook():
        return 0
    return max(0, min(PATIENCE, _get_deadline() - time.monotonic()))


class TelephonyAccount(models.Model):
    """What is sent to the provider once a transaction is committed."""

    _inherit = "telephony.account"

    @api.model
    def _get_deadline(self):
        """Return when the requests of this click have to be over, see `_get_deadline` above."""
        return _get_deadline()

    @api.model
    def _after_commit(self, records, method_name, *args):
        """Send a request to the provider once the transaction is committed.

        Inside the transaction the request would hold its locks, and be sent again when the
        transaction is retried. So the request runs on a cursor of its own and writes nothing; what
        has to be written about it follows in a second transaction, which may be retried.

        :param records: what to call the method on; they are read again
        :param str method_name: a `_send_…_request`; it returns nothing, or the name and the
            arguments of the method that writes the result
        """
        model_name, ids, context = records._name, records.ids, dict(self.env.context)
        registry, uid = self.env.registry, self.env.uid

        def run_in_transaction(method_name, args):
            with registry.cursor() as cr:
                env = api.Environment(cr, uid, context, su=True)
                records = env[model_name].browse(ids)
                if ids and not records.exists():
                    # It was deleted meanwhile: there is nobody to tell.
                    return None
                method = functools.partial(getattr(records, method_name), *args)
                return retrying(functools.partial(run_again_at_once, method, env), env)

        def run():
            try:
                follow_up = run_in_transaction(method_name, args)
                if follow_up:
                    run_in_transaction(*follow_up)
            except Exception:
                # Whatever was lost here is found by the reconciliation.
                _logger.exception("A request after the commit failed: %s", method_name)

        self.env.cr.precommit.add(functools.partial(self._send_after_commit, run))

    @api.model
    def _send_after_commit(self, run):
        """Add a request to those that leave once this transaction is committed."""
        postcommit = self.env.cr.postcommit
        if KEY not in postcommit.data:
            postcommit.data[KEY] = []
            functions, database = postcommit.data[KEY], self.env.cr.dbname
            patience = _get_patience()

            def send():
                # What waits comes last: the pages are told meanwhile.
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
