from odoo import models

# Channels of a company, each with the group whose members may subscribe.
CHANNELS = {
    "telephony": "crm_telephony.group_user",
    "telephony_supervisors": "crm_telephony.group_supervisor",
    "telephony_flows": "crm_telephony.group_manager",
}


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Add the telephony channels of an agent's own companies."""
        channels = super()._build_bus_channel_list(channels)
        channels.extend(self._get_telephony_channels())
        return channels

    def _get_telephony_channels(self):
        """Return the channels of the companies in which the current user is an agent now.

        :return: pairs of a company and a name
        :rtype: list(tuple)
        """
        # sudo: telephony.agent - only whether the current user is an agent
        agents_sudo = self.env["telephony.agent"].sudo()
        user = self.env.user
        return [
            (company, name)
            for name, group in CHANNELS.items()
            # The cached groups save most users the query.
            if user.has_group(group)
            for company in agents_sudo._get_companies_of(user, group)
        ]
