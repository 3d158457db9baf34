import math

from odoo import api, fields, models

# Choices of the question after a bad call, named as in the provider's list of quality issues.
ISSUES = [
    ("none", "No Problem"),
    ("dropped", "Dropped Call"),
    ("latency", "Delay"),
    ("one_way", "One-Way Audio"),
    ("choppy", "Choppy Voice"),
    ("noisy", "Noise"),
    ("echo", "Echo"),
]
# Per measure: the lowest and the highest plausible value, and which of two values is worse.
RANGES = {
    "rtt": (0, 60000, max),
    "jitter": (0, 60000, max),
    "packet_loss": (0, 100, max),
    "mos": (1, 5, min),
    "silent_seconds": (0, 86400, max),
}
# Warnings of the browser during the call.
TROUBLES = ("silent_microphone", "bad_network", "nothing_heard")
DEVICE_LENGTH = 100


class TelephonyCallQuality(models.Model):
    """Audio quality of one browser leg: the worst values that the browser measured.

    A leg has at most one row. The row is a measurement and no part of the call: a browser may only
    report on its own legs, and a report changes nothing else.
    """

    _name = "telephony.call.quality"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Quality"
    _order = "measured_at desc, id desc"
    _rec_name = "call_id"

    call_id = fields.Many2one(
        "telephony.call",
        "Phone Call",
        required=True,
        ondelete="cascade",
        index=True,
        immutable=True,
    )
    leg_id = fields.Many2one("telephony.call.leg", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="call_id.company_id", store=True, index=True)
    user_id = fields.Many2one(
        "res.users", "Phone User", required=True, ondelete="cascade", index=True
    )
    measured_at = fields.Datetime("Date", required=True, index=True, default=fields.Datetime.now)
    device = fields.Char("Microphone")
    rtt = fields.Float("Delay (ms)", aggregator="avg", help="Maximum round-trip time.")
    jitter = fields.Float("Jitter (ms)", aggregator="avg", help="Maximum jitter.")
    packet_loss = fields.Float("Loss (%)", aggregator="avg", help="Maximum packet loss.")
    mos = fields.Float("Quality (1 to 5)", aggregator="avg", help="Lowest estimated quality score.")
    silent_seconds = fields.Integer("Silent Microphone (Seconds)", aggregator="sum")
    silent_microphone = fields.Integer("Calls with a Silent Microphone", aggregator="sum")
    bad_network = fields.Integer("Calls with Poor Network", aggregator="sum")
    nothing_heard = fields.Integer("Calls without Incoming Audio", aggregator="sum")
    bad = fields.Integer(
        "Poor-Quality Calls", aggregator="sum", compute="_compute_bad", store=True, index=True
    )
    issue = fields.Selection(ISSUES, "Phone User's Rating")

    _leg_unique = models.Constraint(
        "UNIQUE (leg_id)", "The quality of each leg can be recorded only once."
    )

    @api.depends(*TROUBLES)
    def _compute_bad(self):
        for quality in self:
            quality.bad = int(any(quality[name] for name in TROUBLES))

    @api.model
    def _read_report(self, report):
        """Return the plausible values of a browser's report.

        :param dict report: keyed by the names of `RANGES` and `TROUBLES`, and `device`
        :return: values of this model
        :rtype: dict
        """
        report = report if isinstance(report, dict) else {}
        values = {}
        for name, (lowest, highest, _worse) in RANGES.items():
            value = report.get(name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number and math.isfinite(value) and lowest <= value <= highest:
                values[name] = int(value) if name == "silent_seconds" else round(value, 2)
        values.update({name: 1 for name in TROUBLES if report.get(name) is True})
        device = report.get("device")
        if isinstance(device, str) and device.isprintable():
            values["device"] = device.strip()[:DEVICE_LENGTH]
        return values

    def _add(self, leg, values):
        """Merge new values into the worst known ones; a repeated report changes nothing.

        :param leg: measured leg
        :param dict values: see `_read_report`
        :return: the row of the leg
        """
        quality = self.search([("leg_id", "=", leg.id)])
        if not quality:
            return self.create(
                {
                    "call_id": leg.call_id.id,
                    "leg_id": leg.id,
                    "user_id": leg.user_id.id,
                    **values,
                }
            )
        for name, (_lowest, _highest, worse) in RANGES.items():
            if name in values and quality[name]:
                values[name] = worse(values[name], quality[name])
        quality.write(values)
        return quality
