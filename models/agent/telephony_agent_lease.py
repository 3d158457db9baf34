import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# Seconds a browser counts as reachable after it was last heard of. Browsers slow the timers of
# hidden tabs down to one a minute.
LEASE_SECONDS = 100


class TelephonyAgentLease(models.Model):
    """One open browser of an agent: the only proof that the agent can be reached.

    The rows are written with one statement each, so that a renewal costs nothing and never waits
    for another row.
    """

    _name = "telephony.agent.lease"
    _inherit = ["telephony.guard.mixin"]
    _description = "Browser Lease"
    _log_access = False
    _rec_name = "client_uuid"

    agent_id = fields.Many2one(
        "telephony.agent", required=True, ondelete="cascade", index=True, immutable=True
    )
    client_uuid = fields.Char("Browser ID", required=True)
    expires_at = fields.Datetime(required=True, index=True)
    challenge = fields.Char(help="Last value delivered to this browser over the bus.")

    _client_unique = models.Constraint(
        "UNIQUE (agent_id, client_uuid)", "Each browser can have only one lease."
    )

    def _renew(self, agent, client_uuid, echo=None):
        """Count a browser as reachable from now on, if the bus reaches it.

        Requests of the page prove that the page reaches the server, not that a call can reach the
        page. So each renewal sends a word over the bus, and the next one has to bring it back.

        :param agent: whose browser
        :param str client_uuid: identifier the page gave itself, 8 to 64 characters
        :param str echo: the word the page received last; None at its first renewal
        :return: until when (UTC)
        :rtype: datetime
        """
        now = fields.Datetime.now()
        challenge = secrets.token_hex(8)
        self.env.cr.execute(
            SQL(
                """INSERT INTO telephony_agent_lease AS lease
                           (agent_id, client_uuid, expires_at, challenge)
                    VALUES (%s, %s, %s, %s)
               ON CONFLICT (agent_id, client_uuid) DO UPDATE
                       SET challenge = EXCLUDED.challenge,
                           expires_at = CASE WHEN lease.challenge = %s
                                             THEN EXCLUDED.expires_at
                                             ELSE lease.expires_at END
                 RETURNING expires_at""",
                agent.id,
                client_uuid,
                now + timedelta(seconds=LEASE_SECONDS),
                challenge,
                echo or "",
            )
        )
        [expires_at] = self.env.cr.fetchone()
        self.invalidate_model()
        agent.user_id._bus_send("telephony/lease", {"client_uuid": client_uuid, "word": challenge})
        return expires_at

    def _release(self, agent, client_uuid):
        """Count a browser as closed."""
        self.search([("agent_id", "=", agent.id), ("client_uuid", "=", client_uuid)]).unlink()

    def _is_open(self):
        """Tell whether at least one of these browsers counts as reachable."""
        now = fields.Datetime.now()
        return any(lease.expires_at > now for lease in self)

    @api.autovacuum
    def _gc_expired(self):
        self.search([("expires_at", "<", fields.Datetime.now() - timedelta(hours=1))]).unlink()
