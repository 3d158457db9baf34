"""Nothing stays open: after any loss the record becomes true, and no party is left alone."""

import logging
import re
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_telephony.models.call.after_commit import Repair, after_commit, get_repairs
from odoo.addons.crm_telephony.providers.base import ProviderError, VoiceRequest

from ..common import (
    AGENT_LEG,
    CALLER_LEG,
    CUSTOMER,
    LOGGER,
    QUEUE,
    ROOM,
    TelephonyCase,
    TelephonyHttpCase,
    leg_sid,
)

OUTSIDE = "+32475998877"
SUE_LEG, BOB_LEG = leg_sid(70), leg_sid(60)
# Ways in which a request fails: its process dies after the commit, its answer is lost, it is
# refused.
FAILURES = {
    "died": None,
    "lost": ProviderError("Time-out", "unknown"),
    "refused": ProviderError("No"),
}


@tagged("post_install", "-at_install")
class TestGivenUp(TelephonyHttpCase):
    """The agent vanished and did not return; the customer continues without the agent."""

    def lose_agent(self):
        """Lose the agent of a conversation of 60 seconds, and exhaust the customer's wait."""
        call = self.talk()
        self.let_time_pass(60)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
        self.run_after_commit()
        self.step(call)
        self.wait(call)
        self.let_time_pass(30)
        self.assertEqual(self.names(self.wait(call)), ["Leave"])
        return call

    def leave_message(self):
        """Make the exit of the step a voicemail, and lead the customer there."""
        self.closed_step.write(
            {
                "kind": "voicemail",
                "message": False,
                "max_seconds": 60,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
        call = self.lose_agent()
        self.assertIn("Record", self.names(self.step(call)))
        return call

    def test_customer_leaves_a_message_agent_is_free(self):
        """House 4.2: the call was `in_progress` with an agent who was not there."""
        call = self.leave_message()
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))
        self.agent_ana.invalidate_recordset(["state"])
        self.assertEqual(self.agent_ana.state, "available")
        self.assertEqual(set(call._get_agent_legs().mapped("status")), set())
        self.assertEqual(
            self.notified(self.ana, "call_left")[-1]["message"],
            "The customer hung up before you reconnected.",
        )

    def test_customer_leaves_a_message_live_lists_forget_the_call(self):
        call = self.leave_message()
        self.assertNotIn(call.uuid, [row["uuid"] for row in self.as_user(self.ana).live_calls()])
        lines = [
            payload
            for _channel, kind, payload in self.notifications
            if kind == "telephony/live_updated" and payload["uuid"] == call.uuid
        ]
        self.assertEqual((lines[-1]["list"], lines[-1]["user"]), (False, False))

    def test_customer_leaves_a_message_record_keeps_the_talk(self):
        call = self.leave_message()
        self.let_time_pass(40)
        self.tell_leg(call, CALLER_LEG, "completed", CallDuration="140")
        self.assertEqual((call.state, call.outcome, call.user_id), ("ended", "answered", self.ana))
        self.assertAlmostEqual(call.duration, 60, delta=2)
        self.agent_ana.invalidate_recordset(["state"])
        self.assertEqual(self.agent_ana.state, "available")

    def test_colleague_takes_the_customer_and_the_call_is_theirs(self):
        """The exit rings at a colleague, who has the call from then on."""
        self.closed_step.write(
            {
                "kind": "ring",
                "agent_ids": [Command.set(self.agent_bob.ids)],
                "ring_seconds": 20,
            }
        )
        call = self.lose_agent()
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.assertEqual((call.state, call.user_id), ("ringing", self.env["res.users"]))
        self.as_user(self.bob).accept(call.uuid)
        self.connect_browser(call, self.agent_bob, sid=leg_sid(60))
        self.run_after_commit()
        self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))

    def test_page_that_comes_back_too_late_is_refused(self):
        call = self.leave_message()
        [verb] = self.connect_browser(call, self.agent_ana, sid=leg_sid(51))
        self.assertEqual(verb.tag, "Hangup")
        self.assertEqual(call.state, "routing")

    def test_outgoing_customer_hears_the_apology_and_agent_is_free(self):
        """An outgoing call has no flow: the customer hears an apology, and the agent is free."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        customer = self.customer(call)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", leg=customer)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.run_after_commit()
        self.step(call)
        self.let_time_pass(31)
        self.assertEqual(self.names(self.step(call)), ["Say", "Hangup"])
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))

    def test_full_queue_keeps_the_customer_for_an_agent_who_comes_back(self):
        """The provider's queue refuses the customer of an agent whose connection was lost."""
        call = self.talk()
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="60")
        self.run_after_commit()
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        for _turn in range(2):
            self.assertEqual(
                self.names(self.step(call, QueueResult="queue-full")), ["Play", "Redirect"]
            )
        self.assertEqual((call.state, call.user_id), ("in_progress", self.ana))
        self.let_time_pass(31)
        self.step(call, QueueResult="queue-full")
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))

    def test_full_queue_never_leaves_an_outgoing_call_in_progress(self):
        """An outgoing call has no step: it stayed `in_progress` for ever after the apology."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.run_after_commit()
        customer = self.customer(call)
        self.tell_leg(call, customer.provider_leg_id, "in-progress", leg=customer)
        self.tell_leg(call, leg_sid(50), "completed", CallDuration="9")
        self.let_time_pass(31)
        self.assertEqual(self.names(self.step(call, QueueResult="queue-full")), ["Say", "Hangup"])
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))


@tagged("post_install", "-at_install")
class TestTimeLimit(TelephonyHttpCase):
    """https://www.twilio.com/docs/voice/twiml/dial#timelimit"""

    def test_limit_is_two_hours_by_default(self):
        self.assertEqual(
            self.env["res.company"].create({"name": "New"}).telephony_longest_call, 120
        )

    def test_limit_is_between_five_minutes_and_a_day(self):
        for minutes in (0, 4, 1441):
            with (
                self.subTest(minutes=minutes),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
            ):
                self.company_a.telephony_longest_call = minutes
                self.env.flush_all()
            self.env.invalidate_all()

    def test_forwarded_leg_ends_by_itself(self):
        self.company_a.telephony_longest_call = 30
        self.ring.write({"kind": "forward", "forward_number": "+3225550199"})
        _call, [dial] = self.call_in()
        self.assertEqual(dial.get("timeLimit"), "1800")

    def test_every_party_of_a_conference_ends_by_itself(self):
        """The customer leaves first, and so ends the call for all."""
        self.company_a.telephony_longest_call = 30
        self.go_online(self.agent_ana)
        call, _response = self.call_in()
        self.wait(call)
        self.as_user(self.ana).accept(call.uuid)
        [agent] = self.connect_browser(call, self.agent_ana)
        self.assertEqual((agent.tag, agent.get("timeLimit")), ("Dial", "1860"))
        [customer] = self.ask("join", {"CallSid": CALLER_LEG}, {"call": call.uuid})
        self.assertEqual((customer.tag, customer.get("timeLimit")), ("Dial", "1800"))

    def test_call_beyond_the_limit_is_ended_with_its_reason(self):
        """A customer who was moved has a new limit at the provider."""
        call = self.talk()
        call.answered_at = fields.Datetime.now() - timedelta(minutes=122)
        self.env.flush_all()
        self.assertTrue(call._is_in_doubt(None, fields.Datetime.now()))
        call._reconcile({})
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "answered", "system"))
        self.assertIn("120 minutes", call._get_end_message())

    def test_end_at_the_limit_has_a_reason(self):
        call = self.talk()
        call.answered_at = fields.Datetime.now() - timedelta(minutes=120)
        self.tell_leg(call, self.customer(call).provider_leg_id, "completed", CallDuration="7200")
        self.assertEqual(call.outcome, "answered")
        self.assertIn("120 minutes", call._get_end_message())


class Failing(TelephonyCase):
    """Requests that fail once, and the repair by the reconciliation within a minute."""

    def setUp(self):
        super().setUp()
        # The rows are those of the test's transaction.
        self.startPatcher(
            patch.object(
                self.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: float("inf")
            )
        )
        self.calls = self.env["telephony.call"].sudo()
        self.not_ended = None

    def let_fail(self, how, rest):
        """Make the next request of a kind fail, and send the pending requests."""
        if how == "died":
            self.queued_requests.clear()
            return
        self.provider.failures[rest] = [FAILURES[how]]
        with self.assertLogs(LOGGER):
            logging.getLogger(LOGGER).info("A failure is expected to be logged.")
            self.run_after_commit()
        if rest == "end_leg":
            # The leg has no sign of the request that was not carried out.
            self.not_ended = self.provider.sent(rest)[0][0]

    def reconcile(self, seconds=20):
        """Advance the time and reconcile; each leg that was not hung up lives at the provider."""
        self.env.flush_all()
        self.env.invalidate_all()
        ended = [sid for [sid] in self.provider.sent("end_leg")]
        if self.not_ended in ended:
            ended.remove(self.not_ended)
        self.provider.legs = {
            leg.provider_leg_id: {"CallStatus": "in-progress"}
            for leg in self.calls.search([]).leg_ids
            if leg.provider_leg_id and leg.status != "ended" and leg.provider_leg_id not in ended
        }
        self.let_time_pass(seconds)
        self.calls._cron_reconcile()
        self.run_after_commit()
        self.env.invalidate_all()

    # === STAGES OF THE STORIES === #

    def ring_in(self):
        """Put a caller into the provider's queue, ringing at Ana."""
        self.go_online(self.agent_ana)
        self.calls._process_incoming(
            self.account,
            VoiceRequest(leg_id=CALLER_LEG, caller=CUSTOMER, called=self.number.number),
        )
        call = self.calls.search([("provider_call_id", "=", CALLER_LEG)])
        call._process_wait(VoiceRequest(queue_id=QUEUE))
        return call

    def connect(self, call, agent=None, sid=AGENT_LEG):
        agent = (agent or self.agent_ana).sudo()
        return self.calls._process_browser(
            self.account,
            VoiceRequest(leg_id=sid, identity=agent.identity, call_uuid=call.uuid),
        )

    def tell_room(self, call, event, sequence, sid=CALLER_LEG):
        self.calls._process_event(
            self.account,
            self.account._parse_conference_event(
                {
                    "ConferenceSid": ROOM,
                    "FriendlyName": call.uuid,
                    "CallSid": sid,
                    "StatusCallbackEvent": event,
                    "SequenceNumber": str(sequence),
                }
            ),
        )

    def converse(self):
        """Connect Ana with a caller, without pending requests."""
        call = self.ring_in()
        self.as_user(self.ana).accept(call.uuid)
        self.connect(call)
        self.run_after_commit()
        call._process_next(VoiceRequest())
        self.tell_room(call, "participant-join", 1)
        self.run_after_commit()
        self.assertEqual(call.state, "in_progress")
        self.provider.room = {CALLER_LEG: False, AGENT_LEG: False}
        self.provider.requests.clear()
        return call

    def is_free(self, agent):
        agent.invalidate_recordset(["state"])
        return agent.state != "in_call"


@tagged("post_install", "-at_install")
class TestEveryRequest(Failing):
    """Each kind of request, failing in each way: a minute later the record is true."""

    share_size = 22

    # Request -> method of the provider; each has a story `begin_…` and a check `check_…`.
    KINDS = {
        "_send_announce_request": "announce",
        "_send_connect_request": "move_from_queue",
        "_send_dial_check_request": "find_participant",
        "_send_dial_request": "add_participant",
        "_send_end_leg_request": "end_leg",
        "_send_end_request": "end_leg",
        "_send_guest_request": "add_participant",
        "_send_hold_request": "hold_participant",
        "_send_leave_queue_request": "move_from_queue",
        "_send_monitor_request": "set_participant_sound",
        "_send_mute_request": "set_participant_sound",
        "_send_ring_request": "call_phone",
        "_send_wait_request": "redirect_leg",
    }

    # The requests of other models, and the tests of their stories.
    OTHERS = {
        # TestSlowClick
        "telephony.account": {"_send_connection_request"},
        # TestEveryVerification; its `start_verification` is sent by the click itself.
        "telephony.caller.id": {"_send_check_request"},
        # test_test_call
        "telephony.test.call": {
            "_send_test_call_request",
            "_send_test_check_request",
            "_send_test_end_request",
        },
        # TestWhatIsTrue, test_recording_life
        "telephony.recording": {
            "_send_delete_request",
            "_send_fetch_request",
            "_send_find_request",
            "_send_start_request",
            "_send_status_request",
        },
    }

    def get_requests(self, model):
        return {name for name in dir(model) if re.fullmatch(r"_send_\w+_request", name)}

    def test_every_request_has_its_story(self):
        """An added request must declare the consequences of its loss."""
        found = {
            name: self.get_requests(model)
            for name, model in self.registry.items()
            if name.startswith("telephony.") and self.get_requests(model)
        }
        self.assertEqual(found, {"telephony.call": set(self.KINDS), **self.OTHERS})

    def test_every_request_names_what_repairs_its_loss(self):
        """A row of each request names conditions or methods that exist, and fields as well."""
        for model_name, requests in {"telephony.call": set(self.KINDS), **self.OTHERS}.items():
            model = self.registry[model_name]
            table = get_repairs(model)
            self.assertEqual(set(table), requests - {"_send_connection_request"})
            for request, repair in table.items():
                with self.subTest(request):
                    for method in (*repair.missing, *filter(None, [repair.repaired_by])):
                        self.assertTrue(callable(getattr(model, method)))
                    for wanted in repair.wanted.split(", "):
                        self.assert_says_what_is_wanted(model, wanted)
                    if repair.leg_missing:
                        legs = self.registry["telephony.call.leg"]
                        self.assertTrue(callable(getattr(legs, repair.leg_missing)))
                    if repair.missing or repair.leg_missing:
                        # The reconciliation examines the conditions of calls and their legs.
                        self.assertEqual(model_name, "telephony.call")

    def assert_says_what_is_wanted(self, model, wanted):
        """Check that a path of fields, or a method, exists."""
        if wanted.startswith("_"):
            self.assertTrue(callable(getattr(model, wanted)))
            return
        for name in wanted.split("."):
            field = model._fields[name]
            self.assertTrue(field.store)
            model = self.registry[field.comodel_name] if field.relational else model

    def test_request_without_repair_cannot_be_written(self):
        with self.assertRaises(TypeError):
            after_commit("state")
        with self.assertRaises(TypeError):
            Repair("state")

    def test_override_of_a_request_is_sent_once_with_what_it_extends(self):
        """The `super()` call of an override sends, and registers nothing."""
        call, sent = self.converse(), []
        extended = self.registry["telephony.call"]._send_end_request

        @after_commit("state", repaired_by="_send_end_leg_request")
        def _send_end_request(records):
            sent.append(records)
            return extended(records)

        self.queued_requests.clear()
        with patch.object(self.registry["telephony.call"], "_send_end_request", _send_end_request):
            call._send_end_request()
            self.assertFalse(sent)
            self.assertEqual(len(self.queued_requests), 1)
            self.run_after_commit()
        self.assertEqual(sent, [call])
        self.assertIn([CALLER_LEG], self.provider.sent("end_leg"))
        self.assertFalse(self.queued_requests)

    def test_every_request_that_fails(self):
        """No call stays open, whichever request was lost, refused or unanswered."""
        for kind, rest in self.KINDS.items():
            name = kind.removeprefix("_send_").removesuffix("_request")
            for how in FAILURES:
                with self.subTest(kind, how=how), self.env.cr.savepoint() as savepoint:
                    self.provider.__init__()
                    self.not_ended = None
                    call = getattr(self, f"begin_{name}")()
                    self.let_fail(how, rest)
                    for _look in range(3):
                        self.reconcile()
                    getattr(self, f"check_{name}")(call, how, rest)
                    savepoint.rollback()
                self.queued_requests.clear()
                self.env.invalidate_all()

    def assert_sent_again(self, call, how, rest, args):
        """Check that the request was sent at least once more than it failed."""
        sent = [found for found in self.provider.sent(rest) if found[: len(args)] == list(args)]
        self.assertGreaterEqual(len(sent), 1 if how == "died" else 2, self.provider.requests)

    # === STORIES === #

    def begin_wait(self):
        """The customer moves from the conference to the waiting room."""
        call = self.converse()
        self.go_online(self.agent_bob)
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "blind"
        )
        return call

    def check_wait(self, call, how, rest):
        self.assert_sent_again(call, how, rest, [CALLER_LEG])
        self.assertTrue(self.is_free(self.agent_ana))

    def begin_connect(self):
        """The agent is there: the customer moves from the queue to the conference."""
        call = self.ring_in()
        self.as_user(self.ana).accept(call.uuid)
        self.provider.requests.clear()
        self.connect(call)
        return call

    def check_connect(self, call, how, rest):
        self.assert_sent_again(call, how, rest, [QUEUE, CALLER_LEG])

    def begin_leave_queue(self):
        """No agent is left at whom the call could ring."""
        call = self.ring_in()
        self.provider.requests.clear()
        self.as_user(self.ana).decline(call.uuid)
        return call

    check_leave_queue = check_connect

    def begin_hold(self):
        call = self.converse()
        self.as_user(self.ana).set_hold(call.uuid, True)
        return call

    def check_hold(self, call, how, rest):
        if how == "refused":
            # The button shows the confirmed state.
            self.assertFalse(call.hold_wanted)
        else:
            self.assert_sent_again(call, how, rest, [ROOM, CALLER_LEG, True])

    def begin_announce(self):
        self.company_a.write(
            {
                "telephony_recording_mode": "agent",
                "telephony_announce_incoming": True,
            }
        )
        call = self.converse()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        return call

    def check_announce(self, call, how, rest):
        self.assert_sent_again(call, how, rest, [ROOM])
        self.assertTrue(call.is_announcement_played)

    def begin_dial(self):
        """The agent is there: the customer is called."""
        call = self.dial()
        self.connect(call)
        return call

    def check_dial(self, call, how, rest):
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertEqual(self.customer(call).status, "ended")
        self.assertIn([AGENT_LEG], self.provider.sent("end_leg"))
        self.assertTrue(self.is_free(self.agent_ana))

    def begin_dial_check(self):
        """The answer to the dial was lost, and no report came: the leg is looked for."""
        self.provider.failures["add_participant"] = [ProviderError("Time-out", "unknown")]
        call = self.begin_dial()
        with self.assert_log("models.call.telephony_call_outgoing", "WARNING", "was lost"):
            self.run_after_commit()
        self.provider.requests.clear()
        call._check_unknown_dial()
        return call

    def check_dial_check(self, call, how, rest):
        self.check_dial(call, how, rest)

    def begin_ring(self):
        """The agent has a custom phone, which is called first."""
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32475111222"})
        return self.dial()

    def check_ring(self, call, how, rest):
        self.assertEqual(call.state, "ended")
        self.assertTrue(call.failure_reason)
        self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})
        self.assertTrue(self.is_free(self.agent_ana))

    def begin_mute(self):
        """The agent talks on a custom phone, and mutes it in the page."""
        call = self.converse()
        call._get_agent_legs().number = "+32475111222"
        self.as_user(self.ana).set_mute(call.uuid, True)
        return call

    def check_mute(self, call, how, rest):
        leg = call._get_agent_legs()
        if how == "refused":
            # The button shows the true state.
            self.assertFalse(leg.muted)
        else:
            self.assert_sent_again(call, how, rest, [ROOM, leg.provider_leg_id, True, ""])
            self.assertTrue(leg.provider_muted)

    def begin_guest(self):
        """An outside number is called into the conference."""
        call = self.converse()
        self.as_user(self.ana).transfer(call.uuid, {"type": "number", "number": OUTSIDE}, "warm")
        return call

    def check_guest(self, call, how, rest):
        self.assertEqual(call.state, "in_progress")
        self.assertEqual(call.transfer_ids.state, "failed")
        guest = call.leg_ids.filtered(lambda leg: leg.role == "consulted")
        self.assertEqual(guest.status, "ended")
        self.assertFalse(call.hold_wanted)

    def begin_end(self):
        call = self.converse()
        self.as_user(self.ana).hang_up(call.uuid)
        return call

    def check_end(self, call, how, rest):
        for sid in (CALLER_LEG, AGENT_LEG):
            self.assertIn([sid], self.provider.sent(rest))

    def begin_end_leg(self):
        """The consulted party is released, and the conversation goes on."""
        call = self.converse()
        self.go_online(self.agent_bob)
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "conference"
        )
        self.as_user(self.bob).accept(call.uuid)
        self.connect(call, self.agent_bob, BOB_LEG)
        self.run_after_commit()
        self.as_user(self.ana).cancel_transfer(call.uuid)
        return call

    def check_end_leg(self, call, how, rest):
        self.assert_sent_again(call, how, rest, [BOB_LEG])
        self.assertEqual(call.state, "in_progress")

    def begin_monitor(self):
        """A supervisor who barged in changes to listening, and must not be heard any more."""
        call = self.converse()
        self.env["telephony.agent"].create(
            {
                "user_id": self.sue.id,
                "company_id": self.company_a.id,
            }
        )
        self.as_user(self.sue).monitor(call.uuid, "barge")
        self.connect(call, self.sue.telephony_agent_ids, SUE_LEG)
        self.run_after_commit()
        self.as_user(self.sue).set_monitor_mode(call.uuid, "listen")
        return call

    def check_monitor(self, call, how, rest):
        """The request is sent again, or the supervisor leaves."""
        if [SUE_LEG] not in self.provider.sent("end_leg"):
            self.assert_sent_again(call, how, rest, [ROOM, SUE_LEG, True])


@tagged("post_install", "-at_install")
class TestEveryVerification(Failing):
    """The requests of a verification, failing in each way: a minute later the record is true."""

    CODE_LEG, MOBILE, SID = leg_sid(900), "+32471222333", "PN" + "5" * 32
    # Result -> knowledge of the provider: a caller ID, the outcome of the call.
    ENDS = {
        ("verified", False): (SID, "completed"),
        ("failed", "code"): ("", "completed"),
        ("failed", "no_answer"): ("", "no-answer"),
        ("waiting", False): ("", "in-progress"),
    }

    def setUp(self):
        super().setUp()
        # An attempt is counted in a transaction of its own.
        self.registry_enter_test_mode()
        self.agent_ana.allow_caller_id = True
        self.provider.answers["start_verification"] = ("123456", self.CODE_LEG)
        self.caller_ids = self.as_user(self.ana, "telephony.caller.id")

    def verify(self):
        answer = self.caller_ids.start_verification(self.MOBILE, "My mobile")
        return self.env["telephony.caller.id"].browse(answer["id"])

    def reconcile(self, seconds=20):
        self.let_time_pass(seconds)
        self.calls._cron_reconcile()
        self.run_after_commit()
        self.env.invalidate_all()

    def test_question_that_fails_is_asked_again_without_a_page(self):
        """A verification is reconciled after its webhook was lost and its page was closed."""
        for how in FAILURES:
            for end, (sid, status) in self.ENDS.items():
                with self.subTest(how, end=end), self.env.cr.savepoint() as savepoint:
                    record = self.verify()
                    self.caller_ids.check_verification(record.id)
                    self.let_fail(how, "find_caller_id")
                    self.assertEqual(record.state, "calling")
                    self.provider.answers["find_caller_id"] = sid
                    self.provider.legs[self.CODE_LEG] = {"CallStatus": status}
                    for _look in range(3):
                        self.reconcile()
                    self.assertEqual((record.state, record.failure), end)
                    savepoint.rollback()
                self.provider.__init__()
                self.provider.answers["start_verification"] = ("123456", self.CODE_LEG)
                self.env.invalidate_all()

    def test_call_that_fails_leaves_nothing_open(self):
        """A verification whose request got no answer fails, because it has no code."""
        dies = self.env.cr.savepoint(flush=False)
        self.verify()  # the process dies before the commit
        dies.rollback()
        self.env.invalidate_all()
        for how in ("lost", "refused"):
            self.provider.failures["start_verification"] = [FAILURES[how]]
            with self.subTest(how), self.assertRaises(UserError):
                self.verify()
        self.provider.requests.clear()
        self.reconcile(60)
        self.assertFalse(self.env["telephony.caller.id"].search([("number", "=", self.MOBILE)]))
        self.assertFalse(self.provider.requests)
        # The next attempt is a new call, with its own code.
        record = self.verify()
        self.assertEqual(record.state, "calling")

    def test_call_that_fails_leaves_an_earlier_verification_as_it_is(self):
        record = self.verify()
        for how in ("lost", "refused"):
            self.provider.failures["start_verification"] = [FAILURES[how]]
            with self.subTest(how), self.assertRaises(UserError):
                self.verify()
        self.provider.answers["find_caller_id"] = self.SID
        self.reconcile()
        self.assertEqual((record.state, record.provider_caller_id), ("verified", self.SID))

    def test_code_that_nobody_types_expires_without_a_page_and_without_a_provider(self):
        record = self.verify()
        self.provider.failures["find_caller_id"] = [FAILURES["lost"]] * 9
        self.reconcile(290)
        self.assertEqual(record.state, "calling")
        self.reconcile(20)
        self.assertEqual(record.state, "expired")
        self.provider.requests.clear()
        self.reconcile(60)
        self.assertFalse(self.provider.requests)

    def test_page_of_a_user_who_verifies_has_the_provider_asked_soon(self):
        job = self.env.ref("crm_telephony.ir_cron_reconcile").sudo()
        job.lastcall = False
        triggers = self.env["ir.cron.trigger"].sudo()
        triggers.search([("cron_id", "=", job.id)]).unlink()
        self.calls._trigger_reconciliation()
        self.assertFalse(triggers.search([("cron_id", "=", job.id)]))
        self.verify()
        self.calls._trigger_reconciliation()
        self.assertTrue(triggers.search([("cron_id", "=", job.id)]))


@tagged("post_install", "-at_install")
class TestWhatIsTrue(Failing):
    """For a call in doubt, the provider's answer decides."""

    def test_event_about_hold_was_lost_flag_is_written_without_a_request(self):
        call = self.converse()
        self.as_user(self.ana).set_hold(call.uuid, True)
        self.run_after_commit()
        self.provider.room[CALLER_LEG] = True
        self.reconcile()
        self.assertTrue(self.customer(call).on_hold)
        self.assertEqual(len(self.provider.sent("hold_participant")), 1)

    def test_unhold_after_a_canceled_consultation_was_lost_customer_comes_back(self):
        """The customer comes back; music played for ever, while the screen said “on hold”."""
        call = self.converse()
        self.go_online(self.agent_bob)
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "warm"
        )
        self.run_after_commit()
        self.tell_room(call, "participant-hold", 2)
        self.provider.room[CALLER_LEG] = True
        self.as_user(self.ana).cancel_transfer(call.uuid)
        self.let_fail("lost", "hold_participant")
        self.reconcile()
        self.assertEqual(
            [hold for _room, _leg, hold, _url in self.provider.sent("hold_participant")],
            [True, False, False],
        )

    def test_hold_that_is_refused_in_a_consultation_is_sent_again(self):
        """The hold is sent again, because the customer must not hear a consultation."""
        call = self.converse()
        self.go_online(self.agent_bob)
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "warm"
        )
        self.let_fail("refused", "hold_participant")
        self.reconcile(16)
        self.assertEqual(len(self.provider.sent("hold_participant")), 2)

    def test_redirect_was_lost_and_a_colleague_came_they_talk(self):
        """The customer never left the conference that the colleague entered: they talk."""
        call = self.converse()
        self.go_online(self.agent_bob)
        self.as_user(self.ana).transfer(
            call.uuid, {"type": "agent", "id": self.agent_bob.id}, "blind"
        )
        self.let_fail("lost", "redirect_leg")
        self.as_user(self.bob).accept(call.uuid)
        self.connect(call, self.agent_bob, BOB_LEG)
        self.run_after_commit()
        self.provider.room = {CALLER_LEG: False, BOB_LEG: False}
        self.assertEqual(call.state, "ringing")
        self.reconcile()
        self.assertEqual((call.state, call.user_id), ("in_progress", self.bob))
        self.assertEqual(call.transfer_ids.state, "done")
        self.assertEqual(len(self.provider.sent("redirect_leg")), 1)

    def test_redirect_of_a_held_call_was_lost_customer_is_moved_within_a_minute(self):
        call = self.converse()
        call._hold_for_other_call()
        self.let_fail("died", "redirect_leg")
        self.reconcile(16)
        self.assertEqual([sid for sid, _url in self.provider.sent("redirect_leg")], [CALLER_LEG])

    def test_caller_who_left_the_queue_by_mistake_is_redirected(self):
        """A caller unknown in both the provider's queue and the conference is redirected."""
        call = self.ring_in()
        self.as_user(self.ana).accept(call.uuid)
        self.connect(call)
        gone = ProviderError("Not found", "not_found")
        self.provider.failures["move_from_queue"] = [gone, gone]
        self.run_after_commit()
        self.reconcile()
        [[sid, url]] = self.provider.sent("redirect_leg")
        self.assertEqual(sid, CALLER_LEG)
        self.assertIn("/join?", url)

    def test_provider_that_refuses_to_move_a_customer_the_call_ends(self):
        """The call ends when the provider keeps refusing, so that no party stays alone."""
        call = self.begin_wait()
        self.let_fail("refused", "redirect_leg")
        self.provider.failures["redirect_leg"] = [FAILURES["refused"]]
        with self.assertLogs(LOGGER, "WARNING"):
            self.reconcile()
        self.assertEqual((call.state, call.outcome), ("ended", "answered"))
        self.assertIn([CALLER_LEG], self.provider.sent("end_leg"))

    begin_wait = TestEveryRequest.begin_wait

    def test_room_that_cannot_be_asked_about_nothing_is_sent(self):
        call = self.converse()
        self.as_user(self.ana).set_hold(call.uuid, True)
        self.let_fail("died", "hold_participant")
        self.provider.failures["list_room"] = [ProviderError("Down", "unreachable")]
        self.reconcile()
        self.assertFalse(self.provider.sent("hold_participant"))
        self.reconcile()
        self.assertEqual(len(self.provider.sent("hold_participant")), 1)

    def test_running_call_costs_no_question_about_its_room(self):
        self.converse()
        for _look in range(3):
            self.reconcile()
        self.assertEqual(self.provider.requests, [("list_living_legs",)] * 3)

    def test_recording_whose_start_was_lost_is_started_within_a_minute(self):
        self.company_a.telephony_recording_mode = "agent"
        call = self.converse()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.let_fail("died", "start_recording")
        self.reconcile()
        self.assertEqual(call.recording_ids.state, "recording")

    def test_pause_that_was_lost_is_sent_again_within_a_minute(self):
        self.company_a.telephony_recording_mode = "agent"
        call = self.converse()
        self.as_user(self.ana).set_recording(call.uuid, "recording")
        self.run_after_commit()
        self.as_user(self.ana).set_recording(call.uuid, "paused")
        self.let_fail("died", "set_recording_status")
        self.reconcile()
        self.assertEqual(call.recording_ids.state, "paused")

    def test_own_telephone_answers_after_its_request_was_given_up_it_is_hung_up(self):
        """A telephone that rings after its answer was lost and its leg closed is hung up."""
        call = self.begin_ring()
        self.let_fail("lost", "call_phone")
        self.reconcile(31)
        leg = call.leg_ids.filtered(lambda leg: leg.role == "agent")
        [verb] = call._process_phone(leg.id, VoiceRequest(leg_id=leg_sid(90)))
        self.assertEqual(type(verb).__name__, "HangUp")

    begin_ring = TestEveryRequest.begin_ring
