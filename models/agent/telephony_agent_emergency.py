from odoo import models

from ...tools.phone_number import is_emergency


class TelephonyAgent(models.Model):
    _inherit = "telephony.agent"

    def _get_emergency_number(self, typed):
        """Return the company's number from which this agent may call an emergency service.

        Note: `self.ensure_one()`

        :param str typed: the number that the agent typed
        :return: the number; empty when `typed` is no emergency service, or no number is allowed for
            it
        """
        self.ensure_one()
        allowed = self._get_numbers().filtered("emergency_enabled")
        if not is_emergency(typed, self.company_id.country_id.code):
            return allowed.browse()
        default = self._get_default_number()
        return default if default in allowed else allowed[:1]
