from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

KEPT_DAYS = 60
# Kind of the first event of a browser that only tests its connection.
TEST = "test"


class TelephonyCallEvent(models.Model):
    """Events of the provider, each recorded once: the call's log, and the guard against repeats."""

    _name = "telephony.call.event"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Event"
    _order = "id"
    _rec_name = "key"
    _log_access = False

    account_id = fields.Many2one(
        "telephony.account", required=True, ondelete="cascade", immutable=True
    )
    call_id = fields.Many2one("telephony.call", ondelete="cascade", index="btree_not_null")
    key = fields.Char(required=True)
    kind = fields.Char("Type", required=True)
    happened_at = fields.Datetime(required=True, index=True)

    _key_unique = models.Constraint("UNIQUE (account_id, key)", "This event already exists.")

    def _record_once(self, account, key, kind, happened_at=None, call=None):
        """Record an event if it is new.

        If another worker is recording the same event, PostgreSQL reports a serialization failure
        here. The request is then retried on a fresh snapshot.

        :param account: account that sent the event
        :param str key: key that is the same at every delivery of the event
        :param call: call of the event, if already known
        :return: the new row, or an empty recordset when the event is a repeat
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO telephony_call_event (account_id, call_id, key, kind, happened_at)
                    VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT (account_id, key) DO NOTHING RETURNING id""",
                account.id,
                call.id if call else None,
                key,
                kind,
                happened_at or fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        row = self.env.cr.fetchone()
        return self.browse(row and row[0])

    def _wait_for(self, account, key):
        """Wait for a concurrent transaction that records an event; write nothing.

        :param account: account that sent the event
        :param str key: key of the event
        :raise psycopg2.errors.SerializationFailure: the event was recorded after this transaction
            began, whose snapshot cannot see it; the request is retried
        """
        with self.env.cr.savepoint() as savepoint:
            self._record_once(account, key, "voice")
            savepoint.rollback()

    def _is_of_test(self, account, key):
        """Return whether an event began the test of a browser's connection.

        :param account: account that sent the event
        :param str key: key of the event
        :rtype: bool
        """
        domain = [("account_id", "=", account.id), ("key", "=", key), ("kind", "=", TEST)]
        return bool(self.search_count(domain, limit=1))

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.env.cr.execute(SQL("DELETE FROM telephony_call_event WHERE happened_at < %s", limit))
