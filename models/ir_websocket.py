from odoo import models


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let phone users hear what goes on in the telephony of their own companies."""
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if user.has_group("crm_telephony.group_user"):
            channels.extend((company, "telephony") for company in user.company_ids)
        return channels
