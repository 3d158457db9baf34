import os
import shutil

from odoo import models

# Minimum free bytes in the storage of recordings.
ROOM = 100 * 1024 * 1024


class TelephonyAccount(models.Model):
    """The check for storage space for recordings."""

    _inherit = "telephony.account"

    def _get_recording_problem(self):
        """Return why recordings cannot be stored; empty if they can.

        :rtype: str
        """
        if not self or self.state != "connected":
            return self.env._(
                "Calls cannot be recorded because the Twilio account is not connected."
            )
        attachments = self.env["ir.attachment"]
        if attachments._storage() != "file":
            return ""
        place = attachments._filestore()
        while not os.path.isdir(place):
            place = os.path.dirname(place)
        if not os.access(place, os.W_OK) or shutil.disk_usage(place).free < ROOM:
            return self.env._(
                "Calls cannot be recorded because there is no disk space left to store recordings."
            )
        return ""
