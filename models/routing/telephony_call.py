"""Incoming calls. More than 600 lines, because flow, offers and waiting call each other."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from ...providers.base import CallEvent, VoiceRequest
from ...providers.voice_response import (
    Enqueue,
    Gather,
    HangUp,
    Leave,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
)
from ...tools.call_phases import CONVERSATIONS
from ...tools.language import to_language_tag
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..call.telephony_call import REJOIN_SECONDS
from ..call.telephony_call_outgoing import CONFIRM_SECONDS
from ..call.telephony_call_reconcile import SETTLED_SECONDS
from ..gate import assert_inside, choose_inside, door
from .telephony_offer import REMINDER_SECONDS

_logger = logging.getLogger(__name__)

# Length of static/src/audio/ringback.wav, seconds. Its tone alone is ringback_tone.wav.
RINGBACK_SECONDS = 5
TONE_SECONDS = 1
# Maximum seconds of ringback between two checks, because an offer may be declined meanwhile.
LONGEST_RINGBACK = 20
# Outcomes that the members of a queue or call flow see as missed.
MISSED_OUTCOMES = ("missed", "abandoned", "voicemail", "failed")
# Maximum steps of a flow that a call may take without the caller having waited.
MAX_STEPS = 50
# Seconds after the music during which a key still counts; the minimum of the provider.
KEY_SECONDS = 1
# Seconds between two checks whether the account can carry another call; maximum seconds that a ring
# step waits for this. A queue has its own maximum.
LINE_SECONDS, LINE_WAIT_SECONDS = 5, 300
# Seconds of music between two checks: each piece is a file, with a gap before it.
MUSIC_SECONDS = 10
# A sound that ends within this time was skipped by the provider.
SKIPPED_SECONDS = 2
# Maximum seconds in a queue: each of them costs money, and a caller may have put the phone aside.
LONGEST_WAIT = 3600
# Phases in which a caller waits for an agent to accept.
WAITING_PHASES = ("waiting", "offering", "awaiting_agents")
# Maximum wait, in minutes, that is announced exactly.
MAX_WAIT_MINUTES = 30


class TelephonyCall(models.Model):
    """Incoming calls: routing, ringing, waiting and being answered."""

    _inherit = "telephony.call"

    queue_id = fields.Many2one(
        "telephony.queue",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    queued_at = fields.Datetime(readonly=True)
    queue_position = fields.Integer("Initial Position", readonly=True)
    announced_at = fields.Datetime(readonly=True)
    music_at = fields.Datetime(
        readonly=True, help="When the last sound of unknown length began for a waiting caller."
    )
    line_wanted_at = fields.Datetime(
        "Waiting for a Line",
        readonly=True,
        copy=False,
        help="When an agent could not be connected, because the account at the provider had too "
        "many calls at once.",
    )
    passed_step_ids = fields.Many2many(
        "telephony.flow.step",
        "telephony_call_passed_step_rel",
        "call_id",
        "step_id",
        "Passed Steps",
        readonly=True,
        copy=False,
        help="The steps of call flows that the call has entered.",
    )
    goodbye = fields.Char(
        readonly=True,
        copy=False,
        help="Code of the standard sentence that the caller hears as a sound before the end.",
    )
    gives_way = fields.Boolean(
        readonly=True,
        copy=False,
        help="The caller leaves the waiting room, because its line is needed to connect an agent.",
    )

    _waiting_index = models.Index("(queue_id, started_at) WHERE state = 'queued'")

    def _get_phase_facts(self):
        return {**super()._get_phase_facts(), "step": self.step_id.kind or ""}

    @api.model
    def _get_mine_domain(self, user):
        """Add the unanswered calls to the user's queues and call flows.

        They did not ring while the user was offline, and were missed all the same.
        """
        of_me = [("agent_ids.user_id", "=", user.id)]
        return super()._get_mine_domain(user) | (
            Domain("user_id", "=", False)
            & Domain("outcome", "in", MISSED_OUTCOMES)
            & (
                Domain("queue_id", "any!", of_me)
                | Domain("flow_id", "any!", [("step_ids", "any", of_me)])
            )
        )

    # === FROM THE WEBHOOKS === #

    def _process_incoming(self, account, voice_request):
        """Create an incoming call, and return what the caller hears first.

        :param account: the account that received the call
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        number = self.env["telephony.number"].search_fetch(
            [("account_id", "=", account.id), ("number", "=", voice_request.called)], limit=1
        )
        if not number:
            _logger.warning("A call to a number that is not listed was rejected")
            return [Reject()]
        call = self._take_in(account, number, voice_request)
        if not call:
            call = self.search(
                [
                    ("account_id", "=", account.id),
                    ("provider_call_id", "=", voice_request.leg_id),
                ]
            )
            _logger.info("%s: the provider repeated the request for this call", call.uuid)
            return call._advance_customer() if call else [HangUp()]
        call._add_timeline("call_received", number=number.display_name)
        if call.diverted_from:
            call._add_timeline("call_diverted", number=call._format_number(call.diverted_from))
        if call.attestation:
            call._add_timeline(f"caller_{call.attestation}")
        call._apply_event(CallEvent("routed", at=call.started_at))
        is_blocked = self.env["telephony.blocked.number"]._is_blocked(
            call.customer_number, call.company_id
        )
        if is_blocked:
            call.outcome = "blocked"
            call._add_timeline("number_blocked")
        leg = call._get_customer_leg()
        if leg.status == "ended":
            # The report of the end has overtaken this webhook: no agent is rung.
            call._apply_event(CallEvent("hung_up", at=leg.ended_at, data={"by": "customer"}))
            return [HangUp()]
        return [Reject()] if is_blocked else call._run_flow()

    def _process_wait(self, voice_request):
        """Return what a waiting caller hears until the next decision, or move the caller on.

        Note: `self.ensure_one()`

        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        response = self._advance_wait(voice_request)
        if self.step_count and response != [Leave()]:
            self.write({"step_count": 0})
        return response

    def _advance_wait(self, voice_request):
        """Return what the phase lets a waiting caller hear: `_wait_while_<phase>` returns it."""
        self.ensure_one()
        leg = self._get_customer_leg()
        queue_id = voice_request.queue_id
        is_first = bool(queue_id) and leg.provider_queue_id != queue_id
        if is_first:
            leg.provider_queue_id = queue_id
        now = fields.Datetime.now()
        phase = self._get_phase().name
        if phase == "claimed":
            seconds = self._seconds_until(self.deadline_at, now)
            if seconds > 0:
                return self._get_ringback(seconds)
            self._release_claim()
            phase = self._get_phase().name
        if phase in WAITING_PHASES and self._must_give_way():
            self._give_way()
            return [Leave()]
        wait = getattr(self, f"_wait_while_{phase}", None)
        # In every other phase, the customer does not belong into the queue.
        return wait(voice_request, now, is_first) if wait else [Leave()]

    def _wait_while_agent_lost(self, voice_request, now, is_first):
        self._advance_held_call(now)
        return self._get_hold_music(self._seconds_until(self.deadline_at, now))

    def _wait_while_held(self, voice_request, now, is_first):
        return self._wait_while_agent_lost(voice_request, now, is_first)

    def _wait_while_waiting(self, voice_request, now, is_first):
        if self.step_id.kind != "queue":
            return self._wait_while_offering(voice_request, now, is_first)
        if not is_first and not voice_request.digits:
            self._doubt_skipped_music(now)
        return self._wait_in_queue(now, is_first)

    def _wait_while_offering(self, voice_request, now, is_first):
        open_offers = self._get_open_offers()._expire(now)
        if not open_offers and self._awaits_line(now):
            return self._get_ringback(LINE_SECONDS)
        if not open_offers and (self._ring_after_line(now) or self._ring_next()):
            open_offers = self._get_open_offers()
        if open_offers:
            return self._get_offer_ringback(open_offers, now, is_first)
        if self._awaits_ringing_agents():
            return self._get_ringback(RINGBACK_SECONDS)
        return [Leave()]

    def _wait_while_awaiting_agents(self, voice_request, now, is_first):
        return self._wait_while_offering(voice_request, now, is_first)

    def _process_next(self, voice_request):
        """Return what the customer does after a queue, a conference or a redirect.

        Note: `self.ensure_one()`

        :param VoiceRequest voice_request: request of the provider
        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        # Status reports arrive at the same time; see `_process_event`.
        self._lock()
        if voice_request.dial_result == "completed" and self.outcome in (False, "missed"):
            # The forwarded call was answered, but the end of the caller's leg may have been
            # reported first.
            self._set_outcome("answered")
        return self._advance_customer(voice_request)

    def _advance_customer(self, voice_request=None):
        """Return what the customer's leg does now, according to the call's phase.

        The provider may request this at any time and repeatedly. The answer therefore depends only
        on the phase, not on the request. `_next_while_<phase>` returns it.

        :param VoiceRequest voice_request: request of the provider; None: the call begins anew
        :return: a voice response
        :rtype: list
        """
        phase = self._get_phase()
        if phase.place == "conference":
            return self._join_customer()
        advance = getattr(self, f"_next_while_{phase.name}", self._next_in_flow)
        return advance(voice_request or VoiceRequest())

    def _join_customer(self):
        """Return the way into the conference, where another party is; the conversation begins."""
        announcement = self._make_join_announcement()
        customer = self._get_customer_leg()
        customer.provider_queue_id = False
        customer._write_first()
        self._apply_event(CallEvent("joined", at=fields.Datetime.now()))
        return [*announcement, self._get_join(customer, ends_conference=True)]

    def _get_state_before_talk(self):
        return "queued" if self.step_id.kind == "queue" else super()._get_state_before_talk()

    def _next_while_ended(self, voice_request):
        return [HangUp()]

    def _next_while_agent_lost(self, voice_request):
        now = fields.Datetime.now()
        self._advance_held_call(now)
        if self._seconds_until(self.deadline_at, now) > 0:
            if not self.held_at:
                self._add_timeline("agent_lost", name=self.user_id.name)
            return self._get_enqueue_response()
        return self._leave_agent_lost()

    def _next_while_held(self, voice_request):
        return self._next_while_agent_lost(voice_request)

    def _next_while_claimed(self, voice_request):
        return self._get_enqueue_response()

    def _next_in_flow(self, voice_request):
        """Return the response of the flow: of its present step, or of the first one."""
        if self.gives_way:
            self.gives_way = False
            return self._run_flow("full" if self.step_id.kind == "queue" else "not_available")
        if self._get_open_offers():
            return self._get_enqueue_response()
        if not self.step_id:
            return self._run_flow()
        if voice_request.step_id in (None, self.step_id.id):
            result = self.step_id._resume(self, voice_request)
        else:
            # The provider repeats a request whose response was lost, but the call has moved on.
            result = self.step_id._enter(self)
        return self._run_flow(result) if isinstance(result, str) else result

    # === FLOW === #

    def _run_flow(self, exit_name=None):
        """Advance the call through its flow until a step needs the caller.

        :param str exit_name: the exit by which the current step is left; None for the first step
        :return: a voice response
        :rtype: list
        """
        if exit_name:
            self._leave_waiting()
        while True:
            if exit_name:
                step = self.step_id._get_exit(exit_name)
            else:
                step = self.flow_id._get_first_step()
            if not step:
                break
            if self.step_count >= MAX_STEPS:
                self._add_timeline("flow_loops", count=MAX_STEPS)
                break
            self.write(
                {
                    "step_id": step.id,
                    "step_entered_at": fields.Datetime.now(),
                    "step_count": self.step_count + 1,
                    "passed_step_ids": [Command.link(step.id)],
                }
            )
            self._note_step(step, exit_name)
            result = step._enter(self)
            if not isinstance(result, str):
                return result
            exit_name = result
        return self._end_with_apology()

    def _note_step(self, step, exit_name):
        """Note that the call enters a step: for the drawing, or the trace of a simulation.

        :param step: the step
        :param str exit_name: the exit that led to it; None for the first step
        """
        trace = self.env.context.get("telephony_trace")
        if trace is not None:
            trace.append((step, exit_name, len(self.timeline_ids)))
        else:
            self._notify_flow(step.flow_id)

    def _notify_flow(self, flow):
        """Make open drawings of a flow count the callers of its steps: one message a transaction.

        :param flow: the flow in which a call enters or leaves a step; may be empty
        """
        counted = self.env.cr.precommit.data.setdefault("telephony_flows_passed", set())
        if flow and flow.id not in counted:
            counted.add(flow.id)
            self.env["bus.bus"]._sendone(
                (self.company_id, "telephony_flows"),
                "telephony/flow_passed",
                {"flow_id": flow.id},
            )

    def _leave_waiting(self):
        """Take the customer out of the waiting or conversation state, back to `routing`."""
        if self.state in ("queued", "ringing", "in_progress"):
            self._get_customer_leg().provider_queue_id = False
            self._apply_event(CallEvent("routed", at=fields.Datetime.now()))

    def _end_with_apology(self):
        """Return the message that no agent is available, followed by the end of the call."""
        self._leave_waiting()
        self._add_timeline("caller_heard_apology")
        self.step_id = False
        return self._say_goodbye("no_one_available")

    def _say_goodbye(self, code):
        """Return the standard sentence after which the call ends, followed by the end.

        :param str code: a key of `telephony.speech._get_sentences`
        :return: a voice response
        :rtype: list
        """
        sentence = self._say(self._get_flow_language(), code)
        if isinstance(sentence, Play):
            self.goodbye = code
        return [sentence, HangUp()]

    def _get_flow_language(self):
        """Return the language in which the customer hears standard sentences.

        :rtype: str
        """
        flow = self.flow_id or self.number_id.flow_id
        # sudo: res.company - only its language
        return flow.language or self.company_id.sudo().partner_id.lang

    def _get_moment(self):
        """Return the time on which a flow decides (UTC, naive): now, except in a simulation."""
        return self.env.context.get("telephony_moment") or fields.Datetime.now()

    # === OFFERS === #

    def _ring_next(self):
        """Offer the call to the next agents of a ring step that rings them one after the other.

        :return: whether an agent was left to ring
        :rtype: bool
        """
        step = self.step_id
        if step.kind != "ring":
            return False
        agents = step._choose_next_agents(self)
        if agents:
            self.env["telephony.offer"]._make(self, agents, step.ring_seconds)
        return bool(agents)

    def _advance_if_unoffered(self):
        super()._advance_if_unoffered()
        now = fields.Datetime.now()
        for call in self:
            if call.state == "queued":
                call.queue_id._dispatch()
            elif call._awaits_line(now):
                continue  # its own requests notice when the line is free
            elif not call._get_open_offers() and not call.user_id and not call._ring_next():
                call._send_leave_queue_request()

    def _awaits_ringing_agents(self):
        """Return whether an agent of the ring step is being rung by another call.

        Such an agent may become available shortly. The caller therefore waits instead of leaving
        the step, but no longer than its ringing time.
        """
        step = self.step_id
        if step.kind != "ring" or self.user_id or self._get_transfer():
            return False
        entered = self.step_entered_at or self.started_at
        rung = self.offer_ids.filtered(lambda offer: offer.offered_at >= entered).agent_id
        if rung or fields.Datetime.now() >= entered + timedelta(seconds=step.ring_seconds):
            return False
        return "ringing" in step.agent_ids._get_current_states()

    @api.model
    def _get_waiting_in_steps(self, agents):
        """Return the callers in a ring step who wait until one of these agents is available."""
        calls = self.search(
            [
                ("state", "=", "routing"),
                ("user_id", "=", False),
                ("step_id.kind", "=", "ring"),
                ("step_id.agent_ids", "in", agents.ids),
            ],
            order="started_at, id",
        )
        return choose_inside(calls).filtered(lambda call: not call._get_open_offers())

    def _waits_in_queue(self):
        """Return whether this call waits for a member of its queue."""
        return self.step_id.kind == "queue"

    def _is_offers_due(self, now):
        """Return whether an offer still rings although its time is over."""
        return any(offer.expires_at <= now for offer in self._get_open_offers())

    def _on_offers_due(self, now):
        self._get_open_offers()._expire(now)
        if self._waits_in_queue():
            self.queue_id._dispatch()

    def _is_unoffered(self, now):
        """Return whether a caller waits although the call no longer rings at an agent."""
        limit = now - timedelta(seconds=SETTLED_SECONDS)
        return (
            "offers" in self._get_phase().timers
            and not self._waits_in_queue()
            and bool(self._get_customer_leg().provider_queue_id)
            and not self._is_ringing()
            and not self._awaits_line(now)
            and all(offer.write_date < limit for offer in self.offer_ids)
            and self._is_quiet(now)
        )

    def _claim(self, agent, phone_leg=None, rings_phone=False):
        """Assign the call to one agent, unless another one has claimed it.

        The caller of this method sends the agent's new state.

        :param agent: the agent who accepts
        :param phone_leg: leg of the agent's own telephone, if accepted there; it becomes confirmed
        :param bool rings_phone: whether the agent accepts in the page and talks on the own
            telephone, which rings now
        :return: whether the agent got the call
        :rtype: bool
        """
        # The callers have locked the rows: if another agent has just won, that has failed to
        # serialize, and the request is retried.
        assert_inside(self)
        if "offered" not in self._get_phase().admits:
            return False
        if phone_leg:
            phone_leg.is_confirmed = True
        now = fields.Datetime.now()
        seconds = self.account_id._get_connect_seconds()
        if rings_phone:
            seconds = max(seconds, CONFIRM_SECONDS)
        self.write(
            {
                "user_id": agent.user_id.id,
                "via": "phone" if phone_leg or rings_phone else "browser",
                "claimed_at": now,
                "deadline_at": now + timedelta(seconds=seconds),
                "line_wanted_at": False,
            }
        )
        mine = self._get_open_offers().filtered(lambda offer: offer.agent_id == agent)
        if rings_phone:
            self._ring_claimed_phone(agent, mine)
        mine._close("accepted", "accepted", winner=agent.user_id, notify=False)
        agent.missed_offers = 0
        agent._clear_wrap_up()
        others = self._get_open_offers()
        others._close("withdrawn", "accepted", winner=agent.user_id)
        self._add_timeline("agent_answered", name=agent.user_id.name)
        self._notify_flow(self.step_id.flow_id)
        self._notify()
        # Offer the next caller now instead of at the next check of the queue.
        others.agent_id._offer_waiting_calls()
        return True

    def _ring_claimed_phone(self, agent, offers):
        """Ring the custom phone of the agent who accepted in the page.

        A telephone that rings for the agent's offer already continues, for the agent's call now.

        :param agent: the agent who accepts
        :param offers: the open offers of the agent
        """
        ringing = self._get_agent_legs().filtered(
            lambda leg: leg.offer_id and leg.offer_id in offers and leg._is_alive()
        )
        if ringing:
            ringing.offer_id = False
        else:
            self._add_phone_leg(agent)
        self._add_timeline("phone_ringing", name=agent.user_id.name)

    def _get_role_of(self, agent):
        role = super()._get_role_of(agent)
        return "offered" if role == "stranger" and self._may_answer(agent) else role

    def _may_answer(self, agent):
        """Return whether an agent at whom the call rings accepts it by connecting.

        Anything beyond a plain answer, such as putting another call on hold, waits for the click.
        """
        offers = self.offer_ids.filtered(lambda offer: offer.agent_id == agent)
        # A browser that connects late for an earlier click must not accept the next offer.
        is_late = "accepted" in offers.mapped("state")
        is_ringing = bool(offers & self._get_open_offers())
        return is_ringing and not is_late and not self._get_ongoing_of(agent.user_id)

    def _admit_offered(self, agent, provider_leg_id):
        self._accept_by_connecting(agent)
        if self._get_role_of(agent) == "offered":
            return self._refuse_browser("the agent could not accept it")
        return self._admit(agent, provider_leg_id)

    def _accept_by_connecting(self, agent):
        """Accept a call for an agent at whom it rings, and whose browser has already connected.

        The page sends both requests together, and the click may arrive second.

        Note: `self.ensure_one()`
        """
        calls = self.env(
            user=agent.user_id.id,
            su=False,
            context={
                "allowed_company_ids": agent.company_id.ids,
                "lang": agent.user_id.lang,
            },
        )["telephony.call"]
        try:
            calls.accept(self.uuid)
        except UserError as error:
            # The request of the click gets the same error.
            _logger.info(
                "%s: the browser connected before the call could be accepted: %s", self.uuid, error
            )

    def _confirm_phone(self, leg, agent):
        if self.state != "ended" and leg.offer_id and not self._claim_by_phone(leg, agent):
            return self._refuse_phone(agent, "already_answered")
        return super()._confirm_phone(leg, agent)

    def _claim_by_phone(self, leg, agent):
        """Claim the call for an agent who accepts an offer on a telephone.

        :return: whether the agent got the call
        :rtype: bool
        """
        is_taken = (self.user_id and self.user_id != agent.user_id) or not leg._is_offered()
        if is_taken or not self._claim(agent, leg):
            return False
        agent._notify_change()
        return True

    def _on_line_missing(self, leg):
        super()._on_line_missing(leg)
        if leg.offer_id and not leg.transfer_id:
            self._await_line()

    def _on_phone_refused(self, leg):
        offer = leg.offer_id
        if not offer and self._get_phase().name == "claimed":
            agent = self._get_agent()
            self._release_claim(lambda env: self._explain_phone(env, leg))
            agent._notify_change()
            return None
        if self.state == "ended" or not offer:
            return super()._on_phone_refused(leg)
        is_limited = bool(leg.refusal and self.line_wanted_at)
        has_page = offer.agent_id.lease_ids._is_open()
        if offer.state == "offered" and (is_limited or not has_page):
            if is_limited:
                offer._close("withdrawn", "limit")
            elif leg.refusal:
                # Otherwise the same telephone would be selected again at once.
                offer.agent_id._set_offline_because(leg.refusal)
                offer._close("withdrawn", "withdrawn")
            else:
                self._add_timeline("phone_not_answered", name=leg.user_id.name)
                offer._close("expired", "expired")
            self._advance_if_unoffered()
        return None

    def _release_claim(self, explain=None):
        """Take the call back from an agent who accepted but did not connect; it rings again.

        :param explain: see `_notify_left`; by default, that connecting took too long
        """
        user = self.user_id
        is_limited = self.account_id._is_at_limit()
        self._add_timeline("agent_not_connected", name=user.name)
        self._release_legs(
            self._get_agent_legs().filtered(lambda leg: not leg.is_confirmed and leg._is_alive())
        )
        self.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        self._notify_flow(self.step_id.flow_id)
        # The page shows the call as the user's own until it receives this.
        explain = self._explain_waiting if is_limited else explain or self._explain_late
        self._notify_left(user, explain)
        if is_limited and (self._waits_in_queue() or not self._get_transfer()):
            self._await_line()
        else:
            self._offer_again()

    def _explain_late(self, env):
        return env._("Connecting took too long. The caller is waiting again.")

    def _explain_phone(self, env, leg):
        """Return why the custom phone of an agent who accepted in the page did not connect.

        :param env: environment of the reader
        :param leg: leg of that phone
        """
        if leg.refusal:
            return env._("The caller is waiting again. %(reason)s", reason=leg.refusal)
        return {
            "busy": env._("Your phone is busy. The caller is waiting again."),
            "failed": env._("Your phone cannot be reached. The caller is waiting again."),
        }.get(leg.end_reason, env._("You did not answer your phone. The caller is waiting again."))

    def _explain_returned(self, env):
        return env._("The caller is waiting again.")

    def _explain_waiting(self, env):
        return env._(
            "The caller is waiting again. %(reason)s", reason=self.account_id._explain_limit(env)
        )

    # === WAIT FOR A LINE === #

    def _await_line(self):
        """Keep the caller waiting until the account can carry the leg of an agent, too.

        Each agent who accepted would be refused like the last one, so the call does not ring.
        """
        if not self.line_wanted_at:
            self._add_timeline("line_awaited")
        self.line_wanted_at = fields.Datetime.now()
        self._notify_live()

    def _awaits_line(self, now):
        """Return whether this caller waits until the account can carry another call.

        Note: `self.ensure_one()`

        :param datetime now: the current time
        """
        self.ensure_one()
        if not self.line_wanted_at:
            return self.gives_way
        seconds = (now - self.line_wanted_at).total_seconds()
        if seconds < LINE_SECONDS:
            return True
        is_patient = self._waits_in_queue() or seconds < LINE_WAIT_SECONDS
        return is_patient and self.account_id._is_at_limit()

    def _must_give_way(self):
        """Return whether only waiting callers hold the account's lines, and this one came last.

        No agent could be connected with any of them before one gives up.
        """
        if not self.account_id._is_at_limit():
            return False
        legs = self.account_id._get_living_legs()
        calls = legs.call_id
        return (
            all(leg.role == "customer" for leg in legs)
            # An agent was refused, so the account is really limited.
            and any(calls.mapped("line_wanted_at"))
            and all(call._get_phase().name in (*WAITING_PHASES, "claimed") for call in calls)
            and self == calls.sorted(lambda call: (call.started_at, call.id))[-1:]
        )

    def _give_way(self):
        """Send the caller to the exit of the step, so that the others can be connected."""
        self._add_timeline("line_given_up")
        self.write({"gives_way": True, "line_wanted_at": False})
        self._get_open_offers()._close("withdrawn", "withdrawn")

    def _ring_after_line(self, now):
        """Offer a call of a ring step again after it has waited for a line.

        :param datetime now: the current time
        :return: whether it rings at an agent
        :rtype: bool
        """
        if not self.line_wanted_at or self.step_id.kind != "ring":
            return False
        is_patient = (now - self.line_wanted_at).total_seconds() < LINE_WAIT_SECONDS
        self.line_wanted_at = False
        agents = self.offer_ids._get_willing(self.step_id.agent_ids._get_available())
        if is_patient and agents:
            self.env["telephony.offer"]._make(self, agents, self.step_id.ring_seconds)
        return is_patient and bool(agents)

    def _offer_again(self):
        """Offer the call to other agents, after the one who accepted it did not connect."""
        if self._waits_in_queue():
            # The caller never left the queue and keeps the position.
            self.queue_id._dispatch()
            self._notify_live()
            return
        agents = self.offer_ids._get_willing(self.step_id.agent_ids._get_available())
        retries = len(self.offer_ids.filtered(lambda offer: offer.state == "accepted"))
        if self.step_id.kind == "ring" and agents and retries <= 2:
            self.env["telephony.offer"]._make(self, agents, self.step_id.ring_seconds)

    def _is_claim_due(self, now):
        """Return whether the agent who accepted did not connect in time."""
        return self._is_late(now)

    def _on_claim_due(self, _now):
        self._release_claim()

    # === WAIT AND REJOIN === #

    def _move_to(self, target, event):
        moved = super()._move_to(target, event)
        if moved and target == "ended" and not self.user_id:
            self._notify_flow(self.step_id.flow_id)
        has_outsider = any(
            transfer.kind == "number" and transfer.state == "done" for transfer in self.transfer_ids
        )
        is_unassigned = self.answered_at and not self.user_id and not has_outsider
        if moved and target == "ended" and is_unassigned:
            # The record names the last agent of a customer whom no agent took over. This is
            # informational: the agent has long been available again.
            spoken = self.leg_ids.filtered(
                lambda leg: leg.role == "agent" and leg.is_confirmed and leg.answered_at
            )
            self.write({"user_id": spoken.sorted("answered_at")[-1:].user_id.id})
        return moved

    def _on_agents_lost(self):
        super()._on_agents_lost()
        self._await_rejoin()

    def _await_rejoin(self):
        """Put the customer on hold with music until the lost agent rejoins."""
        self._wait_again()
        self.write(
            {
                "deadline_at": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )
        self._on_interruption_changed()
        self._notify()

    def _leave_agent_lost(self):
        """Route the customer through the flow, because the agent did not rejoin.

        The agent is no longer in this call, whatever the customer does next.

        :return: a voice response
        :rtype: list
        """
        self._add_timeline("agent_given_up", name=self.user_id.name)
        self._end_talk(max(filter(None, self._get_agent_legs().mapped("ended_at")), default=None))
        self.held_at = False
        self._release_agent(lambda env: env._("The customer hung up before you reconnected."))
        self._leave_waiting()
        if self.step_id:
            return self._run_flow("not_available")
        return self._end_with_apology()

    def _get_enqueue_response(self):
        return [
            Enqueue(
                # One queue per account: its name at the provider must not contain personal data.
                f"waiting-{self.account_id.id}",
                self.account_id._get_webhook_url("wait", call=self.uuid),
                self.account_id._get_webhook_url("step", call=self.uuid),
            )
        ]

    def _get_offer_ringback(self, offers, now, is_first, seconds=None):
        """Return what a caller hears while offers ring, and remind the agents' pages of them.

        While an offer is new, the response ends in the first pause of the ringback. The request
        that follows is the moment of the reminder.

        :param offers: the open offers
        :param datetime now: the current time
        :param bool is_first: whether the caller has heard nothing in this queue yet
        :param int seconds: time until the next decision; until the last offer expires by default
        :return: a voice response
        :rtype: list
        """
        if seconds is None:
            seconds = self._seconds_until(max(offers.mapped("expires_at")), now)
        age = offers._get_age(now)
        if age < REMINDER_SECONDS:
            return self._get_ringback(min(seconds, REMINDER_SECONDS))
        offers._notify_ringing()
        has_heard = not is_first and age < RINGBACK_SECONDS
        return self._get_ringback(seconds, REMINDER_SECONDS if has_heard else 0)

    def _is_wait_beginning(self):
        """Return whether the caller is about to make the requests of the waiting room.

        Their responses end when the pages are reminded of an offer. A response that already plays,
        music in a conversation, and a queue callback do not.

        :rtype: bool
        """
        customer = self._get_customer_leg()
        return (
            customer.status == "in_progress"
            and not customer.provider_queue_id
            and self.state != "in_progress"
        )

    def _get_ringback(self, seconds, heard=0):
        """Return ringback of a given length. The response is the timer.

        :param int seconds: length of the response, at least one second
        :param int heard: seconds for which the ringback has been heard; it continues there
        :return: a voice response
        :rtype: list
        """
        seconds = max(1, seconds)
        silence = min(seconds, -heard % RINGBACK_SECONDS)
        turns, rest = divmod(seconds - silence, RINGBACK_SECONDS)
        response = [Pause(silence)] if silence else []
        if turns:
            response.append(Play(self.account_id._get_sound_url("ringback"), turns))
        if rest:
            response.append(Play(self.account_id._get_sound_url("ringback_tone")))
        if rest > TONE_SECONDS:
            response.append(Pause(rest - TONE_SECONDS))
        return response

    def _get_hold_music(self, seconds):
        if seconds <= 0:
            return [Leave()]
        return [Play(self._get_music_url(seconds))]

    def _advance_hold(self):
        """Return what a customer on hold hears until the agent resumes the call."""
        return [Play(self.account_id._get_sound_url("hold_music"), 0)]

    @staticmethod
    def _seconds_until(moment, now):
        return max(0, int((moment - now).total_seconds())) if moment else 0

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("offer_ids.state", missing=("_is_unoffered",))
    def _send_leave_queue_request(self, is_repeated=False):
        """Move the caller out of the queue, because no agent is left to ring."""
        leg = self._get_customer_leg()
        if leg.provider_queue_id:
            self._send(
                "move_from_queue",
                leg.provider_queue_id,
                leg.provider_leg_id,
                self.account_id._get_webhook_url("step", call=self.uuid),
            )

    # ---------------------------------------------------------
    # QUEUES
    # ---------------------------------------------------------

    # Callers who wait in a queue, and how agents pick them up.

    # === WAITING === #

    def _apply_queued(self, event):
        return "queued"

    def _wait_in_queue(self, now, is_first):
        """Return what a caller in a queue hears until the next decision.

        :param datetime now: the current time
        :param bool is_first: whether the caller has heard nothing in this queue yet
        :return: a voice response
        :rtype: list
        """
        queue = self.queue_id
        open_offers = self._get_open_offers()._expire(now)
        left = self._get_wait_left(now)
        if left == 0 and not open_offers:
            self._add_timeline("queue_wait_over", queue=queue.name)
            return [Leave()]
        queue._dispatch()
        open_offers = self._get_open_offers()
        decisions = [LONGEST_RINGBACK if open_offers else queue.announcement_interval]
        decisions += [self._seconds_until(offer.expires_at, now) for offer in open_offers]
        if self.line_wanted_at:
            decisions.append(LINE_SECONDS)
        # The end of a wrap-up is usually noticed without the caller, so it may cost no gap.
        waits = (
            *queue.agent_ids._get_wrap_up_seconds(now),
            *(offer._get_ban_seconds() for offer in self.offer_ids),
        )
        decisions += [max(MUSIC_SECONDS, wait) for wait in waits if wait]
        if left:
            decisions.append(left)
        if open_offers and open_offers._get_age(now) < REMINDER_SECONDS:
            decisions.append(REMINDER_SECONDS)
        seconds = max(1, min(decisions))
        if not self._may_request_queue_callback():
            return self._make_queue_sound(now, seconds, open_offers, is_first)
        # The key counts at any time; Twilio listens for a second after the sound.
        sound = self._make_queue_sound(now, max(1, seconds - KEY_SECONDS), open_offers, is_first)
        url = self.account_id._get_webhook_url("wait", call=self.uuid)
        return [Gather(tuple(sound), KEY_SECONDS, url)]

    def _make_queue_sound(self, now, seconds, offers, is_first):
        """Return what a caller in a queue hears for the given time.

        While the call rings at an agent, the caller hears ringback: an announcement that all agents
        are busy would be wrong.

        :param datetime now: the current time
        :param int seconds: the duration of the sound, without the announcement
        :param offers: the open offers
        :param bool is_first: whether the caller has heard nothing in this queue yet
        :return: a voice response
        :rtype: list
        """
        if offers:
            return self._get_offer_ringback(offers, now, is_first, seconds)
        return [*self._make_announcement(now), self._play_queue_music(now, seconds)]

    def _play_queue_music(self, now, seconds):
        """Return the music of a queue.

        A sound that cannot be cut is played to its end, unless a decision is due at once. While it
        plays, the reconciliation ends a wait that is too long.

        :param datetime now: the current time
        :param int seconds: the length of any other music
        :rtype: Play
        """
        music = self.queue_id.music_sound_id
        if music.can_be_cut or not music._is_heard() or seconds <= LINE_SECONDS:
            return Play(self._get_music_url(seconds))
        self.music_at = now
        return Play(music._get_public_url(self.account_id))

    def _doubt_skipped_music(self, now):
        """Doubt the music of the queue if the provider skipped it.

        Otherwise it would request the next sound at once, again and again.

        :param datetime now: the current time
        """
        if self.music_at and (now - self.music_at).total_seconds() < SKIPPED_SECONDS:
            self.queue_id.music_sound_id._doubt()
        if self.music_at:
            self.music_at = False

    def _doubt_sounds(self):
        """Doubt the sounds that the caller was about to hear, see `telephony.sound`.

        :return: whether there were any
        :rtype: bool
        """
        phase, is_doubted, places = self._get_phase(), False, []
        if phase.place == "conference":
            places = ["recording"]
        elif phase.name in ("in_flow", *WAITING_PHASES):
            is_doubted = bool(self.step_id and self.step_id._get_sounds()._doubt())
            # The place of a sentence has the name of the step in which it is heard.
            places = ["call", self.step_id.kind]
        return self._doubt_sentences(self._get_flow_language(), places) or is_doubted

    def _doubt_sentences(self, lang, places):
        return self.env["telephony.speech"]._doubt(self.company_id, lang, places)

    @api.model
    def _process_unplayable(self, account, voice_request):
        """Return the response to a caller whose last one contained a sound that cannot be played.

        :param account: the account of the call
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response; empty if the sounds of the library were not the reason
        :rtype: list
        """
        leg = self.env["telephony.call.leg"].search(
            [
                ("account_id", "=", account.id),
                ("provider_leg_id", "=", voice_request.leg_id),
            ]
        )
        call = leg.call_id
        if not (voice_request.leg_id and voice_request.is_sound_error):
            return []
        if not call:
            return self.env["telephony.sentence.playback"]._repeat(account, voice_request)
        call._lock()
        if leg.role != "customer":
            return call._repeat_to_phone(leg, voice_request)
        if not call._doubt_sounds():
            return []
        if call.goodbye:
            return call._say_goodbye(call.goodbye)
        phase = call._get_phase()
        if phase.place == "conference" or phase.name in WAITING_PHASES:
            return call._advance_customer()
        return call._refuse_while_in_flow()

    def _repeat_to_phone(self, leg, voice_request):
        """Return what an agent's telephone hears in place of a sound that cannot be played.

        :param leg: a leg of this call that is not the customer's
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response; empty if no sound was the reason
        :rtype: list
        """
        agent = leg.user_id._get_telephony_agents(self.company_id)
        lang = self._get_lang_of(agent)
        is_doubted = bool(leg.number) and self._doubt_sentences(lang, ["phone"])
        return self._process_phone(leg.id, voice_request) if is_doubted else []

    def _process_failed_wait(self):
        """Return the response to a caller whom the provider took out of the queue after an error.

        Note: `self.ensure_one()`

        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        self._lock()
        if not self._doubt_sounds():
            return self._advance_refused()
        return self._say_goodbye(self.goodbye) if self.goodbye else self._advance_customer()

    def _may_wait_on(self):
        """Return whether the caller has not reached the maximum wait of the queue."""
        return self._get_wait_left(fields.Datetime.now()) > 0

    def _get_wait_left(self, now):
        """Return the seconds for which the caller may wait in the queue from now on.

        :rtype: int
        """
        queue = self.queue_id
        seconds = min(queue.max_wait, LONGEST_WAIT) if queue.limit_wait else LONGEST_WAIT
        return self._seconds_until(self.queued_at + timedelta(seconds=seconds), now)

    def _may_request_queue_callback(self):
        """Return whether the caller may press a key of the queue to be called back."""
        return False

    def _is_queue_wait_due(self, now):
        """Return whether a caller waits in the queue beyond its maximum, and rings nowhere."""
        return (
            self._waits_in_queue()
            and not self._get_open_offers()
            and not self._may_wait_on()
            and self._is_quiet(now)
        )

    def _on_queue_wait_due(self, now):
        self._get_customer_leg().moved_at = now
        self._send_leave_queue_request()

    def _process_refused(self):
        """Return the response to a caller refused by the provider's full queue.

        The phase determines it: `_refuse_while_<phase>` returns it.

        Note: `self.ensure_one()`

        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        self._lock()
        return self._advance_refused()

    def _advance_refused(self):
        advance = getattr(self, f"_refuse_while_{self._get_phase().name}", self._advance_customer)
        return advance()

    def _refuse_while_agent_lost(self):
        now = fields.Datetime.now()
        self._advance_held_call(now)
        seconds = self._seconds_until(self.deadline_at, now)
        if not seconds:
            return self._leave_agent_lost()
        # The agent is about to rejoin: the music plays outside the queue.
        url = self.account_id._get_webhook_url("step", call=self.uuid)
        return [Play(self._get_music_url(min(seconds, MUSIC_SECONDS))), Redirect(url)]

    def _refuse_while_held(self):
        return self._refuse_while_agent_lost()

    def _refuse_while_in_flow(self):
        # The provider repeats the request because our response was lost; the call has moved on.
        result = self.step_id._enter(self) if self.step_id else self._end_with_apology()
        return self._run_flow(result) if isinstance(result, str) else result

    def _refuse_while_claimed(self):
        seconds = self._seconds_until(self.deadline_at, fields.Datetime.now())
        if seconds:
            # The agent has accepted, and connects within seconds.
            self._add_timeline("provider_queue_full")
            url = self.account_id._get_webhook_url("step", call=self.uuid)
            return [*self._get_ringback(seconds), Redirect(url)]
        self._release_claim()
        return self._advance_refused()

    def _refuse_while_offering(self):
        if self.step_id.kind not in ("ring", "queue"):
            return self._refuse_while_in_flow()
        self._add_timeline("provider_queue_full")
        self._get_open_offers()._close("withdrawn", "withdrawn")
        return self._run_flow("full" if self.step_id.kind == "queue" else "not_available")

    def _refuse_while_waiting(self):
        return self._refuse_while_offering()

    def _refuse_while_awaiting_agents(self):
        return self._refuse_while_offering()

    def _make_announcement(self, now):
        """Return the announcement that is due to a waiting caller, with the position."""
        queue = self.queue_id
        due = (
            not self.announced_at
            or (now - self.announced_at).total_seconds() >= queue.announcement_interval
        )
        if not due:
            return []
        self.announced_at = now
        lang = self.flow_id.language
        sound, sentences = queue.announcement_sound_id, []
        is_played = sound._is_heard()
        if queue.announcement and not is_played:
            voice = self.account_id._get_spoken_lang(lang)
            sentences.append(Say(queue.announcement, to_language_tag(voice)))
        sentences += self._get_place_sentences(lang)
        if self._may_request_queue_callback():
            sentences.append(self._say(lang, "offer_queue_callback", key=queue.callback_key))
        spoken = self.env["telephony.speech"]._join(sentences)
        return [Play(sound._get_public_url(self.account_id)), *spoken] if is_played else spoken

    def _get_place(self):
        """Return this caller's position in the queue, from 1. Note: `self.ensure_one()`"""
        waiting = self.queue_id._get_waiting().ids
        return waiting.index(self.id) + 1 if self.id in waiting else len(waiting) + 1

    def _get_place_sentences(self, lang):
        """Yield the position and the estimated wait, in a language."""
        queue = self.queue_id
        if not queue.say_position and not queue.say_wait:
            return
        position = self._get_place()
        if queue.say_position:
            yield self._say(lang, "position", position=position)
        seconds = queue._estimate_wait(position) if queue.say_wait else None
        if seconds is None:
            return
        minutes = round(seconds / 60)
        if seconds < 60:
            yield self._say(lang, "wait_under_minute")
        elif minutes == 1:
            yield self._say(lang, "wait_one_minute")
        elif minutes <= MAX_WAIT_MINUTES:
            yield self._say(lang, "wait_minutes", minutes=minutes)
        else:
            yield self._say(lang, "wait_over_minutes", minutes=MAX_WAIT_MINUTES)

    def _get_music_url(self, seconds):
        base = f"{self.account_id._get_base_url()}/telephony/sound"
        music = self.queue_id.music_sound_id
        if music.can_be_cut and music._is_heard():
            return music._get_public_url(self.account_id, seconds)
        return f"{base}/hold_music/{seconds}.wav"

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def accept(self, uuid):
        """Accept a call that rings at the current user. The first agent wins.

        An ongoing call of the user is held.

        :param str uuid: the call
        :raise UserError: the user is in another call that cannot be put on hold
        :return: `accepted`, and the `call` or the `message` with the reason of a refusal
        :rtype: dict
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        if call_sudo._is_taken_by(agent_sudo):
            return call_sudo._to_accepted()
        if agent_sudo not in call_sudo.offer_ids.agent_id:
            raise AccessError(self.env._("This call is not ringing for you."))
        if call_sudo.state == "ended":
            return call_sudo._to_refused(self.env._("The caller hung up."))
        offer_sudo = call_sudo._get_open_offers().filtered(
            lambda offer: offer.agent_id == agent_sudo
        )
        if not offer_sudo and call_sudo._has_stopped_ringing(agent_sudo):
            return call_sudo._to_refused(self.env._("This call is no longer ringing for you."))
        return call_sudo._take(agent_sudo, offer_sudo, holds_other=True)

    @api.model
    @door(routes=True)
    @check_arguments
    def decline(self, uuid):
        """Decline a call that rings at the current user, or return one that could not connect.

        The call keeps ringing at other agents; without any, the caller continues at once.

        :param str uuid: the call
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        # A caller who was picked up from a queue may never have rung here.
        is_mine = bool(call_sudo.claimed_at) and call_sudo.user_id == self.env.user
        if not call_sudo or not (is_mine or agent_sudo in call_sudo.offer_ids.agent_id):
            raise AccessError(self.env._("This call is not ringing for you."))
        if call_sudo.state == "ended":
            return True
        if call_sudo._leave_as_guest(self.env.user):
            return True
        if is_mine:
            has_talked = call_sudo.state == "in_progress"
            if call_sudo.via == "phone":
                call_sudo._return_claim(agent_sudo)
            elif not call_sudo._get_agent_legs()._is_alive() and not has_talked:
                call_sudo._release_claim()
            return True
        mine = call_sudo._get_open_offers().filtered(lambda offer: offer.agent_id == agent_sudo)
        if mine:
            call_sudo._lock()
            call_sudo._add_timeline("agent_declined", name=self.env.user.name)
            mine._close("declined", "declined")
            agent_sudo.missed_offers = 0
            call_sudo._advance_if_unoffered()
            agent_sudo._offer_waiting_calls()
        return True

    @api.model
    @door(routes=True)
    @check_arguments
    def pick_up(self, uuid, go_online=None):
        """Pick up a chosen caller from a queue.

        :param str uuid: the call
        :param bool go_online: whether an offline user goes online with this call
        :raise UserError: the user is in a call, or offline
        :return: `accepted`, and the `call`, or the `message` with the reason
        :rtype: dict
        """
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        if not call_sudo or not call_sudo.queue_id:
            raise AccessError(self.env._("This call is not waiting in a queue."))
        if call_sudo._is_taken_by(agent_sudo):
            return call_sudo._to_accepted()
        if not call_sudo.user_id:
            if call_sudo.state == "ended":
                return call_sudo._to_refused(self.env._("The caller hung up."))
            if call_sudo.state != "queued":
                # It may ring at other agents by now, whom the flow has chosen.
                return call_sudo._to_refused(self.env._("This caller is no longer in the queue."))
            reason = agent_sudo._get_reason_not_to_pick_up(bool(go_online))
            if reason:
                raise UserError(reason)
        answer = call_sudo._take(agent_sudo)
        if go_online and answer["accepted"]:
            # Only now, so that no other waiting caller is offered first.
            agent_sudo._set_status("online")
        return answer

    # === TAKING A CALL === #

    def _return_claim(self, agent):
        """Return a call whose agent accepted it in the page, and hangs up before the own phone.

        The call does not ring at once at that agent again.

        :param agent: as superuser
        """
        self._lock()
        if self._get_phase().name != "claimed":
            return
        mine = self.offer_ids.filtered(
            lambda offer: offer.agent_id == agent and offer.state == "accepted"
        )
        mine.write({"state": "declined", "closed_at": fields.Datetime.now()})
        self._release_claim(self._explain_returned)
        agent._notify_change()

    def _is_taken_by(self, agent):
        """Return whether an agent is in this ongoing call already, as after a repeated click."""
        return bool(self) and self.user_id == agent.user_id and self.state != "ended"

    def _has_stopped_ringing(self, _agent):
        """Return whether the call left an agent at whom it rang, without being answered."""
        return not self.user_id

    def _take(self, agent, offer=None, holds_other=False):
        """Give this call to an agent who accepts it in the page. The first agent wins.

        An agent with a custom phone talks there: it rings first.

        Other calls stop ringing at the agent, and are offered elsewhere.

        :param agent: as superuser
        :param offer: the agent's open offer, if the call rings there
        :param bool holds_other: whether an ongoing call of the agent is put on hold
        :raise UserError: the agent is in another call
        :return: see `accept`
        :rtype: dict
        """
        self._lock_with_calls_of(agent)
        released = self.browse()
        if not self.user_id:
            released = agent._reserve(self, holds_other)
        if not self._claim(agent, rings_phone=agent._has_own_phone()):
            return self._to_refused(
                self.env._(
                    "This call was already answered by %(name)s.",
                    name=self.user_id.name or self.env._("someone else"),
                )
            )
        if holds_other:
            self._hold_other_calls()
        released._advance_if_unoffered()
        agent._notify_change()
        return self._to_accepted()

    def _to_accepted(self):
        return {"accepted": True, "call": self._to_client_for_me()}

    def _to_refused(self, message):
        return {"accepted": False, "message": message}

    # === LIVE LISTS === #

    @api.model
    def live_calls(self):
        """Return the conversations of the user's companies, which every agent may see.

        :return: see `_to_live`
        :rtype: list(dict)
        """
        domain = [
            ("state", "in", ("queued", "ringing", "in_progress")),
            ("answered_at", "!=", False),
        ]
        return self._get_live("conversation", domain)

    @api.model
    def queued_calls(self):
        """Return the callers who wait in the queues of the user's companies.

        :return: see `_to_live`
        :rtype: list(dict)
        """
        return self._get_live("queue", [("state", "=", "queued"), ("user_id", "=", False)])

    @api.model
    def _get_live(self, live_list, domain):
        """Return the rows of one live list.

        :param str live_list: see `_get_live_list`
        :param list domain: of the calls that may be in it
        """
        agents = self.env["telephony.agent"]
        agents._ensure_own_agent()
        companies = agents._get_my_companies()
        # sudo: telephony.call - every agent may see number and name of ongoing calls
        calls_sudo = self.sudo().search(
            [*domain, ("company_id", "in", companies.ids)], order="started_at, id"
        )
        rows = [call_sudo._to_live() for call_sudo in calls_sudo]
        return [row for row in rows if row["list"] == live_list]

    def _to_live(self):
        """Return the row of the live lists: number and name. Other packages add their keys.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        to_text = fields.Datetime.to_string
        queue = self.queue_id
        return {
            "id": self.id,
            "uuid": self.uuid,
            "revision": self._get_revision(),
            # The bus sends it to all agents of the company, whatever companies a page shows.
            "company_id": self.company_id.id,
            "list": self._get_live_list(),
            "phase": self._get_phase().name,
            "direction": self.direction,
            "is_queue_callback": bool(self.queue_callback_id),
            "customer_name": self.partner_id.name or self.lead_id.contact_name or False,
            "customer_number": self._format_number(self.customer_number) or False,
            "our_number": self.number_id.name or False,
            "our_number_display": self._format_number(self.number_id.number) or False,
            "user": {"id": self.user_id.id, "name": self.user_id.name} if self.user_id else False,
            "queue": {
                "id": queue.id,
                "name": queue.name,
                "amber_seconds": queue.amber_seconds,
                "red_seconds": queue.red_seconds,
            }
            if queue
            else False,
            "started_at": to_text(self.started_at),
            "answered_at": to_text(self.answered_at) or False,
            "on_hold": self._get_customer_leg().on_hold or bool(self.held_at),
        }

    def _get_live_list(self):
        """Return the live list that shows this call: `conversation`, `queue`, or False."""
        phase = self._get_phase().name
        if phase in ("waiting", "queue_callback"):
            return "queue"
        if phase == "transferring":
            return "queue" if self.state == "queued" else "conversation"
        # A transferred call rings again, but keeps its place in the list.
        is_kept = bool(self.answered_at) and phase in ("claimed", "joining", "returning")
        return "conversation" if phase in CONVERSATIONS or is_kept else False

    def _notify(self):
        self._notify_live()
        super()._notify()

    def _notify_live(self):
        """Send the rows of the live lists to all agents of the company."""
        for call in self:
            # An answered call was on a list, and may have to be removed from it.
            if call.state == "ended" or call._get_live_list() or call.queue_id or call.answered_at:
                self.env["bus.bus"]._sendone(
                    (call.company_id, "telephony"), "telephony/live_updated", call._to_live()
                )
