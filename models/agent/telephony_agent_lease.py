import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

# Seconds for which a browser counts as reachable after its last sign of life. Browsers throttle the
# timers of hidden tabs to one a minute.
LEASE_SECONDS = 100


class TelephonyAgentLease(models.Model):
    """An open browser of an agent: the only proof that the agent is reachable.

    Each write is a single statement, so that a renewal is cheap and never waits for another row.
    """

    _name = "telephony.agent.lease"
    _inherit = ["telephony.guard.mixin"]
    _description = "Browser Lease"
    _log_access = False
    _rec_name = "client_uuid"

    agent_id = fields.Many2one(
        "telephony.agent",
        string="Phone User",
        required=True,
        ondelete="cascade",
        index=True,
        immutable=True,
    )
    client_uuid = fields.Char("Browser ID", required=True)
    expires_at = fields.Datetime(required=True, index=True)
    challenge = fields.Char(help="Last value delivered to this browser over the bus.")

    _client_unique = models.Constraint(
        "UNIQUE (agent_id, client_uuid)", "Each browser can have only one lease."
    )

    def _renew(self, agent, client_uuid, echo=None):
        """Mark a browser as reachable from now on, provided that the bus reaches it.

        Requests prove that the page reaches the server, not that a call can reach the page. So each
        renewal sends a challenge over the bus, and the next renewal has to return it.

        :param agent: the agent who uses the browser
        :param str client_uuid: identifier chosen by the page, 8 to 64 characters
        :param str echo: the last challenge that the page received; None at its first renewal
        :return: the expiry of the lease (UTC)
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
        """Mark a browser as closed."""
        self.search([("agent_id", "=", agent.id), ("client_uuid", "=", client_uuid)]).unlink()

    def _is_open(self):
        """Return whether at least one of these browsers is reachable."""
        now = fields.Datetime.now()
        return any(lease.expires_at > now for lease in self)

    @api.autovacuum
    def _gc_expired(self):
        self.search([("expires_at", "<", fields.Datetime.now() - timedelta(hours=1))]).unlink()
