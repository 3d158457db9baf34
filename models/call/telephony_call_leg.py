from odoo import api, fields, models

from ...tools.call_states import LEG_RANK, leg_changes
from .telephony_call_crash import update_row


class TelephonyCallLeg(models.Model):
    """A party's connection to a call. Its status only moves forward."""

    _name = "telephony.call.leg"
    _inherit = ["telephony.revision.mixin", "telephony.guard.mixin"]
    _description = "Call Leg"
    _order = "id"
    _rec_name = "label"
    # Fields that a page shows as part of the call.
    _shown_fields = frozenset(
        {
            "is_confirmed",
            "is_released",
            "hold_at",
            "joined_at",
            "monitor_mode",
            "muted",
            "on_hold",
            "role",
            "status",
        }
    )

    call_id = fields.Many2one(
        "telephony.call", required=True, ondelete="cascade", index=True, immutable=True
    )
    account_id = fields.Many2one(
        "telephony.account", required=True, ondelete="cascade", immutable=True
    )
    role = fields.Selection(
        [
            ("customer", "Customer"),
            ("agent", "Phone User"),
            ("consulted", "Consulted"),
            ("supervisor", "Supervisor"),
        ],
        required=True,
    )
    user_id = fields.Many2one("res.users", ondelete="set null")
    label = fields.Char(required=True, help="Name of the leg in the conference.")
    offer_id = fields.Many2one("telephony.offer", ondelete="set null", index="btree_not_null")
    transfer_id = fields.Many2one("telephony.transfer", ondelete="set null", index="btree_not_null")
    is_released = fields.Boolean(
        "Released",
        help="Whether this party was released and no longer counts, even if Twilio has not "
        "reported its end yet.",
    )
    is_confirmed = fields.Boolean(
        "Confirmed",
        default=True,
        help="Whether the person has confirmed the call. On a phone user's own phone this "
        "requires a key, because a voicemail may answer too.",
    )
    # It may be an agent's private telephone number.
    number = fields.Char(
        groups="crm_telephony.group_manager",
        help="Number dialed for this leg, with country code.",
    )
    number_display = fields.Char(
        "Phone", compute="_compute_number_display", groups="crm_telephony.group_manager"
    )
    refusal = fields.Char("Refusal Reason", readonly=True)
    provider_leg_id = fields.Char("Twilio SID")
    provider_queue_id = fields.Char(
        "Twilio Queue SID", help="The queue this leg is waiting in. Empty if it is not in a queue."
    )
    moved_at = fields.Datetime(readonly=True, help="When Twilio was last asked to move this leg.")
    status = fields.Selection(
        [
            ("new", "New"),
            ("initiated", "Initiated"),
            ("ringing", "Ringing"),
            ("in_progress", "In Progress"),
            ("ended", "Ended"),
        ],
        required=True,
        default="new",
        readonly=True,
    )
    event_sequence = fields.Integer(default=-1, readonly=True)
    muted = fields.Boolean(
        readonly=True,
        help="Whether the other parties should not hear this phone user's own phone. A browser "
        "mutes its own microphone.",
    )
    provider_muted = fields.Boolean(
        "Muted at Twilio", readonly=True, help="Whether this leg is muted, as last confirmed."
    )
    on_hold = fields.Boolean(readonly=True)
    hold_sequence = fields.Integer(default=-1, readonly=True)
    hold_conference_id = fields.Char("Hold Conference SID", readonly=True)
    hold_at = fields.Datetime("Held At", readonly=True)
    initiated_at = fields.Datetime(readonly=True)
    ringing_at = fields.Datetime(readonly=True)
    answered_at = fields.Datetime(readonly=True)
    is_answer_reported = fields.Boolean("Answer Reported", readonly=True)
    joined_at = fields.Datetime(readonly=True)
    left_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    end_reason = fields.Char(readonly=True)
    failure = fields.Selection(
        [
            ("number_unknown", "Number not in service"),
            ("unreachable", "Phone not reachable"),
            ("declined", "Declined"),
            ("unwanted", "Blocked as unwanted"),
            ("forbidden", "Not permitted by Twilio"),
            ("network", "Network failure"),
        ],
        readonly=True,
    )
    failure_code = fields.Char(
        readonly=True,
        help="The code that Twilio or the called network gave. Twilio explains its own codes at "
        "https://www.twilio.com/docs/api/errors.",
    )
    left_reason = fields.Char(
        readonly=True, help="Why this party left the conference, in Twilio's words."
    )
    missed_at = fields.Datetime(
        "Not Found Since",
        readonly=True,
        help="When Twilio first did not know this leg. It may be too new.",
    )

    _provider_leg_unique = models.UniqueIndex(
        "(account_id, provider_leg_id) WHERE provider_leg_id IS NOT NULL"
    )
    _label_unique = models.Constraint(
        "UNIQUE (call_id, label)", "Each leg label must be unique within a call."
    )
    _running_index = models.Index("(call_id) WHERE status != 'ended'")

    # === COMPUTE METHODS === #

    @api.depends("number")
    def _compute_number_display(self):
        for leg in self:
            leg.number_display = self.env["telephony.call"]._format_number(leg.number)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        legs = super().create(vals_list)
        # A supervisor's leg is shown only after its browser has connected.
        legs.filtered(lambda leg: leg.role != "supervisor")._get_shown()._raise_revision()
        return legs

    # === BUSINESS METHODS === #

    def _get_shown(self):
        return self.call_id

    def _match(self, account, event):
        """Return the leg that an event names, and save the provider's identifier if it is new.

        :param account: account that sent the event
        :param CallEvent event: names the leg by the provider's identifier, by ours, or by its label
            in a conference
        :return: the leg, or an empty recordset
        """
        leg = (
            self.search_fetch(
                [("account_id", "=", account.id), ("provider_leg_id", "=", event.provider_leg_id)]
            )
            if event.provider_leg_id
            else self.browse()
        )
        if not leg and event.leg_id:
            leg = (
                self.browse(event.leg_id)
                .exists()
                .filtered(lambda leg: leg.account_id == account and not leg.provider_leg_id)
            )
        if not leg and event.data.get("conference") and event.data.get("label"):
            # The response to our request, which contains the leg's identifier, has not arrived yet.
            leg = self.search(
                [
                    ("account_id", "=", account.id),
                    ("call_id.uuid", "=", event.data["conference"]),
                    ("label", "=", event.data["label"]),
                    ("provider_leg_id", "=", False),
                ]
            )
        if leg and event.provider_leg_id and not leg.provider_leg_id:
            leg.provider_leg_id = event.provider_leg_id
        return leg

    def _get_changes(self, event):
        """Return the changes that a `leg` event makes to this leg, see `leg_changes`."""
        self.ensure_one()
        return leg_changes(
            {
                "status": self.status,
                "event_sequence": self.event_sequence,
                "initiated_at": self.initiated_at,
                "ringing_at": self.ringing_at,
                "answered_at": self.answered_at,
                "is_answer_reported": self.is_answer_reported,
                "ended_at": self.ended_at,
                "end_reason": self.end_reason,
                "failure_code": self.failure_code,
            },
            event,
        )

    def _advance(self, event):
        """Apply a `leg` event to this leg.

        Note: `self.ensure_one()`

        :param CallEvent event: event to apply
        :return: whether the status moved forward
        :rtype: bool
        """
        changes = self._get_changes(event)
        if changes:
            self.write(changes)
            self._write_first()
        return "status" in changes

    def _advance_alone(self, event):
        """Apply a `leg` event as `_advance` does, without the overrides of other modules.

        :param CallEvent event: event to apply
        :return: whether the status moved forward
        :rtype: bool
        """
        changes = self._get_changes(event)
        if changes:
            update_row(self, changes)
        return "status" in changes

    def _write_first(self):
        """Write these rows now, before the call's.

        Otherwise a search would flush the call's row first. Two events that lock the rows in
        different orders can deadlock.
        """
        self.flush_recordset()

    def _get_refusal(self):
        """Return why this leg must not be dialed now; empty when it may be.

        Every request that dials a leg checks this first. Rules, rights and numbers may have changed
        since the decision to call.

        Note: `self.ensure_one()`

        :return: a whole sentence, or an empty text
        :rtype: str
        """
        self.ensure_one()
        call, reason = self.call_id, ""
        if self.role == "customer":
            reason = call.override_reason
        elif not self.user_id:
            reason = self.transfer_id.override_reason
        if self.user_id and not self.user_id._filter_phone_users(call.company_id):
            return self.env._("%(name)s is no longer a phone user.", name=self.user_id.name)
        return (
            self.refusal
            or call._get_sender_refusal(self)
            or call._get_forbidden_destination(
                call.company_id,
                self.number,
                reason=reason,
                emergency_number=call.number_id if self.role == "customer" else None,
            )
        )

    def _get_failure_message(self):
        """Return why this leg failed, as a whole sentence; empty if no reason was reported.

        Note: `self.ensure_one()`

        :rtype: str
        """
        self.ensure_one()
        if not self.failure_code:
            return ""
        known = {
            "number_unknown": self.env._(
                "This number is not in service. Check the number and try again."
            ),
            "unreachable": self.env._("The phone cannot be reached right now. Try again later."),
            "declined": self.env._("The call was declined."),
            "unwanted": self.env._(
                "The called party's network blocked the call as unwanted. Call from another number."
            ),
            "forbidden": self.env._(
                "Twilio does not permit calls to this number. Ask your administrator to check the "
                "permitted countries in the Twilio Console."
            ),
            "network": self.env._(
                "The called party's network did not connect the call. Try again in a moment."
            ),
        }.get(self.failure)
        return known or self.env._("The call failed (code %(code)s).", code=self.failure_code)

    def _is_newer_hold(self, event):
        """Return whether a `hold` or `unhold` event is newer than the known state.

        The provider numbers the events per conference; a customer who returns from the waiting room
        is in a new one.
        """
        if (event.conference_id or False) == self.hold_conference_id or not self.hold_at:
            return event.sequence > self.hold_sequence
        return event.at >= self.hold_at

    def _is_own_phone(self):
        """Return whether a phone user talks on this leg, on a telephone of the user's own."""
        self.ensure_one()
        return bool(
            self.role in ("agent", "consulted")
            and self.user_id
            and self.number
            and not self.is_released
            and self.call_id.state != "ended"
            and self._is_connected()
        )

    def _is_mute_wrong(self, now):
        """Return whether a phone user's own phone may be audible other than the page shows."""
        return self._is_own_phone() and self.muted != self.provider_muted and self._is_settled(now)

    def _is_offered(self):
        """Return whether the call still rings at the agent of this leg."""
        return any(leg.offer_id.state == "offered" for leg in self)

    def _is_connected(self):
        """Return whether one of these legs is connected, so that its party can be heard."""
        return any(leg.status == "in_progress" and leg.is_confirmed for leg in self)

    def _is_alive(self):
        """Return whether at least one of these legs may still incur costs."""
        return any(LEG_RANK[leg.status] < LEG_RANK["ended"] for leg in self)
