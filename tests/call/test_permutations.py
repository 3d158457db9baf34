"""The provider's webhooks in every order, with every single repeat, give the same record."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import permutations
from random import Random

from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import VoiceRequest
from odoo.addons.crm_telephony.providers.twilio import events
from odoo.addons.crm_telephony.tools.call_phases import may_follow

from ..common import AGENT_LEG, CALLER_LEG, ROOM, TelephonyCase, leg_sid

CUSTOMER_LEG, SECOND_AGENT_LEG = leg_sid(1001), leg_sid(1002)
START = datetime(2026, 3, 2, 9, 0, 0)
# Above this number of orders, a sample is tried.
LIMIT, SAMPLE = 120, 16

CALL_FIELDS = [
    "state",
    "outcome",
    "ended_by",
    "failure_reason",
    "answered_at",
    "ended_at",
    "duration",
    "wait_duration",
    "deadline_at",
    "provider_conference_id",
    "user_id",
    "partner_id",
    "lead_id",
    "number_id",
    "customer_number",
    "step_id",
]
LEG_FIELDS = [
    "role",
    "label",
    "provider_leg_id",
    "status",
    "event_sequence",
    "on_hold",
    "hold_sequence",
    "initiated_at",
    "ringing_at",
    "answered_at",
    "is_answer_reported",
    "joined_at",
    "left_at",
    "ended_at",
    "end_reason",
]


def leg(sid, status, sequence, seconds, leg_id=True, **params):
    """Return a status webhook; `leg_id` is in its address, as for legs that we made."""
    if sequence is not None:
        params["SequenceNumber"] = str(sequence)
    return (
        "leg",
        leg_id,
        {"CallSid": sid, "CallStatus": status, "Timestamp": moment(seconds), **params},
    )


def room(sid, label, word, sequence, seconds):
    """Return a conference webhook."""
    return (
        "room",
        False,
        {
            "ConferenceSid": ROOM,
            "CallSid": sid,
            "ParticipantLabel": label,
            "StatusCallbackEvent": word,
            "SequenceNumber": str(sequence),
            "Timestamp": moment(seconds),
        },
    )


def moment(seconds):
    return format_datetime((START + timedelta(seconds=seconds)).replace(tzinfo=timezone.utc))


INITIATED = leg(CUSTOMER_LEG, "initiated", 0, 1)
RINGING = leg(CUSTOMER_LEG, "ringing", 1, 2)
ANSWERED = leg(CUSTOMER_LEG, "in-progress", 2, 10)
COMPLETED = leg(CUSTOMER_LEG, "completed", 3, 40, CallDuration="30")
JOINED = room(CUSTOMER_LEG, "customer", "participant-join", 2, 11)

OUTGOING = {
    "answered": [INITIATED, RINGING, ANSWERED, JOINED, COMPLETED],
    "answered, both leave": [
        ANSWERED,
        COMPLETED,
        room(CUSTOMER_LEG, "customer", "participant-leave", 3, 40),
        room(AGENT_LEG, "agent-1", "participant-join", 1, 0),
    ],
    "held and resumed": [
        ANSWERED,
        room(CUSTOMER_LEG, "customer", "participant-hold", 4, 15),
        room(CUSTOMER_LEG, "customer", "participant-unhold", 5, 20),
        COMPLETED,
    ],
    "busy": [INITIATED, RINGING, leg(CUSTOMER_LEG, "busy", 2, 5, CallDuration="0")],
    "busy at once": [INITIATED, leg(CUSTOMER_LEG, "busy", 1, 3, CallDuration="0")],
    "no answer": [INITIATED, RINGING, leg(CUSTOMER_LEG, "no-answer", 2, 32, CallDuration="0")],
    "failed": [INITIATED, leg(CUSTOMER_LEG, "failed", 1, 2, CallDuration="0")],
    "canceled": [INITIATED, RINGING, leg(CUSTOMER_LEG, "canceled", 2, 9, CallDuration="0")],
}

INCOMING = {
    "customer hangs up": [
        room(AGENT_LEG, "agent-1", "participant-join", 1, 5),
        room(CALLER_LEG, "customer", "participant-join", 2, 6),
        room(CALLER_LEG, "customer", "participant-leave", 3, 40),
        leg(CALLER_LEG, "completed", None, 40, leg_id=False, CallDuration="40"),
        leg(AGENT_LEG, "completed", None, 40, leg_id=False, CallDuration="35"),
    ],
    "caller gives up": [leg(CALLER_LEG, "completed", None, 20, leg_id=False, CallDuration="20")],
}


# Webhooks of a held call: both legs leave the conference, one of them for music.
HELD_EVENTS = [
    room(AGENT_LEG, "agent-1", "participant-leave", 3, 30),
    room(CALLER_LEG, "customer", "participant-leave", 4, 30),
    leg(AGENT_LEG, "completed", None, 31, leg_id=False, CallDuration="31"),
]
CALLER_LEG_ENDS = leg(CALLER_LEG, "completed", None, 60, leg_id=False, CallDuration="60")


@tagged("post_install", "-at_install")
class TestPermutations(TelephonyCase):
    def setUp(self):
        super().setUp()
        # The recipients do not change the record, and notifying them takes most of the time.
        calls = self.registry["telephony.call"]
        for name in ("_notify_live", "_notify_participants", "_notify_missed", "_free_agents"):
            self.patch(calls, name, lambda call: None)

    def tell(self, call, webhook):
        """Apply a webhook as the routes do."""
        kind, with_leg_id, params = webhook
        if kind == "leg":
            event = events.parse_leg_event(params)
            if with_leg_id:
                event = events.CallEvent(**{**vars(event), "leg_id": self.customer(call).id})
        else:
            event = events.parse_conference_event({**params, "FriendlyName": call.uuid})
        call.env["telephony.call"]._process_event(call.account_id, event)

    def snapshot(self, call):
        """Return every field of the call and its legs that the webhooks may change."""
        self.env.flush_all()
        self.env.invalidate_all()
        body = str(call.message_id.body)
        return (
            call.read(CALL_FIELDS, load=None)[0],
            # A leg may be made in the course of the story.
            [{**leg.read(LEG_FIELDS, load=None)[0], "id": None} for leg in call.leg_ids],
            call.offer_ids.mapped("state"),
            body,
            len(call.event_ids),
            self.agent_ana.wrap_up_call_id == call,
        )

    def get_orders(self, webhooks):
        """Yield every order of the webhooks, plain and with each of them once more."""
        for repeat in [[], *([webhook] for webhook in webhooks)]:
            story = [*webhooks, *repeat]
            # Both copies of a repeated webhook are the same.
            orders = sorted(
                {
                    tuple(story.index(story[index]) for index in order)
                    for order in permutations(range(len(story)))
                }
            )
            if len(orders) > LIMIT:
                orders = Random(7).sample(orders, SAMPLE)
            for order in orders:
                yield [story[index] for index in order]

    def assert_same_record(self, call, webhooks, expected):
        """Replay webhooks in every order from the same point, and compare all fields.

        :param dict expected: values of the call at the end
        :return: see `snapshot`
        """
        return self.assert_same(
            [
                [lambda call, told=told: self.tell(call, told) for told in order]
                for order in self.get_orders(webhooks)
            ],
            call,
            expected,
        )

    def assert_same(self, stories, call, expected):
        """Play stories from the same point, and compare all fields at their ends.

        :param list stories: lists of functions of the call
        :param dict expected: values of the call at the end
        :return: see `snapshot`
        """
        self.assertTrue(stories)
        reference = None
        for story in stories:
            with self.env.cr.savepoint() as savepoint:
                for step in story:
                    before = call._get_phase().name
                    step(call)
                    after = call._get_phase().name
                    self.assertTrue(may_follow(before, after), f"{before} -> {after}")
                result = self.snapshot(call)
                savepoint.rollback()
            self.env.invalidate_all()
            if reference is None:
                reference = result
                for name, value in expected.items():
                    self.assertEqual(result[0][name], value, name)
            self.assertEqual(result, reference)
        return reference

    def make_outgoing(self, known=True, logged=False):
        """Dial and connect.

        :param bool known: whether the provider's answer to our request is there already
        :param bool logged: whether the call has a record with a line in its chatter
        """
        call = self.dial()
        call.started_at = START
        if not logged:
            call.partner_id = call.lead_id = False
        self.env["telephony.call"]._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity
            ),
        )
        self.customer(call).initiated_at = START
        if known:
            self.customer(call).provider_leg_id = CUSTOMER_LEG
        self.env.flush_all()
        return call

    def expect(self, outcome, seconds, ended_by="customer", answered=None, failure=False):
        answered_at = START + timedelta(seconds=answered) if answered else False
        return {
            "state": "ended",
            "outcome": outcome,
            "ended_by": ended_by,
            "ended_at": START + timedelta(seconds=seconds),
            "answered_at": answered_at,
            "duration": seconds - answered if answered else 0,
            "failure_reason": failure,
            "wait_duration": answered or seconds,
            "deadline_at": False,
        }

    def test_outgoing(self):
        """Z20, Z30: the outcome, dates and durations are the same in any order."""
        ends = {
            "answered": self.expect("answered", 40, answered=10),
            "answered, both leave": self.expect("answered", 40, answered=10),
            "held and resumed": self.expect("answered", 40, answered=10),
            "busy": self.expect("busy", 5),
            "busy at once": self.expect("busy", 3),
            "no answer": self.expect("no_answer", 32),
            "failed": self.expect("failed", 2),
            "canceled": self.expect("canceled", 9),
        }
        for known in (True, False):
            for name, webhooks in OUTGOING.items():
                if not known and name not in ("answered, both leave", "busy"):
                    # Representative, with the first story below.
                    continue
                with self.subTest(name, known=known), self.env.cr.savepoint() as savepoint:
                    call = self.make_outgoing(known)
                    self.assert_same_record(call, webhooks, ends[name])
                    savepoint.rollback()
                self.env.invalidate_all()

    def make_queue_callback(self):
        """Dial a customer with a queue callback; the agent is there."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Line",
                "company_id": self.company_a.id,
                "callback_key": "1",
            }
        )
        calls = self.env["telephony.call"].sudo()
        origin = calls.create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "outcome": "queue_callback",
                "number_id": self.number.id,
                "customer_number": "+32470555501",
                "queue_id": queue.id,
                "started_at": START,
                "queued_at": START,
            }
        )
        promise = self.env["telephony.queue.callback"]._request(origin)
        promise._begin()
        queue_callback = promise.call_ids
        self.assertTrue(queue_callback._claim(self.agent_ana))
        calls._process_browser(
            self.account,
            VoiceRequest(
                leg_id=AGENT_LEG,
                call_uuid=queue_callback.uuid,
                identity=self.agent_ana.sudo().identity,
            ),
        )
        queue_callback.started_at = START
        self.customer(queue_callback).write(
            {"initiated_at": START, "provider_leg_id": CUSTOMER_LEG}
        )
        self.env.flush_all()
        return queue_callback

    def test_queue_callback(self):
        """Z24: in any order, only a customer who was not reached is called again, once."""

        def is_tried(count):
            def check(call):
                tries = call.search(
                    [
                        ("queue_callback_id", "=", call.queue_callback_id.id),
                        ("state", "=", "queued"),
                    ]
                )
                self.assertEqual(len(tries - call), count)

            return check

        for name, expected, again in (
            ("answered", self.expect("answered", 40, answered=10), 0),
            ("no answer", self.expect("no_answer", 32), 1),
            ("busy", self.expect("busy", 5), 1),
            ("failed", self.expect("failed", 2), 0),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.assert_same(
                    [
                        [lambda call, told=told: self.tell(call, told) for told in order]
                        + [is_tried(again)]
                        for order in self.get_orders(OUTGOING[name])
                    ],
                    self.make_queue_callback(),
                    expected,
                )
                savepoint.rollback()
            self.env.invalidate_all()

    def test_wrap_up(self):
        """Z27, Z30: in any order, a conversation is wrapped up, and nothing else is."""
        self.company_a.telephony_wrap_up_seconds = 60
        for name, expected in (
            ("answered", self.expect("answered", 40, answered=10)),
            ("no answer", self.expect("no_answer", 32)),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                record = self.assert_same_record(self.make_outgoing(), OUTGOING[name], expected)
                self.assertEqual(record[-1], name == "answered")
                savepoint.rollback()
            self.env.invalidate_all()

    def test_line_in_the_chatter(self):
        """Z30: the line in the chatter has the true outcome and duration in any order."""
        call = self.make_outgoing(logged=True)
        expected = self.expect("answered", 40, answered=10)
        self.assert_same_record(call, [RINGING, ANSWERED, COMPLETED], expected)
        for told in (COMPLETED, RINGING, ANSWERED):
            self.tell(call, told)
        self.assertIn("0:30", str(call.message_id.body))

    def test_outgoing_before_the_answer_of_the_provider(self):
        """Z30: webhooks that overtake the answer to our own request are not lost."""
        call = self.make_outgoing(known=False)
        self.assert_same_record(
            call, OUTGOING["answered"], self.expect("answered", 40, answered=10)
        )

    def get_stories_around(self, act, webhooks):
        """Yield every order of the webhooks before and after an act of the agent.

        The last webhook is the end caused by the act, so it always follows the act.
        """
        *others, end = webhooks
        for order in permutations(others):
            for position in range(len(order) + 1):
                for rest in permutations([*order[position:], end]):
                    yield [
                        *(
                            lambda call, told=told: self.tell(call, told)
                            for told in order[:position]
                        ),
                        act,
                        *(lambda call, told=told: self.tell(call, told) for told in rest),
                    ]

    def hang_up(self, call):
        """Hang up as the agent at second 30, and end the agent's leg."""
        call._apply_event(
            events.CallEvent("hung_up", at=START + timedelta(seconds=30), data={"by": "agent"})
        )
        self.tell(call, leg(AGENT_LEG, "completed", None, 31, leg_id=False, CallDuration="31"))

    def test_agent_hangs_up(self):
        """Z20, Z30: the agent's click may fall between any two webhooks."""
        call = self.make_outgoing()
        end = leg(CUSTOMER_LEG, "completed", 3, 31, CallDuration="21")
        stories = list(self.get_stories_around(self.hang_up, [INITIATED, RINGING, ANSWERED, end]))
        self.assert_same(stories, call, self.expect("answered", 30, "agent", 10))

    def test_agent_cancels(self):
        """Z20, Z30: the agent cancels while it rings."""
        call = self.make_outgoing()
        end = leg(CUSTOMER_LEG, "canceled", 2, 31, CallDuration="0")
        stories = list(self.get_stories_around(self.hang_up, [INITIATED, RINGING, end]))
        self.assert_same(stories, call, self.expect("canceled", 30, "agent"))

    def make_incoming(self):
        """Return an incoming call that rings."""
        self.go_online(self.agent_ana, self.agent_bob)
        self.env["telephony.call"].sudo()._process_incoming(
            self.account,
            VoiceRequest(leg_id=CALLER_LEG, caller="+32470123456", called=self.number.number),
        )
        call = self.env["telephony.call"].search([("provider_call_id", "=", CALLER_LEG)])
        call.started_at = START
        return call

    def make_conversation(self):
        """Return an incoming call in conversation with the agent."""
        call = self.make_incoming()
        self.as_user(self.ana).accept(call.uuid)
        self.connect_page(call, AGENT_LEG)
        call._process_next(VoiceRequest())
        call.answered_at = START + timedelta(seconds=6)
        for moments in call.leg_ids:
            moments.write({"initiated_at": START, "answered_at": START})
        self.env.flush_all()
        return call

    def connect_page(self, call, sid):
        self.env["telephony.call"]._process_browser(
            self.account,
            VoiceRequest(leg_id=sid, call_uuid=call.uuid, identity=self.agent_ana.sudo().identity),
        )

    def hold_for_other_call(self, call):
        """Answer another call as the agent."""
        call._hold_for_other_call()

    def resume(self, call):
        """Resume the call as the agent."""
        self.as_user(self.ana).resume(call.uuid)
        self.connect_page(call, SECOND_AGENT_LEG)
        call._process_next(VoiceRequest())
        back = call.leg_ids.filtered(lambda leg: leg.provider_leg_id == SECOND_AGENT_LEG)
        back.write({"initiated_at": START, "answered_at": START})

    def test_held_for_another_call(self):
        """Reports about a held call may come in any order, twice, or late."""
        call = self.make_conversation()
        for webhook in (
            room(AGENT_LEG, "agent-1", "participant-join", 1, 5),
            room(CALLER_LEG, "customer", "participant-join", 2, 6),
        ):
            self.tell(call, webhook)
        self.hold_for_other_call(call)
        expected = {**self.expect("answered", 60, answered=6), "user_id": self.ana.id}
        self.assert_same_record(call, [*HELD_EVENTS, CALLER_LEG_ENDS], expected)

    def test_held_and_resumed(self):
        """Late reports about the first hold do not disturb the second."""
        call = self.make_conversation()
        expected = {**self.expect("answered", 60, answered=6), "user_id": self.ana.id}
        joined = [
            room(AGENT_LEG, "agent-1", "participant-join", 1, 5),
            room(CALLER_LEG, "customer", "participant-join", 2, 6),
        ]
        for webhook in joined:
            self.tell(call, webhook)
        self.hold_for_other_call(call)
        again = [
            room(SECOND_AGENT_LEG, "agent-2", "participant-join", 5, 40),
            room(CALLER_LEG, "customer", "participant-join", 6, 41),
        ]

        def is_running(call):
            self.assertEqual(call.state, "in_progress")
            self.assertFalse(call.deadline_at)
            self.assertFalse(call.held_at)

        stories = []
        for order in permutations([*HELD_EVENTS, self.resume]):
            acts = [
                act if callable(act) else lambda call, told=act: self.tell(call, told)
                for act in order
            ]
            stories.append(
                [
                    *acts,
                    *(lambda call, told=told: self.tell(call, told) for told in again),
                    is_running,
                    # Once more, and after everything else.
                    *(lambda call, told=told: self.tell(call, told) for told in HELD_EVENTS),
                    is_running,
                    lambda call: self.tell(call, CALLER_LEG_ENDS),
                    lambda call: self.tell(
                        call,
                        leg(
                            SECOND_AGENT_LEG, "completed", None, 60, leg_id=False, CallDuration="20"
                        ),
                    ),
                ]
            )
        self.assert_same(stories, call, expected)

    def give_up(self, call):
        """End the agent's leg and the time to rejoin: the flow continues with the customer."""
        self.tell(call, HELD_EVENTS[-1])
        call.deadline_at = START
        call._process_next(VoiceRequest())
        self.assertEqual((call.state, call.user_id), ("routing", self.env["res.users"]))

    def test_agent_vanished_for_good(self):
        """House 4.2: late reports about an agent who was given up do not restore the agent."""
        call = self.make_conversation()
        expected = {
            **self.expect("answered", 60, answered=6),
            "user_id": self.ana.id,
            "duration": 25,
        }
        late = [*HELD_EVENTS, CALLER_LEG_ENDS]
        self.assert_same(
            [
                [self.give_up, *(lambda call, told=told: self.tell(call, told) for told in order)]
                for order in permutations(late)
            ],
            call,
            expected,
        )

    def test_incoming(self):
        """Z17, Z30: incoming calls end the same in any order."""
        for name, webhooks in INCOMING.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                if name == "customer hangs up":
                    call = self.make_conversation()
                    expected = self.expect("answered", 40, answered=6)
                else:
                    call = self.make_incoming()
                    expected = self.expect("missed", 20)
                self.env.flush_all()
                self.assert_same_record(call, webhooks, expected)
                savepoint.rollback()
            self.env.invalidate_all()
