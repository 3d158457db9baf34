from odoo import api, models
from odoo.exceptions import UserError

DO_NOT_RECORD = "crm_telephony.partner_category_do_not_record"


class ResPartnerCategory(models.Model):
    """The tag *Do not record*, which excludes contacts from recording and cannot be deleted."""

    _inherit = "res.partner.category"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_do_not_record(self):
        if self._telephony_do_not_record() in self:
            raise UserError(
                self.env._(
                    "Calls with contacts that have this tag are never recorded. You can rename the "
                    "tag, but not delete it."
                )
            )

    @api.model
    def _telephony_do_not_record(self):
        """Return the tag of contacts who must not be recorded."""
        return self.env.ref(DO_NOT_RECORD, raise_if_not_found=False) or self.browse()
