from odoo import fields, models
from odoo.tools import sql


class TelephonyContactNumber(models.Model):
    """A further number of a contact, in E.164, so that an index finds it.

    The first number of a contact is its `phone_sanitized`. Only contacts with several numbers have
    rows here, so the table is empty unless an addon adds a second phone field.
    """

    _name = "telephony.contact.number"
    _inherit = ["telephony.guard.mixin"]
    _description = "Further Number of a Contact"
    _log_access = False
    _rec_name = "number"

    partner_id = fields.Many2one(
        "res.partner", "Contact", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Char(required=True, readonly=True, index=True)

    _number_unique = models.UniqueIndex("(partner_id, number)")

    def init(self):
        """Create the trigram index that finds digits in the middle of a number."""
        if self.env.registry.has_trigram:
            sql.create_index(
                self.env.cr,
                "telephony_contact_number_trgm",
                self._table,
                ["number gin_trgm_ops"],
                "gin",
            )
