from datetime import timedelta

from odoo import api, fields, models

from ...providers.base import CallEvent
from ..call.after_commit import run_later
from ..gate import assert_inside

# Seconds after which a declined call may ring again at the same agent.
DECLINED_SECONDS = 30
# Age in seconds from which pages are reminded of an offer.
REMINDER_SECONDS = 2


class TelephonyOffer(models.Model):
    """A call offered to an agent; it rings until it is accepted, declined or closed."""

    _name = "telephony.offer"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Offer"
    _order = "id desc"
    _rec_name = "call_id"

    call_id = fields.Many2one(
        "telephony.call", required=True, ondelete="cascade", index=True, immutable=True
    )
    agent_id = fields.Many2one(
        "telephony.agent",
        string="Phone User",
        required=True,
        ondelete="cascade",
        index=True,
        immutable=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="call_id.company_id", store=True, precompute=True, index=True
    )
    state = fields.Selection(
        [
            ("offered", "Ringing"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("expired", "Not Answered"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        default="offered",
        readonly=True,
    )
    transfer_id = fields.Many2one(
        "telephony.transfer", readonly=True, ondelete="set null", index="btree_not_null"
    )
    offered_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    expires_at = fields.Datetime(required=True, readonly=True)
    closed_at = fields.Datetime(
        readonly=True, help="When the call stopped ringing for this phone user."
    )

    _open_unique = models.UniqueIndex(
        "(call_id, agent_id) WHERE state = 'offered'",
        "This call is already ringing for this phone user.",
    )

    @api.model
    def _make(self, call, agents, seconds):
        """Offer a call to agents, and ring them.

        :param call: the call
        :param agents: the agents to ring
        :param int seconds: how long the offers ring
        """
        assert_inside(call)
        now = fields.Datetime.now()
        # Lock order: calls before agents, as in `accept`; see `_lock`.
        call._lock()
        agents._mark_reserved()
        free = agents.filtered(lambda agent: agent.state == "available")
        offers = self.create(
            [
                {
                    "call_id": call.id,
                    "agent_id": agent.id,
                    "transfer_id": call._get_transfer().id,
                    "expires_at": now + timedelta(seconds=seconds),
                }
                for agent in agents
            ]
        )
        if call.user_id:
            # The previous agent of the call did not rejoin.
            call.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        call._add_timeline("ringing", names=", ".join(agents.mapped("user_id.name")))
        call._apply_event(CallEvent("offered", at=now))
        # A transaction that ends the call, and does not see the offers yet, fails to serialize.
        call._raise_revision()
        offers._notify_made(free)
        call._ring_phones(offers)

    def _expire(self, now):
        """Close the offers of one call whose time is over, and return those that still ring.

        :param datetime now: the current time
        """
        expired = self.filtered(lambda offer: offer.state == "offered" and offer.expires_at <= now)
        if expired:
            call = self.call_id
            # Lock the call before its offers, as `accept` does.
            call._lock()
            call._add_timeline(
                "agents_not_answered", names=", ".join(expired.agent_id.mapped("user_id.name"))
            )
            expired._close("expired", "expired")
        return self.filtered(lambda offer: offer.state == "offered")

    def _get_willing(self, agents):
        """Return the agents to whom the call of these offers may be offered again, in order.

        Agents who declined it come after all others, and only after 30 seconds.

        :param agents: available agents
        """
        declined = self.filtered(lambda offer: offer.state == "declined")
        recent = declined.filtered(lambda offer: offer._get_ban_seconds() > 0)
        return agents - declined.agent_id or agents - recent.agent_id

    def _notify_made(self, free=()):
        """Ring the offers in the agents' browsers.

        :param free: agents who were available until these offers were made: they may telephone,
            and ring now
        """
        entitled = self.filtered(
            lambda offer: offer.agent_id in free or offer.agent_id._is_entitled()
        )
        for offer in entitled:
            user = offer.agent_id.user_id
            [payload] = offer.with_env(user._telephony_env(offer.company_id))._to_client()
            user._bus_send("telephony/offer_made", payload)
        ringing = self.agent_id.filtered(lambda agent: agent in free)
        ringing._notify_ringing()
        (self.agent_id - ringing)._notify_change()
        late = self.filtered(lambda offer: not offer.call_id._is_wait_beginning())
        if late:
            run_later(late, "_notify_ringing", REMINDER_SECONDS)

    def _notify_ringing(self):
        """Remind the agents' pages of open offers, because the first message may be lost.

        A page that shows the offer ignores the reminder. Any other one asks for its changes.
        """
        for offer in self.filtered(lambda offer: offer.state == "offered"):
            offer.agent_id.user_id._bus_send(
                "telephony/offer_rings",
                {
                    "uuid": offer.call_id.uuid,
                    "offer_id": offer.id,
                    "company_id": offer.company_id.id,
                },
            )

    def _get_age(self, now):
        """Return the seconds since the youngest of these offers was made."""
        return int((now - max(self.mapped("offered_at"))).total_seconds())

    def _close(self, state, reason, winner=None, notify=True):
        """Close the offers and stop their ringing.

        :param str state: the new state of the offers
        :param str reason: `accepted`, `declined`, `expired`, `withdrawn`, `canceled` or `limit`
        :param winner: the user who accepted the call, if any
        :param bool notify: whether to send the agents' new states; False if the caller of this
            method does
        """
        offers = self.filtered(lambda offer: offer.state == "offered")
        offers.write({"state": state, "closed_at": fields.Datetime.now()})
        offers.call_id._drop_phone_legs(
            offers.call_id.leg_ids.filtered(lambda leg: leg.offer_id in offers)
        )
        if state == "expired":
            # Agents who are in a call do not collect missed offers.
            offers.agent_id.filtered(lambda agent: agent.state != "in_call")._count_missed_offer()
        for offer in offers:
            user = offer.agent_id.user_id
            by_me = bool(winner) and user == winner
            env = self.with_context(lang=user.lang).env
            user._bus_send(
                "telephony/offer_closed",
                {
                    "uuid": offer.call_id.uuid,
                    "offer_id": offer.id,
                    "reason": reason,
                    "by": winner.name if winner else False,
                    "by_me": by_me,
                    "message": offer.with_env(env)._explain_end(reason, winner, by_me),
                },
            )
        if notify:
            offers.agent_id._notify_change()

    def _get_ban_seconds(self):
        """Return the remaining seconds during which a declined call does not ring at this agent."""
        self.ensure_one()
        if self.state != "declined" or not self.closed_at:
            return 0
        end = self.closed_at + timedelta(seconds=DECLINED_SECONDS)
        return max(0, int((end - fields.Datetime.now()).total_seconds()))

    def _explain_end(self, reason, winner, by_me):
        if by_me:
            return False
        if reason == "accepted":
            return self.env._("This call was already answered by %(name)s.", name=winner.name)
        if reason == "canceled":
            return self.env._("The caller hung up.")
        if reason == "limit":
            return self.call_id._explain_waiting(self.env)
        return False

    def _get_transfer_data(self):
        """Return who transferred the call, or to whom it was transferred, and the note."""
        transfer = self.transfer_id
        if not transfer:
            return False
        returned = transfer.state == "returning"
        return {
            "kind": "returned" if returned else transfer.mode,
            "name": transfer.target_name if returned else transfer.user_id.name,
            "note": self.call_id.note or False,
        }

    def _to_client(self):
        """Return the data of the incoming call cards.

        :rtype: list(dict)
        """
        result = []
        # sudo: telephony.offer - the caller of this method passes only offers made to the user
        for offer_sudo in self.sudo():
            call = self.env["telephony.call"].browse(offer_sudo.call_id.id)
            [data] = call._to_client()
            result.append(
                {
                    "id": offer_sudo.id,
                    "expires_at": fields.Datetime.to_string(offer_sudo.expires_at),
                    "transfer": offer_sudo._get_transfer_data(),
                    "call": {**data, "card": call._get_card()},
                }
            )
        return result
