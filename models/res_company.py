from odoo import fields, models

RECORDING_MODES = [
    ("off", "Off"),
    ("agent", "The phone user decides"),
    ("always", "Always"),
]


class ResCompany(models.Model):
    _inherit = "res.company"

    telephony_country_policy = fields.Selection(
        [
            ("own", "The Company's Country"),
            ("listed", "Selected Countries"),
            ("all", "All Countries"),
        ],
        "Allowed Countries",
        required=True,
        default="own",
        help="Applies to all outgoing calls: calls by phone users and to their custom phones, "
        "transfers, forwarded calls, callbacks and verification calls.",
    )
    telephony_country_ids = fields.Many2many(
        "res.country",
        "telephony_company_country_rel",
        string="Selected Countries",
        help="Countries that can be called.",
    )
    telephony_block_premium = fields.Boolean(
        "Block Premium-Rate Numbers",
        default=True,
        help="Blocks premium-rate, personal, satellite and international service numbers, which "
        "cost extra.",
    )
    telephony_allow_shared_cost = fields.Boolean(
        "Allow Shared-Cost Numbers",
        default=True,
        help="Service numbers for which the caller pays part of the cost, e.g. +49 180 or +44 845.",
    )
    telephony_allow_unlisted = fields.Boolean(
        "Allow Unlisted Numbers",
        help="Numbers of a possible length outside the known number ranges, entered with their "
        "country code.",
    )
    telephony_calls_per_hour = fields.Integer(
        "Calls per User per Hour",
        default=100,
        help="Protects against fraud: further calls are blocked. Calls to the user's custom "
        "phone, transfers to numbers, callbacks and verification calls also count. Set 0 "
        "for no limit.",
    )
    telephony_longest_call = fields.Integer(
        "Longest Call",
        default=120,
        help="In minutes. Twilio ends a conversation after this time, so that a call that was "
        "forgotten costs no more.",
    )
    telephony_share_insights = fields.Boolean(
        "Voice Insights",
        help="Browsers send measurements of each call's audio to Twilio, which shows them in Voice "
        "Insights. Twilio's support asks for them. They contain network addresses of your users.",
    )
    telephony_wrap_up_seconds = fields.Integer(
        "Wrap-up Time",
        default=60,
        help="Seconds after a call during which the phone user receives no calls. Set 0 for no "
        "wrap-up.",
    )
    telephony_disposition_required = fields.Boolean(
        "Result Required",
        help="The wrap-up continues until a result is chosen or a supervisor ends it.",
    )
    telephony_recording_mode = fields.Selection(
        RECORDING_MODES, "Record Calls", required=True, default="off"
    )
    telephony_announce_incoming = fields.Boolean("Announce to Callers")
    telephony_announce_outgoing = fields.Boolean("Announce to People You Call")
    telephony_recording_days = fields.Integer(
        "Days to Keep Recordings",
        help="Older recordings are deleted, here and at Twilio. Set 0 to keep recordings forever.",
    )
    telephony_call_days = fields.Integer(
        "Days to Keep Calls",
        help="Older calls are anonymized and only their statistics are kept. Set 0 to keep calls "
        "forever.",
    )
    telephony_delete_at_provider = fields.Boolean(
        "Delete at Twilio",
        default=True,
        help="Deletes the copy at Twilio as soon as the recording is stored here.",
    )

    _telephony_longest_call_range = models.Constraint(
        "CHECK (telephony_longest_call BETWEEN 5 AND 1440)",
        "The longest call must be between 5 and 1,440 minutes.",
    )
    _telephony_wrap_up_range = models.Constraint(
        "CHECK (telephony_wrap_up_seconds BETWEEN 0 AND 3600)",
        "The wrap-up time must be between 0 and 3,600 seconds.",
    )
    _telephony_call_days_positive = models.Constraint(
        "CHECK (telephony_call_days >= 0)", "The number of days cannot be negative."
    )
    _telephony_recording_days_positive = models.Constraint(
        "CHECK (telephony_recording_days >= 0)", "The number of days cannot be negative."
    )

    def write(self, vals):
        if "user_ids" not in vals:
            return super().write(vals)
        # sudo: telephony.agent - a user who left the company must not be rung there
        with self.env["telephony.agent"].sudo()._following_rights():
            return super().write(vals)

    def _telephony_get_lang(self):
        """Return the language in which the company's calls are documented, if it is active.

        Odoo allows to deactivate the language of an archived contact, and then refuses to translate
        into it. Note: `self.ensure_one()`

        :rtype: str | bool
        """
        self.ensure_one()
        # sudo: res.partner - only the language of the company
        lang = self.sudo().partner_id.lang
        return lang if self.env["res.lang"]._get_data(code=lang) else False
