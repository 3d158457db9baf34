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
        "Countries That May Be Called",
        required=True,
        default="own",
        help="It holds for every call that leaves: of phone users and to their own telephones, "
        "transfers, forwarded calls, callbacks and verification calls.",
    )
    telephony_country_ids = fields.Many2many(
        "res.country",
        "telephony_company_country_rel",
        string="Selected Countries",
        help="The countries that may be called when countries are selected.",
    )
    telephony_block_premium = fields.Boolean(
        "Block Premium Numbers",
        default=True,
        help="Premium, personal, satellite and international service numbers cost extra.",
    )
    telephony_allow_shared_cost = fields.Boolean(
        "Allow Shared-Cost Numbers",
        default=True,
        help="Service numbers whose callers pay a part of the costs, as +49 180 or +44 845.",
    )
    telephony_allow_unlisted = fields.Boolean(
        "Allow Unlisted Numbers",
        help="Numbers with a possible length that belong to no known range, written with their "
        "country code.",
    )
    telephony_calls_per_hour = fields.Integer(
        "Calls per User and Hour",
        default=100,
        help="More calls than this look like fraud and are refused. Calls to the user's own "
        "telephone, transfers to numbers, callbacks and verification calls count, too. 0: no "
        "limit.",
    )
    telephony_wrap_up_seconds = fields.Integer(
        "Wrap-up Time",
        default=60,
        help="Seconds after a conversation in which no call is offered. 0: none.",
    )
    telephony_disposition_required = fields.Boolean(
        "Result Required",
        help="The wrap-up goes on until a result was chosen, or a supervisor ends it.",
    )
    telephony_recording_mode = fields.Selection(
        RECORDING_MODES, "Record Conversations", required=True, default="off"
    )
    telephony_announce_incoming = fields.Boolean("Announce It to Callers")
    telephony_announce_outgoing = fields.Boolean("Announce It to Those You Call")
    telephony_announcement = fields.Char(
        "Announcement", help="Empty: “This call is recorded.”, in the language of the call."
    )
    telephony_recording_days = fields.Integer(
        "Days to Keep Recordings",
        help="Older recordings are deleted, here and at Twilio. 0: they are kept.",
    )
    telephony_call_days = fields.Integer(
        "Days to Keep Calls",
        help="Older calls are anonymized: only their figures stay. 0: they are kept.",
    )
    telephony_delete_at_carrier = fields.Boolean(
        "Delete at Twilio",
        default=True,
        help="As soon as a recording is stored here, Twilio's own copy is deleted.",
    )

    _telephony_wrap_up_range = models.Constraint(
        "CHECK (telephony_wrap_up_seconds BETWEEN 0 AND 3600)",
        "A wrap-up lasts 0 to 3600 seconds.",
    )
    _telephony_call_days_positive = models.Constraint(
        "CHECK (telephony_call_days >= 0)", "The number of days cannot be negative."
    )
    _telephony_recording_days_positive = models.Constraint(
        "CHECK (telephony_recording_days >= 0)", "The number of days cannot be negative."
    )

    def write(self, vals):
        result = super().write(vals)
        if "user_ids" in vals:
            # sudo: telephony.agent - who works here no more cannot be reached
            self.env["telephony.agent"].sudo()._drop_without_right()
        return result
