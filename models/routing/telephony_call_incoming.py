import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.base import CallEvent, ProviderError
from ...providers.voice_response import Conference, Enqueue, HangUp, Leave, Pause, Play, Reject, Say
from ...tools.call_states import CONNECT_SECONDS
from ..call.telephony_call import ANONYMOUS, REJOIN_SECONDS

_logger = logging.getLogger(__name__)

# Length of static/src/audio/ringback.wav, seconds.
RINGBACK_SECONDS = 5
# Seconds of ring-back between two looks, at most: what rang may have been declined meanwhile.
LONGEST_RINGBACK = 20
# Steps of a flow that a call takes without the caller having waited.
MAX_STEPS = 50


class TelephonyCall(models.Model):
    """Incoming calls: routing, ringing, waiting, being taken."""

    _inherit = "telephony.call"

    # === FROM THE WEBHOOKS === #

    def _process_incoming(self, account, params):
        """Take a new call in, and say what the caller hears first.

        :param account: the account that was called
        :param dict params: `CallSid`, `From`, `To` of the provider
        :return: a voice response
        :rtype: list
        """
        number = self.env["telephony.number"].search_fetch(
            [("account_id", "=", account.id), ("number", "=", params.get("To"))], limit=1
        )
        if not number:
            _logger.warning("A call to a number that is not listed was refused")
            return [Reject()]
        call = self._take_in(account, number, params)
        if not call:
            call = self.search(
                [
                    ("account_id", "=", account.id),
                    ("provider_call_id", "=", params["CallSid"]),
                ]
            )
            _logger.info("%s: the provider asks again", call.uuid)
            return call._advance_customer() if call else [HangUp()]
        call._add_trace(self.env._("Call to %(number)s.", number=number.display_name))
        call._apply_event(CallEvent("routed", at=call.started_at))
        if self.env["telephony.blocked.number"]._is_blocked(call.customer_number, call.company_id):
            call.outcome = "blocked"
            call._add_trace(self.env._("The number is blocked. The call was rejected."))
            return [Reject()]
        return call._run_flow()

    def _take_in(self, account, number, params):
        """Write a new call.

        :param account: the account that was called
        :param number: the number that was called
        :param dict params: `CallSid`, `From` of the provider
        :return: the call; nothing when it is known already
        """
        event = self.env["telephony.call.event"]._record_once(
            account, f"{params['CallSid']}:voice", "voice"
        )
        if not event:
            return self.browse()
        call = self.create(self._prepare_incoming_values(account, number, params))
        event.call_id = call
        return call

    def _prepare_incoming_values(self, account, number, params):
        caller = params.get("From") or ""
        caller = "" if caller.lower() in ANONYMOUS else caller
        # With its country code it says itself where it belongs: nothing has to be read for it.
        country = account.company_id.country_id if caller[:1] != "+" else self.env["res.country"]
        caller = self._normalize(caller, country)
        now = fields.Datetime.now()
        partner = self.env["res.partner"]._telephony_find(caller, account.company_id)[:1]
        return {
            "account_id": account.id,
            "provider_call_id": params["CallSid"],
            "direction": "incoming",
            "from_number": params.get("From") or False,
            "to_number": number.number,
            "customer_number": caller or False,
            "number_id": number.id,
            "flow_id": number.flow_id.id,
            "partner_id": partner.id,
            "lead_id": self._find_lead(partner, caller, account.company_id).id,
            "started_at": now,
            "leg_ids": [
                fields.Command.create(
                    {
                        "account_id": account.id,
                        "role": "customer",
                        "label": "customer",
                        "number": caller or False,
                        "provider_leg_id": params["CallSid"],
                        "status": "in_progress",
                        "initiated_at": now,
                        "ringing_at": now,
                    }
                )
            ],
        }

    def _process_wait(self, params):
        """Say what a waiting caller hears until the next decision, or let the caller go on.

        Note: `self.ensure_one()`

        :param dict params: the provider's, with the queue's identifier
        :return: a voice response
        :rtype: list
        """
        response = self._advance_wait(params)
        if self.step_count and response != [Leave()]:
            self.write({"step_count": 0})
        return response

    def _advance_wait(self, params):
        self.ensure_one()
        leg = self._get_customer_leg()
        queue_id = params.get("QueueSid")
        if queue_id and leg.provider_queue_id != queue_id:
            leg.provider_queue_id = queue_id
        if self.state == "ended" or self._is_anybody_there():
            return [Leave()]
        now = fields.Datetime.now()
        if self.state == "in_progress":
            self._advance_held_call(now)
            return self._get_hold_music(self._seconds_until(self.deadline_at, now))
        if self.user_id:
            seconds = self._seconds_until(self.deadline_at, now)
            if seconds > 0:
                return self._get_ringback(seconds)
            self._release_claim()
        if self._get_transfer():
            return self._wait_in_transfer(now)
        if self.step_id.kind == "queue":
            if self._is_requesting_queue_callback(params):
                return self._schedule_queue_callback()
            return self._wait_in_queue(now)
        open_offers = self._expire_offers(now)
        if not open_offers and self._ring_next():
            open_offers = self._get_open_offers()
        if open_offers:
            end = max(open_offers.mapped("expires_at"))
            return self._get_ringback(self._seconds_until(end, now))
        if self._awaits_ringing_agents():
            return self._get_ringback(RINGBACK_SECONDS)
        return [Leave()]

    def _process_next(self, params):
        """Say what the customer does next, after a queue, a conference or a redirection.

        Note: `self.ensure_one()`

        :return: a voice response
        :rtype: list
        """
        self.ensure_one()
        # Its reports come at the same moment; see `_process_event`.
        self._lock()
        if params.get("DialCallStatus") == "completed" and self.outcome in (False, "missed"):
            # Somebody outside has answered; the caller's own end may have been told first.
            self.outcome = "answered"
            if self.state == "ended":
                self._update_callbacks()
        return self._advance_customer(params)

    def _advance_customer(self, params=None):
        """Say what the customer's leg does now, from the call's state.

        The provider may ask this at any moment, and more than once: the answer depends on what is
        true, not on who asks.

        :param dict params: what the provider tells: a key that was pressed, say
        :return: a voice response
        :rtype: list
        """
        if self.state == "ended":
            return [HangUp()]
        if self._is_anybody_there():
            announcement = self._announce_before_join()
            customer = self._get_customer_leg()
            customer.provider_queue_id = False
            customer._write_first()
            self._apply_event(CallEvent("joined", at=fields.Datetime.now()))
            return [*announcement, self._get_join(customer, ends_conference=True)]
        if self.state == "in_progress":
            now = fields.Datetime.now()
            self._advance_held_call(now)
            if self._seconds_until(self.deadline_at, now) > 0:
                if not self.held_at:
                    self._add_trace(
                        self.env._(
                            "%(name)s was disconnected. The customer is on hold.",
                            name=self.user_id.name,
                        )
                    )
                return self._get_enqueue_response()
            return self._leave_agent_lost()
        if self.user_id or self._get_open_offers():
            return self._get_enqueue_response()
        if self._get_transfer():
            return self._step_in_transfer()
        if not self.step_id:
            return self._run_flow()
        params = params or {}
        if params.get("at", str(self.step_id.id)) == str(self.step_id.id):
            result = self.step_id._resume(self, params)
        else:
            # The provider repeats a question whose answer was lost; the call is further by now.
            result = self.step_id._enter(self)
        return self._run_flow(result) if isinstance(result, str) else result

    # === FLOW === #

    def _run_flow(self, exit_name=None):
        """Go on through the flow until a step needs the caller.

        :param str exit_name: the exit by which the current step is left; None at the beginning
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
                self._add_trace(
                    self.env._(
                        "The flow loops: the call was ended after %(count)s steps.", count=MAX_STEPS
                    )
                )
                break
            self.write(
                {
                    "step_id": step.id,
                    "step_entered_at": fields.Datetime.now(),
                    "step_count": self.step_count + 1,
                }
            )
            result = step._enter(self)
            if not isinstance(result, str):
                return result
            exit_name = result
        return self._get_apology()

    def _leave_waiting(self):
        """Go on alone: the customer waits for nobody any more, and stands in no list."""
        if self.state in ("queued", "ringing", "in_progress"):
            self._get_customer_leg().provider_queue_id = False
            self._apply_event(CallEvent("routed", at=fields.Datetime.now()))

    def _get_apology(self):
        """Say politely that nobody is there, and end."""
        self._leave_waiting()
        self._add_trace(self.env._("No one available. The caller heard a message."))
        self.step_id = False
        flow = self.flow_id
        language = flow.language or self.company_id.partner_id.lang or "en_US"
        text = self.with_context(lang=language).env._(
            "No one is available to take your call right now. Please call again later. Goodbye."
        )
        return [Say(text, flow._get_speech_language()), HangUp()]

    def _get_moment(self):
        """Return the moment for which a flow decides (UTC, naive): now, except in a simulation."""
        return self.env.context.get("telephony_moment") or fields.Datetime.now()

    # === OFFERS === #

    def _offer_to(self, agents, seconds):
        """Let the call ring at agents.

        :param agents: phone users
        :param int seconds: for how long
        """
        now = fields.Datetime.now()
        # Calls come before phone users, as for whoever accepts: see `_lock`.
        self._lock()
        agents._mark_reserved()
        offers = self.env["telephony.offer"].create(
            [
                {
                    "call_id": self.id,
                    "agent_id": agent.id,
                    "transfer_id": self._get_transfer().id,
                    "expires_at": now + timedelta(seconds=seconds),
                }
                for agent in agents
            ]
        )
        if self.user_id:
            # The one who had the call before did not come back.
            self.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        self._add_trace(
            self.env._("Ringing %(names)s.", names=", ".join(agents.mapped("user_id.name")))
        )
        self._apply_event(CallEvent("offered", at=now))
        offers._notify_made()
        self._ring_phones(offers)

    def _ring_next(self):
        """Let the next ones ring, in a step that does not ring at all of them at once.

        :return: whether there is a next one
        :rtype: bool
        """
        step = self.step_id
        if step.kind != "ring":
            return False
        agents = step._get_next_agents(self)
        if agents:
            self._offer_to(agents, step.ring_seconds)
        return bool(agents)

    def _get_willing(self, agents):
        """Return the agents this call may be offered to now, in the same order.

        Agents who declined it come after all others, and not within 30 seconds.

        :param agents: phone users who are free
        """
        declined = self.offer_ids.filtered(lambda offer: offer.state == "declined")
        recent = declined.filtered(lambda offer: offer._get_ban_seconds() > 0)
        return agents - declined.agent_id or agents - recent.agent_id

    def _awaits_ringing_agents(self):
        """Return whether an agent of the ring step may be free as soon as another call is answered.

        The caller then waits instead of leaving the step, but not longer than one ringing lasts.
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
        """Return the callers who wait in a ring step until one of these agents is free."""
        calls = self.search(
            [
                ("state", "=", "routing"),
                ("user_id", "=", False),
                ("step_id.kind", "=", "ring"),
                ("step_id.agent_ids", "in", agents.ids),
            ],
            order="started_at, id",
        )
        return calls.filtered(lambda call: not call._get_open_offers())

    def _get_open_offers(self):
        return self.offer_ids.filtered(lambda offer: offer.state == "offered")

    def _expire_offers(self, now):
        """Close the offers whose time is up; return those that still ring."""
        expired = self._get_open_offers().filtered(lambda offer: offer.expires_at <= now)
        if expired:
            # Who accepts at this moment holds the call first, and its offers then.
            self._lock()
            self._add_trace(
                self.env._(
                    "%(names)s did not answer.",
                    names=", ".join(expired.agent_id.mapped("user_id.name")),
                )
            )
            expired._close("expired", "expired")
        return self._get_open_offers()

    def _claim(self, agent, via="browser"):
        """Give the call to one agent, and to nobody else; the caller of this tells the agent's
        new state.

        :param agent: the phone user who accepts
        :param str via: `browser` or `phone`: where the agent accepts
        :return: whether this agent got it
        :rtype: bool
        """
        # The lock fails to serialize when somebody else has just won, and is tried again.
        self._lock()
        if self.user_id or self.state not in ("ringing", "queued"):
            return False
        now = fields.Datetime.now()
        self.write(
            {
                "user_id": agent.user_id.id,
                "via": via,
                "claimed_at": now,
                "deadline_at": now + timedelta(seconds=CONNECT_SECONDS),
            }
        )
        mine = self._get_open_offers().filtered(lambda offer: offer.agent_id == agent)
        mine._close("accepted", "accepted", winner=agent.user_id, notify=False)
        agent.missed_offers = 0
        agent._clear_wrap_up()
        others = self._get_open_offers()
        others._close("withdrawn", "accepted", winner=agent.user_id)
        self._add_trace(self.env._("%(name)s answered.", name=agent.user_id.name))
        self._notify()
        # The next caller need not wait until the queue is looked at again.
        others.agent_id._offer_waiting_calls()
        return True

    def _accept_by_connecting(self, agent):
        """Take a call for an agent at whom it rings, and whose browser is already here.

        The page sends both at once, and the click may come second. Whatever takes more than a
        click, such as putting a running conversation on hold, waits for it.

        Note: `self.ensure_one()`
        """
        offers = self.offer_ids.filtered(lambda offer: offer.agent_id == agent)
        offer = offers & self._get_open_offers()
        # A browser that comes too late for the click before is not there for the next one.
        is_late = "accepted" in offers.mapped("state")
        if not offer or offer.transfer_id or is_late or self._get_ongoing_of(agent.user_id):
            return
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
            # The click is told so as well.
            _logger.info("%s: a browser came too early: %s", self.uuid, error)

    def _release_claim(self):
        """Take the call back from an agent who accepted and did not come; it rings again."""
        user = self.user_id
        self._add_trace(self.env._("%(name)s could not be connected.", name=user.name))
        self.write({"user_id": False, "claimed_at": False, "deadline_at": False})
        # The page shows the call as its user's own, until it is told.
        user._bus_send(
            "telephony/call_left",
            {
                **self._to_left(user),
                "message": self.env._("Connecting took too long. The caller is waiting again."),
            },
        )
        if self._advance_transfer():
            return
        if self._waits_in_queue():
            # The caller never left the queue, and keeps the place.
            self.queue_id._dispatch()
            self._notify_live()
            return
        agents = self._get_willing(self.step_id.agent_ids._get_available())
        retries = len(self.offer_ids.filtered(lambda offer: offer.state == "accepted"))
        if self.step_id.kind == "ring" and agents and retries <= 2:
            self._offer_to(agents, self.step_id.ring_seconds)

    # === WAITING, LEAVING, COMING BACK === #

    def _move_to(self, target, event):
        moved = super()._move_to(target, event)
        has_outsider = any(
            transfer.kind == "number" and transfer.state == "done" for transfer in self.transfer_ids
        )
        is_nobodys = self.answered_at and not self.user_id and not has_outsider
        if moved and target == "ended" and is_nobodys:
            # The record names the last speaker of a customer whom nobody took over. Nothing follows
            # from it: that phone user has long been free.
            spoken = self.leg_ids.filtered(
                lambda leg: leg.role == "agent" and leg.is_confirmed and leg.answered_at
            )
            self.write({"user_id": spoken.sorted("answered_at")[-1:].user_id.id})
        return moved

    def _await_rejoin(self):
        """Let the customer wait with music for the agent who vanished."""
        self._wait_again()
        self.write(
            {
                "deadline_at": fields.Datetime.now() + timedelta(seconds=REJOIN_SECONDS),
            }
        )
        self._sync_recording()
        self._notify()

    def _leave_agent_lost(self):
        """The agent did not come back: the flow's exit takes the customer.

        The agent is in this call no more, whatever the customer does next.

        :return: a voice response
        :rtype: list
        """
        self._add_trace(self.env._("%(name)s did not reconnect.", name=self.user_id.name))
        self._end_recording()
        self._end_talk(max(filter(None, self._get_agent_legs().mapped("ended_at")), default=None))
        self.held_at = False
        self._release_agent(self.env._("The customer hung up before you reconnected."))
        self._leave_waiting()
        if self.step_id:
            return self._run_flow("not_available")
        return self._get_apology()

    def _end_talk(self, moment=None):
        """Keep how long the customer spoke with people, while the call goes on without them.

        :param datetime moment: when the last one of them left; now when it is not known
        """
        if self.answered_at:
            moment = max(moment or fields.Datetime.now(), self.answered_at)
            self.duration = int((moment - self.answered_at).total_seconds())

    def _get_enqueue_response(self):
        return [
            Enqueue(
                # One queue an account; a name at the provider holds nothing personal.
                f"waiting-{self.account_id.id}",
                self.account_id._get_webhook_url("wait", call=self.uuid),
                self.account_id._get_webhook_url("step", call=self.uuid),
            )
        ]

    def _get_ringback(self, seconds):
        return self._get_timed_sound("ringback.wav", RINGBACK_SECONDS, seconds)

    def _get_hold_music(self, seconds):
        if seconds <= 0:
            return [Leave()]
        return [Play(self._get_music_url(seconds))]

    def _advance_hold(self):
        """Say what a customer on hold hears, until the agent comes back."""
        return [Play(self.account_id._get_sound_url("hold_music.wav"), 0)]

    def _get_timed_sound(self, name, length, seconds):
        """Play a sound for whole turns, and be silent for the rest: the response is the timer."""
        turns, rest = divmod(max(1, seconds), length)
        response = []
        if turns:
            response.append(Play(self.account_id._get_sound_url(name), turns))
        if rest:
            response.append(Pause(rest))
        return response

    def _get_join(self, leg, ends_conference, muted=False, coach=""):
        return Conference(
            self.uuid,
            leg.label,
            ends_conference,
            self.account_id._get_webhook_url("conference", call=self.uuid),
            muted,
            coach,
        )

    @staticmethod
    def _seconds_until(moment, now):
        return max(0, int((moment - now).total_seconds())) if moment else 0

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    def _send_connect_request(self, is_repeated=False):
        """Take the caller out of the queue, into the conference.

        :param bool is_repeated: an earlier request was perhaps lost, and the caller is neither in
            the conference nor, perhaps, in the queue
        """
        leg = self._get_customer_leg()
        url = self.account_id._get_webhook_url("join", call=self.uuid)
        is_gone = not leg.provider_queue_id
        if leg.status == "ended" or (is_gone and not is_repeated):
            # Not in the queue yet: the first question of the waiting room moves the caller on.
            return
        if not is_gone:
            error = self._try("move_from_queue", leg.provider_queue_id, leg.provider_leg_id, url)
            is_gone = bool(error) and error.gone
        if is_gone and is_repeated and self._get_wanted_place() == "room":
            self._try("redirect_leg", leg.provider_leg_id, url)

    def _send_leave_queue_request(self, is_repeated=False):
        """Take the caller out of the queue: nobody is left whom it could ring at."""
        leg = self._get_customer_leg()
        if leg.provider_queue_id:
            self._send(
                "move_from_queue",
                leg.provider_queue_id,
                leg.provider_leg_id,
                self.account_id._get_webhook_url("step", call=self.uuid),
            )

    def _send(self, method_name, *args):
        """Send one request; what it was about may be gone meanwhile.

        :return: whether the provider carried it out
        :rtype: bool
        """
        return not self._try(method_name, *args)

    def _try(self, method_name, *args):
        """Send one request.

        :return: why it failed; nothing when the provider carried it out
        :rtype: ProviderError | None
        """
        try:
            getattr(self.account_id._get_client(), method_name)(*args)
        except ProviderError as error:
            level = logging.INFO if error.gone else logging.WARNING
            _logger.log(level, "%s: %s failed, code %s", self.uuid, method_name, error.code)
            return error
        return None
