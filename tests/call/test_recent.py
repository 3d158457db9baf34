"""The recent calls of the softphone: what a user had or missed, page by page."""

from ast import literal_eval
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import CUSTOMER, TelephonyCase


@tagged("post_install", "-at_install")
class TestRecent(TelephonyCase):
    def make_call(self, minutes=0, **values):
        moment = fields.Datetime.now() - timedelta(minutes=minutes)
        return self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "state": "ended",
                "outcome": "missed",
                "customer_number": CUSTOMER,
                "started_at": moment,
                "ended_at": moment,
                **values,
            }
        )

    def recent(self, user, *args, **kwargs):
        return self.as_user(user).recent_calls(*args, **kwargs)

    def uuids(self, user, *args, **kwargs):
        return [row["uuid"] for row in self.recent(user, *args, **kwargs)["calls"]]

    def test_calls_missed_while_offline_are_listed(self):
        """Z30 Z03: a call to one's flow or queue was missed, whether or not one was online."""
        queue = self.env["telephony.queue"].create(
            {"name": "Support", "company_id": self.company_a.id, "agent_ids": self.agent_cleo.ids}
        )
        of_flow = self.make_call(3, flow_id=self.flow.id)
        of_queue = self.make_call(2, queue_id=queue.id)
        blocked = self.make_call(1, flow_id=self.flow.id, outcome="blocked")
        answered = self.make_call(0, flow_id=self.flow.id, outcome="answered", user_id=self.bob.id)
        self.assertEqual(self.uuids(self.ana), [of_flow.uuid])
        self.assertEqual(self.uuids(self.cleo), [of_queue.uuid])
        self.assertEqual(self.uuids(self.bob), [answered.uuid, of_flow.uuid])
        self.assertEqual(self.uuids(self.eva), [])
        # What is listed may be opened, and the list view shows the same.
        for user, expected in ((self.ana, of_flow), (self.cleo, of_queue)):
            calls = self.as_user(user)
            self.assertEqual(calls.search([]).sudo(), expected)
            self.assertEqual(calls.search([("is_mine", "=", True)]).sudo(), expected)
            self.assertTrue(calls.browse(expected.id).is_mine)
        ours = of_flow | of_queue | blocked | answered
        self.assertFalse(self.as_user(self.sue).search([("is_mine", "=", True)]).sudo() & ours)

    def test_list_opens_with_own_and_missed_calls(self):
        """F07: the menu *Calls* shows what one talked about and what one missed, nothing else."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_telephony.telephony_call_action"
        )
        defaults = literal_eval(action["context"])
        view = self.as_user(self.ana).get_view(view_type="search")
        filters = etree.fromstring(view["arch"]).iter("filter")
        chosen = [one for one in filters if defaults.get(f"search_default_{one.get('name')}")]
        [domain] = [literal_eval(one.get("domain")) for one in chosen]
        self.assertEqual(len(defaults), len(chosen))
        missed = self.make_call(2, flow_id=self.flow.id)
        talked = self.make_call(1, outcome="answered", user_id=self.ana.id)
        self.make_call(0, outcome="answered", user_id=self.bob.id)
        self.assertEqual(self.as_user(self.ana).search(domain).sudo(), talked | missed)

    def test_pages_follow_each_other_without_gap_or_repetition(self):
        moment = fields.Datetime.now() - timedelta(hours=1)
        calls = [
            # Several calls began in the same second.
            self.make_call(started_at=moment - timedelta(seconds=number // 3), user_id=self.ana.id)
            for number in range(10)
        ]
        expected = [
            call.uuid
            for call in sorted(calls, key=lambda call: (call.started_at, call.id), reverse=True)
        ]
        found, place = [], ()
        while True:
            page = self.recent(self.ana, "all", *place, limit=4)
            found += [row["uuid"] for row in page["calls"]]
            if not page["has_more"]:
                break
            last = page["calls"][-1]
            place = (last["created_at"], last["id"])
        self.assertEqual(found, expected)

    def test_filters(self):
        missed = self.make_call(3, flow_id=self.flow.id)
        mine = self.make_call(2, user_id=self.ana.id, outcome="answered", direction="outgoing")
        left = self.make_call(1, recipient_ids=self.ana.ids, outcome="voicemail")
        self.assertEqual(self.uuids(self.ana), [left.uuid, mine.uuid, missed.uuid])
        self.assertEqual(self.uuids(self.ana, "missed"), [left.uuid, missed.uuid])
        self.assertEqual(self.uuids(self.ana, "voicemail"), [left.uuid])

    def test_voicemail_is_heard_by_its_recipient_only(self):
        """Z03: the row has the player, for those the message is for."""
        call = self.make_call(recipient_ids=self.ana.ids, outcome="voicemail", flow_id=self.flow.id)
        recording = self.env["telephony.recording"].create(
            {
                "call_id": call.id,
                "account_id": self.account.id,
                "kind": "voicemail",
                "state": "stored",
                "duration": 7,
                "recorded_at": fields.Datetime.now(),
            }
        )
        [row] = self.recent(self.ana)["calls"]
        self.assertEqual(row["voicemail"]["url"], f"/telephony/recording/{recording.id}")
        self.assertEqual((row["voicemail"]["duration"], row["outcome_display"]), (7, "Voicemail"))
        [row] = self.recent(self.bob)["calls"]
        self.assertFalse(row["voicemail"])

    def test_owed_callback_is_shown_until_it_is_done(self):
        call = self.make_call(flow_id=self.flow.id)
        callback = self.env["telephony.callback"]._register_call(call, "missed")
        [row] = self.recent(self.ana)["calls"]
        self.assertEqual(row["callback"]["id"], callback.id)
        self.assertEqual(row["callback"]["user"]["id"], callback.user_id.id)
        callback._cancel("Wrote an e-mail")
        [row] = self.recent(self.ana)["calls"]
        self.assertFalse(row["callback"])

    def test_odd_arguments_and_strangers(self):
        self.make_call(user_id=self.ana.id)
        for arguments in (("nonsense",), ("all", "yesterday", 3), ("all", None, None, 10**6)):
            with self.subTest(arguments):
                self.assertTrue(self.recent(self.ana, *arguments)["calls"])
        with self.assertRaises(AccessError):
            self.recent(self.ian)

    def test_page_costs_the_same_for_many_calls(self):
        """One page is one request, and its rows share their queries."""
        self.make_call(user_id=self.ana.id)
        self.recent(self.ana)

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.recent(self.ana)
            return self.env.cr.sql_log_count - before

        few = count()
        for number in range(15):
            self.make_call(number, user_id=self.ana.id)
        self.assertLessEqual(count() - few, 15)
