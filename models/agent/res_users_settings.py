from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: The numbers that describe the softphone's window, in pixels, and the largest one that is stored.
WINDOW_KEYS = {"end", "bottom", "width", "height"}
WINDOW_LIMIT = 20_000


class ResUsersSettings(models.Model):
    _inherit = "res.users.settings"

    telephony_is_set_up = fields.Boolean(
        "Telephone Is Set Up",
        help="The user has gone through the steps of the first use, or has skipped them.",
    )
    telephony_window = fields.Json(
        "Phone Window",
        help="Place and size of the softphone's window, if the user has changed them.",
    )

    @api.constrains("telephony_window")
    def _check_telephony_window(self):
        """Keep what the web client stores small, as it is sent with each page."""
        for settings in self:
            window = settings.telephony_window or {}
            if (
                not isinstance(window, dict)
                or window.keys() - WINDOW_KEYS
                or any(
                    type(size) not in (int, float) or not 0 <= size <= WINDOW_LIMIT
                    for size in window.values()
                )
            ):
                raise ValidationError(
                    self.env._("The place of the phone window must consist of numbers of pixels.")
                )
