import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools.misc import formatLang

from ..models.arguments import check_one

_logger = logging.getLogger(__name__)


class TelephonyErasure(models.TransientModel):
    """Dialog that confirms and performs the erasure of a caller's telephone data."""

    _name = "telephony.erasure"
    _inherit = ["telephony.wizard.mixin"]
    _description = "Erase a Caller"

    partner_ids = fields.Many2many("res.partner", string="Contacts")
    number = fields.Char(help="With country code.")
    number_display = fields.Char("Phone", compute="_compute_number_display")
    state = fields.Selection([("ask", "Confirm"), ("done", "Done")], default="ask", readonly=True)
    call_count = fields.Integer("Calls", compute="_compute_counts")
    recording_count = fields.Integer("Recordings", compute="_compute_counts")
    callback_count = fields.Integer("Callbacks", compute="_compute_counts")
    result = fields.Text(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("number")
    def _compute_number_display(self):
        for wizard in self:
            wizard.number_display = self.env["telephony.call"]._format_number(wizard.number)

    @api.depends("partner_ids", "number")
    def _compute_counts(self):
        for wizard in self:
            calls, callbacks, _others = wizard._find()
            wizard.call_count = len(calls)
            wizard.recording_count = len(
                calls.recording_ids.filtered(lambda recording: recording.state != "deleted")
            )
            wizard.callback_count = len(callbacks)

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        """Return defaults from the contacts, the call or the callback of the action."""
        values = super().default_get(fields)
        model, ids = self.env.context.get("active_model"), self.env.context.get("active_ids")
        if model == "res.partner":
            values["partner_ids"] = [Command.set(ids or [])]
        elif model in ("telephony.call", "telephony.callback"):
            record = self.env[model].browse(self.env.context["active_id"])
            record.check_access("read")
            if not record.customer_number:
                raise UserError(
                    self.env._("This caller's number is hidden or has already been erased.")
                )
            values["number"] = record.customer_number
        return values

    # === ACTIONS === #

    @check_one
    def action_erase(self):
        """Erase the caller's telephone data in the companies of the user.

        :raise AccessError: the user is no telephone administrator
        """
        if not self.env.user.has_group("crm_telephony.group_manager"):
            raise AccessError(self.env._("Only a Telephony administrator can erase a caller."))
        calls, callbacks, others = self._find()
        calls._cancel_queue_callbacks()
        running = calls._get_unfinished()
        held = calls._get_on_legal_hold() - running
        # A third party who is being called now must not lose the number in between.
        ongoing = others._get_unfinished()
        # sudo: telephony.call - a telephone administrator may read and erase them
        erased_sudo = (calls - running - held).sudo()
        recordings = erased_sudo.recording_ids.filtered(
            lambda recording: recording.state != "deleted"
        )
        counts = {
            "calls": len(erased_sudo),
            "recordings": len(recordings),
            "callbacks": len(callbacks),
        }
        numbers = self._get_numbers()
        callbacks.sudo()._anonymize(self.env._("Caller erased"))
        erased_sudo._anonymize(self.env.user)
        for number in numbers:
            (others - ongoing).sudo()._forget_number(number)
        self._forget_verifications(numbers)
        self.write(
            {
                "state": "done",
                "result": self._get_result(counts, running | ongoing, held, numbers),
                "partner_ids": False,
                "number": False,
            }
        )
        _logger.info(
            "User %s erased a caller: %s calls, %s recordings, %s callbacks; %s calls stay",
            self.env.uid,
            *counts.values(),
            len(running | ongoing | held),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Erase This Caller"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "medium"},
        }

    # === HELPERS === #

    def _get_numbers(self):
        """Return the numbers of the caller."""
        numbers = {self.number, *self.partner_ids.mapped("phone_sanitized")}
        for partner in self.partner_ids:
            numbers.update(partner._telephony_get_numbers())
        return [number for number in numbers if number]

    def _find(self):
        """Return the caller's data in the companies of the user.

        A number that several contacts share does not connect these contacts.

        :return: calls with the caller, callbacks to the caller, calls with others in which the
            caller's number occurs
        :rtype: tuple(telephony.call, telephony.callback, telephony.call)
        """
        self.ensure_one()
        self.partner_ids.check_access("read")
        numbers = self._get_numbers()
        number = Domain("customer_number", "in", numbers)
        if self.partner_ids:
            number &= Domain("partner_id", "in", [False, *self.partner_ids.ids])
        company = Domain("company_id", "in", self.env.companies.ids)
        domain = company & (number | Domain("partner_id", "in", self.partner_ids.ids))
        calls = self.env["telephony.call"].search(domain & Domain("anonymized_at", "=", False))
        callbacks = self.env["telephony.callback"].search(
            domain & Domain("anonymized_at", "=", False)
        )
        others = (
            self.env["telephony.call"].search(
                company
                & (
                    Domain("leg_ids.number", "in", numbers)
                    | Domain("transfer_ids.number", "in", numbers)
                )
            )
            if numbers
            else calls.browse()
        )
        return calls, callbacks, others - calls

    def _forget_verifications(self, numbers):
        # sudo: telephony.dialed.leg - the row is kept for the limits, which cover one hour
        self.env["telephony.dialed.leg"].sudo().search(
            [
                ("number", "in", numbers),
                ("company_id", "in", self.env.companies.ids),
                ("dialed_at", "<", fields.Datetime.now() - timedelta(hours=1)),
            ]
        ).number = False

    def _get_result(self, counts, running, held, numbers):
        lines = [
            self.env._(
                "Erased: %(calls)s calls, %(recordings)s recordings and %(callbacks)s callbacks.",
                **{name: formatLang(self.env, count, digits=0) for name, count in counts.items()},
            )
        ]
        if counts["recordings"]:
            lines.append(self.env._("The copies of the recordings at Twilio are being deleted."))
        if running:
            lines.append(
                self.env._(
                    "%(count)s calls were kept because they are in progress or in wrap-up. Erase "
                    "the caller again once they have ended.",
                    count=formatLang(self.env, len(running), digits=0),
                )
            )
        if held:
            days = ", ".join(fields.Date.to_string(call.started_at) for call in held)
            lines.append(
                self.env._(
                    "%(count)s calls were kept because their recordings are under legal hold: "
                    "%(days)s.",
                    count=formatLang(self.env, len(held), digits=0),
                    days=days,
                )
            )
        if self.env["telephony.blocked.number"].search_count(
            [("number", "in", numbers), ("company_id", "in", self.env.companies.ids)]
        ):
            lines.append(
                self.env._(
                    "The number remains blocked. To unblock it, remove it from the blocked numbers."
                )
            )
        return "\n".join(lines)
