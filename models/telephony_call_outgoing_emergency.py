import logging

from odoo import models

from .telephony_destination import is_emergency

_logger = logging.getLogger(__name__)


class TelephonyCall(models.Model):
    """Calls to emergency services: refused, unless an administrator has made sure of the place.

    Such a call shows the number whose address is registered, and nothing else; no rule stops it,
    and it is never recorded (see `_get_recording_ban`).
    """

    _inherit = "telephony.call"

    def _decide_dialled(self, agent, number, record, caller_id_id, override_reason):
        if not agent._get_emergency_number(number):
            return super()._decide_dialled(agent, number, record, caller_id_id, override_reason)
        digits = "".join(char for char in number if char.isdigit())
        _logger.warning("User %s calls an emergency service.", self.env.uid)
        return digits, self.env["telephony.caller.id"], ""

    def _get_number_to_call_from(self, agent, customer_number):
        return agent._get_emergency_number(customer_number) or (
            super()._get_number_to_call_from(agent, customer_number)
        )


class TelephonyAgent(models.Model):
    _inherit = "telephony.agent"

    def _get_emergency_number(self, typed):
        """Return our number with which this agent may call an emergency service.

        Note: `self.ensure_one()`

        :param str typed: what is to be called
        :return: a number, or none: it is no emergency service, or no number is allowed for it
        """
        self.ensure_one()
        allowed = self._get_numbers().filtered("emergency_enabled")
        if not is_emergency(typed, self.company_id.country_id.code):
            return allowed.browse()
        default = self._get_default_number()
        return default if default in allowed else allowed[:1]
