"""Offers whose first message was lost: the pages are reminded of them within three seconds.

Finding 11 of issue 12: a lost message must not leave a page wrong for more than three seconds.
"""

from odoo.tests import tagged

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
