"""Sentences of routing in the timeline of a call."""

from datetime import datetime

from babel.dates import format_datetime

from odoo import api, models
from odoo.tools import LazyTranslate
from odoo.tools.misc import babel_locale_parse

_lt = LazyTranslate(__name__)

TEXTS = {
    "call_received": _lt("Call to %(number)s."),
    "call_diverted": _lt("Diverted from %(number)s."),
    "caller_verified": _lt("The caller's number is verified by the caller's carrier."),
    "caller_unverified": _lt("The caller's number is not verified by the caller's carrier."),
    "caller_failed": _lt("The verification of the caller's number failed. It may be forged."),
    "number_blocked": _lt("The number is blocked. The call was rejected."),
    "flow_loops": _lt("The flow loops: the call was ended after %(count)s steps."),
    "caller_heard_apology": _lt("No one available. The caller heard a message."),
    "ringing": _lt("Ringing %(names)s."),
    "agents_not_answered": _lt("%(names)s did not answer."),
    "agent_answered": _lt("%(name)s answered."),
    "agent_not_connected": _lt("%(name)s could not be connected."),
    "line_awaited": _lt(
        "The Twilio account cannot carry more calls at once. The caller waits for another call to "
        "end."
    ),
    "line_given_up": _lt(
        "Waiting callers occupied all calls of the Twilio account. The last one left the step."
    ),
    "queue_wait_over": _lt("“%(queue)s”: the maximum wait was reached."),
    "provider_queue_full": _lt("Twilio's waiting queue is full."),
    "step_awaits_agents": _lt("“%(step)s”: waiting for another call to be answered."),
    "step_no_agent": _lt("“%(step)s”: no one is available."),
    "queue_no_agent": _lt("“%(queue)s”: no one is available."),
    "queue_full": _lt("“%(queue)s” is full."),
    "queue_waiting": _lt("Waiting in “%(queue)s”."),
    "menu_key": _lt("“%(step)s”: key %(key)s, %(label)s."),
    "menu_key_unknown": _lt("“%(step)s”: key %(key)s leads nowhere."),
    "menu_no_key": _lt("“%(step)s”: no key pressed."),
    "forward_refused": _lt("“%(step)s”: not forwarded. %(reason)s"),
    "forward_dialed": _lt("“%(step)s”: forwarded to %(number)s."),
    "forward_answered": _lt("“%(step)s”: call answered."),
    "forward_talked": _lt("“%(step)s”: call answered, %(duration)s of talk time."),
    "forward_not_answered": _lt("“%(step)s”: no answer."),
    "forward_busy": _lt("“%(step)s”: %(number)s is busy."),
    "forward_failed": _lt(
        "“%(step)s”: Twilio could not connect the call to %(number)s. The number may be wrong, or "
        "calls to its country may be disabled at Twilio, or blocked."
    ),
    "message_played": _lt("“%(step)s”: message played."),
    "call_rejected": _lt("“%(step)s”: call rejected."),
    "voicemail": _lt("“%(step)s”: voicemail."),
    "flow_continued": _lt("“%(step)s”: continuing in “%(flow)s”."),
    "flow_archived": _lt("“%(step)s”: the flow “%(flow)s” is archived."),
    "hours_open": _lt("“%(step)s”: %(moment)s is open."),
    "hours_closed": _lt("“%(step)s”: %(moment)s is closed."),
    "condition_met": _lt("“%(step)s”: condition met."),
    "condition_not_met": _lt("“%(step)s”: condition not met."),
    "condition_without_author": _lt(
        "“%(step)s”: the user who wrote the condition no longer exists. Save the condition again."
    ),
    "condition_author_left": _lt(
        "“%(step)s”: %(user)s, who wrote the condition, no longer has access to "
        "%(company)s. Save the condition again."
    ),
    "condition_author_restricted": _lt(
        "“%(step)s”: %(user)s, who wrote the condition, is not allowed to read the fields "
        "it uses. Change the condition or save it again."
    ),
    "condition_unreadable": _lt(
        "“%(step)s”: the caller's contact or opportunity cannot be read, so the condition "
        "is not met."
    ),
}


class TelephonyCallTimeline(models.Model):
    _inherit = "telephony.call.timeline"

    @api.model
    def _get_texts(self):
        return {**super()._get_texts(), **TEXTS}

    @api.model
    def _render_value(self, name, value):
        if name != "moment":
            return super()._render_value(name, value)
        # A moment is local to the calendar of its step, whose time zone is no reader's concern.
        locale = babel_locale_parse(self.env.lang)
        return format_datetime(datetime.fromisoformat(value), "EEE HH:mm", locale=locale)
