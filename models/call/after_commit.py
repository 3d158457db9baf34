"""Requests to the provider are sent after the commit, without delaying our own responses.

The requests of one transaction run in order in a thread of their own. A webhook does not wait for
that thread: its TwiML needs no result of a request, and the caller would hear silence meanwhile. A
click waits up to `PATIENCE` seconds, so that the user's next click finds it carried out. A click
that shows Twilio's answer (*Connect*, *Buy*) sends its requests itself, all within one time budget
(`get_deadline`). Jobs, and requests that result from requests, delay no user and are sent
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
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Timer

from odoo import api
from odoo.http import request
from odoo.service.model import retrying
from odoo.sql_db import db_connect

from .. import gate
from ..retry import run_again_at_once

_logger = logging.getLogger(__name__)

# Path under which the provider's requests arrive.
WEBHOOK_ROOT = "/telephony/twilio/"
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

# Name of the request that is being sent, for the `super()` of an override.
_sending = ContextVar("crm_telephony.sending", default=None)
_senders = threading.BoundedSemaphore(SENDERS)
_repeating = threading.Lock()


def _send_all(functions):
    for function in functions:
        function()


def _send_in_thread(database, functions):
    threading.current_thread().dbname = database  # for the log
    with _senders:
        _send_all(functions)


def _is_webhook():
    return request.httprequest.path.startswith(WEBHOOK_ROOT)


def get_deadline():
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
    return max(0, min(PATIENCE, get_deadline() - time.monotonic()))


@dataclass(frozen=True)
class Repair:
    """What a request is for, and what repairs the record when the request is lost.

    A process that dies before its request, a lost response and a refusal all look the same to the
    reconciliation: the rows say what is wanted, and it is not true.

    :param str wanted: the fields or the method that say what is wanted
    :param tuple(str) missing: conditions of a call, methods that receive the current time; if one
        is true, the reconciliation sends the request again, with `True`
    :param str leg_missing: the same condition of a leg, for a request that receives a leg's id
    :param str repaired_by: method of the same model that repairs the loss in another way
    """

    wanted: str
    missing: tuple = ()
    leg_missing: str = ""
    repaired_by: str = ""

    def __post_init__(self):
        if not (self.missing or self.leg_missing or self.repaired_by):
            raise TypeError("A request names what repairs its loss.")


def after_commit(wanted, **repair):
    """Turn a method into a request that is sent after the commit: calling it registers the request.

    Inside the transaction a request would hold its locks, and be sent again when the transaction is
    retried. So it runs on a cursor of its own, with the rows as they are then, and writes nothing.
    The method returns nothing, or its `_on_…` method and the arguments of that one, which writes
    the result in a second transaction that may be retried:

        @after_commit("hold_wanted", missing=("_is_hold_state_wrong",))
        def _send_hold_request(self, is_repeated=False):
            …
            return self._on_hold_failed, (reason,)

    An override is decorated too. Its `super()` call then runs the extended method directly.

    :param str wanted: see `Repair`; so are the other arguments
    :return: the decorator of a `_send_…_request`; the arguments of the method are no records
    """
    row = Repair(wanted, **repair)

    def decorate(method):
        name = method.__name__

        @functools.wraps(method)
        def request_after_commit(self, *args):
            if _sending.get() == name:
                return method(self, *args)
            return register(self, name, *args)

        request_after_commit.repair = row
        return request_after_commit

    return decorate


def get_repairs(model):
    """Return the table of a model's requests.

    :param type model: class of the model
    :return: name of the request -> its row
    :rtype: dict(str, Repair)
    """
    methods = ((name, getattr(model, name)) for name in dir(model) if name.startswith("_send_"))
    return {name: method.repair for name, method in methods if hasattr(method, "repair")}


def register(records, name, *args):
    """Register a request, which is sent after the commit of the transaction of its records.

    :param records: records of the request; they are read again
    :param str name: name of a method decorated with `after_commit`
    """
    env = records.env
    model_name, ids, context = records._name, records.ids, dict(env.context)
    registry, uid = env.registry, env.uid

    def run_in_transaction(act):
        with registry.cursor() as cr:
            env = api.Environment(cr, uid, context, su=True)
            records = env[model_name].browse(ids)
            if ids and not records.exists():
                # The record was deleted meanwhile, so there is no result to write.
                return None
            return retrying(functools.partial(run_again_at_once, lambda: act(records), env), env)

    def run():
        try:
            result = run_in_transaction(lambda records: send(records, name, *args))
            if result:

                def write(records):
                    gate.enter_with(records)
                    save_result(records, result)

                run_in_transaction(write)
        except Exception:
            # The reconciliation repairs the effects of a lost request.
            _logger.exception("A request after the commit failed: %s", name)

    env.cr.precommit.add(functools.partial(_send_after_commit, env.cr, run))


def send(records, name, *args):
    """Send a request now.

    :param records: records of the request
    :param str name: name of a method decorated with `after_commit`
    :return: the method that writes the result and its arguments, or None
    :rtype: tuple | None
    """
    token = _sending.set(name)
    try:
        return getattr(records, name)(*args)
    finally:
        _sending.reset(token)


def save_result(records, result):
    """Write the result of a request.

    :param records: records of the request, in the transaction that writes
    :param tuple result: see `send`
    """
    # The method is bound to the records of another transaction.
    method, args = result
    return getattr(records, method.__name__)(*args)


def run_later(records, name, seconds):
    """Run a method some seconds after the commit, unless this process ends before.

    For a repetition that may be omitted. Nothing may depend on it, because it is stored nowhere.

    :param records: records of the method, which are read again
    :param str name: name of the method
    :param float seconds: the pause
    """
    model_name, ids, cr = records._name, records.ids, records.env.cr
    database, uid, context = cr.dbname, records.env.uid, dict(records.env.context)

    def run():
        threading.current_thread().dbname = database  # for the log
        try:
            # One after the other: all together would need many connections.
            with _repeating, db_connect(database).cursor() as cr:
                env = api.Environment(cr, uid, context, su=True)
                getattr(env[model_name].browse(ids).exists(), name)()
        except Exception:
            _logger.exception("%s.%s failed after a pause", model_name, name)

    def start():
        timer = Timer(seconds, run)
        timer.daemon = True  # a stopped worker does not wait for it
        timer.start()

    cr.postcommit.add(start)


def _send_after_commit(cr, run):
    """Add a request to those that are sent after the commit of a transaction."""
    postcommit = cr.postcommit
    if KEY not in postcommit.data:
        postcommit.data[KEY] = []
        functions, database = postcommit.data[KEY], cr.dbname
        patience = _get_patience()

        def send_all():
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

        postcommit.add(send_all)
    postcommit.data[KEY].append(run)
