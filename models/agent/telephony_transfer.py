from odoo import fields, models
from odoo.exceptions import UserError


class TelephonyTransfer(models.Model):
    """The disposition that an agent gives a conversation before handing it over."""

    _inherit = "telephony.transfer"

    disposition_id = fields.Many2one(
        "telephony.disposition",
        "Result",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )

    def _set_disposition(self, disposition_id):
        """Set the disposition of the agent who handed the call over. Note: `self.ensure_one()`

        :param int disposition_id: a disposition that fits the call, or False
        :raise UserError: the disposition does not fit
        """
        self.ensure_one()
        choices = self.call_id._get_dispositions()
        chosen = choices.filtered(lambda choice: choice.id == disposition_id)
        if disposition_id and not chosen:
            raise UserError(self.env._("This result cannot be used for this call."))
        self.disposition_id = chosen
        self.call_id._update_log()

    def _check_disposition(self):
        """Check nothing: only the last agent of a call has to give a result."""

    def _get_part_texts(self):
        return [*super()._get_part_texts(), self.disposition_id.name]

    def _to_part(self, data):
        disposition = self.disposition_id
        return {
            **super()._to_part(data),
            "disposition": {"id": disposition.id, "name": disposition.name}
            if disposition
            else False,
        }
