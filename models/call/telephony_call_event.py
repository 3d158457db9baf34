from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...providers.base import CallEvent
from ...tools.call_states import LEG_END_REASONS

KEPT_DAYS = 60
# For events without a call: the end of a leg whose first webhook never came, tests of a connection.
KEPT_DAYS_WITHOUT_CALL = 1
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
    # The first event of a leg whose end came before is that end: its kind is the reason.
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

    def _record_first(self, account, leg_id, call=None):
        """Record the first webhook of a leg if it is new.

        :param account: account that sent the webhook
        :param str leg_id: the provider's identifier of the leg
        :param call: call of the leg, if already known
        :return: the row, empty when the webhook is a repeat; and the event of the leg's end if that
            was reported before, see `_keep_end`
        :rtype: tuple
        """
        key = f"{leg_id}:voice"
        row = self._record_once(account, key, "voice", call=call)
        if row:
            return row, None
        row = self.search(
            [
                ("account_id", "=", account.id),
                ("key", "=", key),
                ("kind", "in", LEG_END_REASONS),
                ("call_id", "=", False),
            ]
        )
        if not row:
            return row, None
        end = CallEvent(
            kind="leg",
            provider_leg_id=leg_id,
            status="ended",
            reason=row.kind,
            at=row.happened_at,
        )
        return row, end

    def _keep_end(self, account, event):
        """Keep the end of an unknown leg for its first webhook, which the end has overtaken.

        It takes the place of that webhook, whose record is tried anyway: so a webhook that comes
        first costs no query. Waits for a concurrent transaction as `_wait_for` does.

        :param account: account that sent the event
        :param CallEvent event: end of a leg
        :return: whether the leg's first webhook has not been processed before
        :rtype: bool
        """
        first = f"{event.provider_leg_id}:voice"
        reason = event.reason or "completed"
        return bool(self._record_once(account, first, reason, event.at))

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

    def _get_kind(self, account, key):
        """Return the kind of a recorded event, empty if there is none.

        :param account: account that sent the event
        :param str key: key of the event
        :rtype: str
        """
        event = self.search([("account_id", "=", account.id), ("key", "=", key)])
        return event.kind or ""

    @api.autovacuum
    def _gc_old(self):
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """DELETE FROM telephony_call_event
                    WHERE happened_at < %s OR (call_id IS NULL AND happened_at < %s)""",
                now - timedelta(days=KEPT_DAYS),
                now - timedelta(days=KEPT_DAYS_WITHOUT_CALL),
            )
        )
