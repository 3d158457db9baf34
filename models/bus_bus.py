from odoo import api, models

from odoo.addons.bus.models.bus import channel_with_db, hashable

from .ir_websocket import CHANNELS


class BusBus(models.Model):
    _inherit = "bus.bus"

    @api.model
    def _poll(self, channels, last=0, ignore_ids=None):
        """Leave out messages that the reader may no longer receive.

        A websocket keeps its channels until it is closed. So the right to the channels of the
        telephony is checked at every delivery, in every process.
        """
        database = self.env.cr.dbname
        channels = [channel_with_db(database, hashable(channel)) for channel in channels]
        telephony = {channel for channel in channels if self._is_of_telephony(channel)}
        if telephony:
            allowed = (
                {
                    channel_with_db(database, channel)
                    for channel in self.env["ir.websocket"]._get_telephony_channels()
                }
                if self.env.uid
                else set()
            )
            refused = telephony - allowed
            channels = [channel for channel in channels if channel not in refused]
        return super()._poll(channels, last, ignore_ids)

    @api.model
    def _is_of_telephony(self, channel):
        """Return whether a channel, as stored by the bus, is one of `CHANNELS`."""
        return (
            isinstance(channel, tuple)
            and len(channel) == 4
            and channel[1] == "res.company"
            and channel[3] in CHANNELS
        )
