import logging

from odoo import models

_logger = logging.getLogger(__name__)


class TelephonyCall(models.Model):
    """Calls to emergency services: refused unless an administrator has registered the address.

    Such a call shows only the number whose address is registered. Rules do not block it, and it is
    never recorded (see `_get_recording_ban`).
    """

    _inherit = "telephony.call"

    def _decide_dialed(self, agent, number, record, caller_id_id, override_reason):
        if not agent._get_emergency_number(number):
            return super()._decide_dialed(agent, number, record, caller_id_id, override_reason)
        digits = "".join(char for char in number if char.isdigit())
        _logger.warning("User %s calls an emergency service.", self.env.uid)
        return digits, self.env["telephony.caller.id"], ""

    def _get_number_to_call_from(self, agent, customer_number):
        return agent._get_emergency_number(customer_number) or (
            super()._get_number_to_call_from(agent, customer_number)
        )
