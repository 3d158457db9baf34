"""Offers whose first message was lost: the pages are reminded of them within three seconds.

Finding 11 of issue 12: a lost message must not leave a page wrong for more than three seconds.
"""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_telephony.models.routing import telephony_offer

from ..call.test_race import RaceCase
from ..common import CALLER_LEG, TelephonyHttpCase
from ..transfer.test_transfer import TransferStories
from .test_queue import QueueStories

TURN = 5  # seconds of the ringback


class ReminderStories(TelephonyHttpCase):
    def reminded(self, user):
        """Return the ids of the offers of which a user was reminded, in order."""
        return [payload["offer_id"] for payload in self.notified(user, "offer_rings")]

    def seconds_of_tone(self, *responses):
        """Return the seconds at which the tone of the ringback begins."""
        starts, now = [], 0
        for verb in (verb for response in responses for verb in response):
            if verb.tag == "Play":
                turns = int(verb.get("loop", 1))
                starts += [now + TURN * turn for turn in range(turns)]
            now += self.heard_seconds([verb])
        return starts


@tagged("post_install", "-at_install")
class TestLostOffer(ReminderStories):
    def test_new_offer_is_repeated_after_two_seconds(self):
        """The second request of the caller's wait comes after two seconds, and reminds the page."""
        self.go_online(self.agent_ana)
        call, _enqueue = self.call_in()
        first, second = self.hear_ringing(call)
        self.assertEqual(self.heard_seconds(first), 2)
        self.assertEqual(
            self.notified(self.ana, "offer_rings"),
            [
                {
                    "uuid": call.uuid,
                    "offer_id": call.offer_ids.id,
                    "company_id": call.company_id.id,
                }
            ],
        )
        self.assertEqual(len(self.notified(self.ana, "offer_made")), 1)
        self.assertAlmostEqual(self.heard_seconds([*first, *second]), 20, delta=1)

    def test_ringback_continues_without_a_break(self):
        """The tone comes every five seconds, although the first response ends after two."""
        self.go_online(self.agent_ana)
        call, _enqueue = self.call_in()
        self.assertEqual(self.seconds_of_tone(*self.hear_ringing(call)), [0, 5, 10, 15])

    def test_late_wait_begins_with_the_tone(self):
        """A caller who arrives late in the waiting room hears the tone at once."""
        self.go_online(self.agent_ana)
        call, _enqueue = self.call_in()
        self.let_time_pass(3)
        verbs = self.wait(call)
        self.assertEqual(self.seconds_of_tone(verbs)[0], 0)
        self.assertEqual(self.reminded(self.ana), call.offer_ids.ids)

    def test_next_agent_is_reminded_too(self):
        """An offer to the next agent, made during the wait, is repeated like the first one."""
        self.ring.ring_strategy = "sequential"
        self.go_online(self.agent_ana, self.agent_bob)
        call, _enqueue = self.call_in()
        self.hear_ringing(call)
        self.let_time_pass(20)
        first, _second = self.hear_ringing(call)
        self.assertEqual(self.heard_seconds(first), 2)
        [offer] = call._get_open_offers()
        self.assertEqual(offer.agent_id, self.agent_bob)
        self.assertEqual(self.reminded(self.bob), offer.ids)
        self.assertEqual(len(self.reminded(self.ana)), 1)

    def test_closed_offer_is_not_repeated(self):
        """Declined or accepted within two seconds: nobody is reminded."""
        self.go_online(self.agent_ana, self.agent_bob)
        call, _enqueue = self.call_in()
        self.wait(call)
        self.as_user(self.bob).decline(call.uuid)
        self.let_time_pass(2)
        self.wait(call)
        self.assertEqual((self.reminded(self.bob), len(self.reminded(self.ana))), ([], 1))
        self.as_user(self.ana).accept(call.uuid)
        self.wait(call)
        self.assertEqual(len(self.reminded(self.ana)), 1)


@tagged("post_install", "-at_install")
class TestLostQueueOffer(QueueStories, ReminderStories):
    def test_offer_of_a_queue_is_repeated(self):
        """A member of a queue is reminded after two seconds."""
        self.go_online(self.agent_ana)
        call, _enqueue = self.call_in()
        first, second = self.hear_ringing(call)
        self.assertEqual(self.heard_seconds(first), 2)
        self.assertEqual(self.reminded(self.ana), call.offer_ids.ids)
        self.assertEqual(self.seconds_of_tone(first, second)[:2], [0, 5])

    def test_callback_key_delays_no_reminder(self):
        """While a key is awaited, the first response lasts two seconds as well."""
        self.queue.callback_key = "1"
        self.go_online(self.agent_ana)
        call, [gather] = self.call_in_and_wait()
        seconds = self.heard_seconds(list(gather)) + int(gather.get("timeout"))
        self.assertEqual((gather.tag, seconds), ("Gather", 2))
        self.let_time_pass(2)
        self.wait(call)
        self.assertEqual(self.reminded(self.ana), call.offer_ids.ids)


@tagged("post_install", "-at_install")
class TestLostTransferOffer(TransferStories, ReminderStories):
    def test_colleague_of_a_blind_transfer_is_reminded(self):
        """The customer's wait after a transfer reminds the colleague, and later the sender."""
        call = self.begin()
        self.transfer(call)
        self.step(call)
        self.hear_ringing(call)
        self.assertEqual(self.reminded(self.bob), call._get_open_offers().ids)
        self.let_time_pass(20)
        self.hear_ringing(call)
        [returned] = call._get_open_offers()
        self.assertEqual(returned.agent_id, self.agent_ana)
        self.assertEqual(self.reminded(self.ana)[-1], returned.id)

    def test_consulted_colleague_is_reminded(self):
        """The music of a customer on hold is the timer of a consultation."""
        call = self.begin()
        self.transfer(call, "warm")
        hold = ("wait", {"CallSid": CALLER_LEG}, {"call": call.uuid, "hold": 1})
        [music, _again] = self.ask(*hold)
        self.assertEqual(self.heard_seconds([music]), 2)
        self.let_time_pass(2)
        self.ask(*hold)
        self.assertEqual(self.reminded(self.bob), call._get_open_offers().ids)


@tagged("post_install", "-at_install")
class TestOfferBesidesTheWait(TransferStories, ReminderStories):
    """Offers of which no request of a caller reminds the pages in time."""

    def setUp(self):
        super().setUp()
        self.later = []
        self.startPatcher(
            patch.object(
                telephony_offer,
                "run_later",
                lambda offers, name, seconds: self.later.append((offers.ids, name, seconds)),
            )
        )

    def pass_two_seconds(self):
        """Run what was to run two seconds after the commit."""
        while self.later:
            ids, name, seconds = self.later.pop(0)
            self.assertEqual(seconds, 2)
            getattr(self.env["telephony.offer"].browse(ids), name)()

    def test_first_offer_is_repeated_by_the_caller_alone(self):
        self.go_online(self.agent_ana)
        call, _enqueue = self.call_in()
        self.assertTrue(call._get_open_offers())
        self.assertFalse(self.later)

    def decline_during_the_ringback(self):
        """Return a call whose first agent declines while the caller hears the ringback."""
        self.ring.ring_strategy = "sequential"
        self.go_online(self.agent_ana, self.agent_bob)
        call, _enqueue = self.call_in()
        self.hear_ringing(call)
        self.as_user(self.ana).decline(call.uuid)
        self.assertEqual(call._get_open_offers().agent_id, self.agent_bob)
        self.assertEqual(self.reminded(self.bob), [])
        return call

    def test_agent_who_is_next_during_a_long_response_is_reminded(self):
        """The caller hears the ringback to its end, and makes no request meanwhile."""
        call = self.decline_during_the_ringback()
        self.pass_two_seconds()
        self.assertEqual(self.reminded(self.bob), call._get_open_offers().ids)

    def test_third_party_of_a_conversation_is_reminded(self):
        call = self.begin()
        self.transfer(call, "conference")
        self.pass_two_seconds()
        self.assertEqual(self.reminded(self.bob), call._get_open_offers().ids)

    def test_offer_of_a_call_that_nobody_hears_is_reminded(self):
        """A queue callback rings before its customer is called."""
        self.go_online(self.agent_ana)
        call = self.env["telephony.call"].create(
            {"account_id": self.account.id, "direction": "outgoing", "customer_number": "+32470"}
        )
        call.env["telephony.offer"]._make(call, self.agent_ana, 20)
        self.pass_two_seconds()
        self.assertEqual(self.reminded(self.ana), call._get_open_offers().ids)

    def test_offer_that_was_closed_meanwhile_is_not_repeated(self):
        call = self.decline_during_the_ringback()
        self.as_user(self.bob).decline(call.uuid)
        self.pass_two_seconds()
        self.assertEqual(self.reminded(self.bob), [])


@tagged("post_install", "-at_install")
class TestReminderAfterTheCommit(RaceCase):
    def test_reminder_has_a_transaction_of_its_own_after_the_commit(self):
        uuid = self.call_in()
        [[offer, *_others]] = self.read_call(uuid, "offer_ids")

        def offer_late(env):
            env["telephony.call"].search([("uuid", "=", uuid)]).state = "in_progress"
            env["telephony.offer"].browse(offer)._notify_made()
            self.assertFalse(self.timers.called)

        def count(env):
            env.cr.execute("SELECT count(*) FROM bus_bus WHERE message LIKE '%offer_rings%'")
            return env.cr.fetchone()[0]

        self.in_transaction(offer_late)
        [(seconds, run)] = [call.args for call in self.timers.call_args_list]
        self.timers.return_value.start.assert_called_once_with()
        self.assertEqual((seconds, self.in_transaction(count)), (2, 0))
        run()
        self.assertEqual(self.in_transaction(count), 1)
        # The call may be gone by then.
        self.in_transaction(lambda env: env["telephony.offer"].browse(offer).call_id.unlink())
        run()
