from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.arguments import check_one

# Longest duration of a logged call (minutes).
LONGEST = 24 * 60
OUTCOMES = {
    "outgoing": ("answered", "no_answer", "busy"),
    "incoming": ("answered", "missed"),
}


class TelephonyCallLog(models.TransientModel):
    """Dialog that logs a call made outside of Odoo, such as on a mobile phone.

    The current user is the phone user of the call. It is counted in reports, except for waiting
    times, and marked as logged by hand.
    """

    _name = "telephony.call.log"
    _inherit = ["telephony.wizard.mixin", "telephony.customer.mixin"]
    _description = "Log a Call"

    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", default=lambda self: self.env.company
    )
    direction = fields.Selection(
        [("outgoing", "Outgoing"), ("incoming", "Incoming")], required=True, default="outgoing"
    )
    outgoing_outcome = fields.Selection(
        [("answered", "Answered"), ("no_answer", "No Answer"), ("busy", "Busy")],
        default="answered",
    )
    incoming_outcome = fields.Selection(
        [("answered", "Answered"), ("missed", "Missed")], default="answered"
    )
    is_answered = fields.Boolean(compute="_compute_is_answered")
    started_at = fields.Datetime("Date", required=True, default=fields.Datetime.now)
    # What the user chose, and where a long talk time moved it; a corrected one moves it back.
    wanted_at = fields.Datetime("Chosen Date", default=fields.Datetime.now)
    moved_at = fields.Datetime("Moved Date")
    minutes = fields.Float(
        "Talk Time", digits=(16, 4), help="Minutes and seconds, such as 4:30, or minutes only."
    )
    number = fields.Char(compute="_compute_number", store=True, readonly=False)
    partner_id = fields.Many2one("res.partner", "Contact", ondelete="cascade")
    lead_id = fields.Many2one("crm.lead", "Opportunity", ondelete="cascade")
    note = fields.Text("Summary")
    disposition_id = fields.Many2one("telephony.disposition", "Result", ondelete="cascade")
    purpose_id = fields.Many2one("telephony.call.purpose", ondelete="cascade")
    tag_ids = fields.Many2many("telephony.call.tag", string="Tags")

    # === COMPUTE METHODS === #

    @api.depends("direction", "outgoing_outcome", "incoming_outcome")
    def _compute_is_answered(self):
        for log in self:
            log.is_answered = log._get_outcome() == "answered"

    @api.depends("partner_id", "lead_id")
    def _compute_number(self):
        for log in self:
            log.number = log.lead_id.phone or log.partner_id.phone or log.number

    @api.onchange("minutes", "started_at")
    def _onchange_minutes(self):
        """Move the start of a call that would still be running, so that it ends now."""
        if self.started_at != self.moved_at:
            self.wanted_at = self.started_at
        start = self.wanted_at
        if start and 0 < self.minutes <= LONGEST:
            latest = fields.Datetime.now() - timedelta(minutes=self.minutes)
            start = min(start, latest.replace(microsecond=0))
        self.moved_at = start != self.wanted_at and start
        self.started_at = start

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Return the contact or opportunity above whose calls the button was clicked.

        The client does not pass `default_` keys of a list to its buttons.
        """
        values = super().default_get(fields)
        for name in {"partner_id", "lead_id"}.intersection(fields) - values.keys():
            if record_id := self.env.context.get(f"telephony_{name}"):
                values[name] = record_id
        return values

    # === ACTIONS === #

    @check_one
    def action_log(self):
        """Log the call, and close the dialog.

        :raise AccessError: the user may not telephone in the company
        :raise UserError: a value is missing or impossible
        """
        # Calls belong to a company in which the user is a phone user.
        self.env["telephony.agent"]._ensure_own_agent(self.company_id)
        seconds = self._get_seconds()
        self._check_time(seconds)
        self.env["telephony.call"]._log_by_hand(
            self.company_id,
            {
                "direction": self.direction,
                "outcome": self._get_outcome(),
                "started_at": self.started_at,
                "ended_at": self.started_at + timedelta(seconds=seconds),
                "answered_at": self.started_at if self.is_answered else False,
                "duration": seconds,
                "customer_number": self._get_customer_number(),
                "partner_id": self.partner_id.id,
                "lead_id": self.lead_id.id,
                "note": self.note,
                "disposition_id": self.disposition_id.id,
                "purpose_id": self.purpose_id.id,
                "tag_ids": [fields.Command.set(self.tag_ids.ids)],
            },
        )
        return {"type": "ir.actions.act_window_close"}

    # === HELPERS === #

    def _get_outcome(self):
        return self.incoming_outcome if self.direction == "incoming" else self.outgoing_outcome

    def _get_seconds(self):
        return round(self.minutes * 60) if self.is_answered else 0

    def _check_time(self, seconds):
        if not self._get_outcome():
            raise UserError(self.env._("Choose the outcome of the call."))
        if self.is_answered and not 0 < seconds <= LONGEST * 60:
            raise UserError(
                self.env._("Enter how long you talked: more than 0 minutes, and 24 hours at most.")
            )
        # The clocks of the browser and the server may differ.
        if self.started_at + timedelta(seconds=seconds) > fields.Datetime.now() + timedelta(
            minutes=1
        ):
            raise UserError(
                self.env._("A call that is logged must be over. Check its date and its talk time.")
            )

    def _get_customer_number(self):
        """Return the number in E.164, or False."""
        if not self.number:
            if not self.partner_id and not self.lead_id:
                raise UserError(
                    self.env._("Enter the number, or choose a contact or an opportunity.")
                )
            return False
        calls = self.env["telephony.call"]
        owner = self.lead_id.country_id or self.partner_id.country_id or self.company_id.country_id
        number = calls._normalize(self.number, owner) or calls._normalize(
            self.number, self.company_id.country_id
        )
        if not number:
            raise UserError(
                self.env._(
                    "“%(number)s” is not a phone number. Enter it with its country code, e.g. "
                    "+32470123456.",
                    number=self.number[:40],
                )
            )
        return number
