"""Sentences of transfers in the timeline of a call."""

from odoo import api, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

TEXTS = {
    "agent_lost_in_consultation": _lt("%(name)s was disconnected."),
    "three_way": _lt("%(name)s, %(target)s and the customer are in a three-way call."),
    "consulted": _lt("%(name)s consulted %(target)s. The customer is on hold."),
    "party_added": _lt("%(name)s added %(target)s to the call."),
    "party_joined": _lt("%(target)s joined."),
    "transferred": _lt("%(name)s transferred the call to %(target)s."),
    "handed_over": _lt("%(name)s left the customer with %(target)s."),
    "transfer_returned": _lt("No one answered. The call returned to %(name)s."),
    "transfer_lost": _lt("Neither %(target)s nor %(name)s answered."),
    "transfer_done": _lt("%(name)s now has the customer."),
    "consultation_not_called": _lt("%(name)s was not called. %(reason)s"),
    "consultation_canceled": _lt("Consultation with %(name)s canceled."),
    "consultation_left": _lt("%(name)s has hung up. You are with the customer."),
    "consultation_busy": _lt("%(name)s is busy. You are with the customer."),
    "consultation_no_line": _lt(
        "%(name)s could not be connected, because the Twilio account cannot carry more calls at "
        "once. You are with the customer."
    ),
    "consultation_unreachable": _lt("%(name)s cannot be reached. You are with the customer."),
    "consultation_not_answered": _lt("%(name)s did not answer. You are with the customer."),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}
