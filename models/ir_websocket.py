from odoo import models

# Channels of a company: the group whose members hear them.
CHANNELS = {
    "telephony": "crm_telephony.group_user",
    "telephony_supervisors": "crm_telephony.group_supervisor",
}


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Let phone users hear what goes on in the telephony of their own companies."""
        channels = super()._build_bus_channel_list(channels)
        channels.extend(self._get_telephony_channels())
        return channels

    def _get_telephony_channels(self):
        """Return the channels of the companies in which the current user may telephone now.

        :return: pairs of a company and a name
        :rtype: list(tuple)
        """
        # sudo: telephony.agent - only whether the current user has the right
        agents_sudo = self.env["telephony.agent"].sudo()
        user = self.env.user
        return [
            (company, name)
            for name, group in CHANNELS.items()
            # What the process remembers spares most people the query.
            if user.has_group(group)
            for company in agents_sudo._get_companies_of(user, group)
        ]
