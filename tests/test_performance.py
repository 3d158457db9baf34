"""Silence for the caller is measured in queries: upper limits of the webhooks, and indexes."""

from unittest.mock import patch

from odoo.tests import tagged

from .common import CUSTOMER, TelephonyCase, TelephonyHttpCase, leg_sid

# Queries of one request, with a margin of two; the locks of the gate are not among them.
VOICE, STATUS, WAIT, STEP, QUESTION = 54, 57, 21, 60, 25
# One more query per agent is a fault, too.
EACH_AGENT = 6


@tagged("post_install", "-at_install")
class TestQueries(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana, self.agent_bob)
        # The first request of a worker fills its caches.
        self.call_in(sid=leg_sid(900))
        self.wait(self.env["telephony.call"].search([("provider_call_id", "=", leg_sid(900))]))
        self.post_webhook("status", {"CallSid": leg_sid(900), "CallStatus": "completed"})

    def count(self, function, *args, **kwargs):
        """Return the number of queries of a request."""
        before = self.env.cr.sql_log_count
        function(*args, **kwargs)
        return self.env.cr.sql_log_count - before

    def test_voice(self):
        """Z17: the first answer to a caller stays within its limit."""
        self.assertLess(self.count(self.call_in, sid=leg_sid(901)), VOICE)

    def test_contacts_of_a_new_caller_are_found_once(self):
        """The look-up that names the caller is the one that the agents' cards show."""
        partners = self.registry["res.partner"]
        find, found = partners._telephony_find_all, []

        def count(*args):
            found.append(find(*args))
            return found[-1]

        with patch.object(partners, "_telephony_find_all", count):
            call, _verbs = self.call_in(sid=leg_sid(901))
        self.assertEqual(call.partner_id, self.partner)
        self.assertTrue(call.offer_ids)
        self.assertEqual(len(found), 1)

    def test_wait(self):
        """Z17: each voice response of a waiting caller needs few queries."""
        call, _verbs = self.call_in_and_wait(sid=leg_sid(901))
        self.assertLess(self.count(self.wait, call), WAIT)

    def test_status(self):
        """Z20: the report of a call's end stays within its limit."""
        call, _verbs = self.call_in_and_wait(sid=leg_sid(901))
        self.assertLess(self.count(self.tell_leg, call, leg_sid(901), "completed"), STATUS)

    def test_question_of_a_page_that_has_missed_nothing(self):
        """The request of an up-to-date page is cheap, because it follows every message."""
        call = self.talk()
        agents = self.as_user(self.ana, "telephony.agent")
        known = {"calls": {call.uuid: call._get_revision()}, "offers": []}
        self.env.invalidate_all()
        self.assertLess(self.count(agents.softphone_changes, known), QUESTION)

    def test_repeated_status(self):
        """A repeated report is dropped at once."""
        call, _verbs = self.call_in_and_wait(sid=leg_sid(901))
        self.tell_leg(call, leg_sid(901), "completed")
        self.assertLess(self.count(self.tell_leg, call, leg_sid(901), "completed"), 20)

    def test_unsigned(self):
        """A request without a signature needs one look at the account."""
        with self.assertLogs("odoo.addons.crm_telephony.models.ir_http", "WARNING"):
            queries = self.count(self.post_webhook, "voice", {"CallSid": leg_sid(902)}, sign=False)
        self.assertLess(queries, 15)

    def test_voice_with_many_agents(self):
        """Z29: a group of twenty rings in one go."""
        users = [
            self._make_user(f"extra{number}", "crm_telephony.group_user") for number in range(18)
        ]
        agents = self.env["telephony.agent"].create(
            [{"user_id": user.id, "company_id": self.company_a.id} for user in users]
        )
        few = self.count(self.call_in, sid=leg_sid(903))
        call = self.env["telephony.call"].search([("provider_call_id", "=", leg_sid(903))])
        self.tell_leg(call, leg_sid(903), "completed")
        self.ring.agent_ids |= agents
        self.go_online(*agents)
        many = self.count(self.call_in, sid=leg_sid(904))
        self.assertLess(many - few, 18 * EACH_AGENT)


@tagged("post_install", "-at_install")
class TestNoQuery(TelephonyCase):
    """Questions whose answers are known are not asked."""

    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana, self.agent_bob)
        [self.call] = self.env["telephony.call"].create(
            {"account_id": self.account.id, "direction": "incoming", "number_id": self.number.id}
        )

    def test_nobody_to_notify_needs_no_query(self):
        nobody, company = self.env["res.users"], self.call.company_id
        with self.assertQueryCount(0):
            self.assertEqual(nobody._filter_phone_users(company), nobody)
            self.call._notify_participants()

    def test_call_of_this_transaction_needs_no_lock(self):
        [call] = self.call.create([{"account_id": self.account.id, "direction": "incoming"}])
        before = self.env.cr.sql_log_count
        call._lock()
        self.assertEqual(self.env.cr.sql_log_count, before)
        # After the commit, others see it.
        self.env.cr.postrollback.clear()
        call._lock()
        self.assertEqual(self.env.cr.sql_log_count, before + 1)

    def test_first_step_is_one_query(self):
        flow = self.number.flow_id
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            self.assertEqual(flow._get_first_step().kind, "ring")

    def test_states_of_agents_do_not_write_a_call_without_one(self):
        self.env.flush_all()
        self.agent_ana._get_facts()
        self.call.state = "routing"
        with self.assertQueryCount(1):
            self.agent_ana._get_facts()
        self.call.user_id = self.ana
        with self.assertQueryCount(2):
            self.assertTrue(self.agent_ana._get_facts()[self.agent_ana.id].is_in_call)

    def test_lead_of_a_caller_is_one_query(self):
        leads = self.env["crm.lead"]
        self.env.flush_all()
        with self.assertQueryCount(1):
            found = leads._telephony_find(self.partner, CUSTOMER, self.company_a)
        with self.assertQueryCount(0):
            leads._telephony_find(self.env["res.partner"], "", self.company_a)
        self.assertEqual(found, self.lead)

    def test_contacts_of_a_number_are_found_once_for_all_agents(self):
        """The right to read them is checked for each agent."""
        self.call.customer_number = CUSTOMER
        self.env.flush_all()
        found = self.call.sudo().matching_partner_ids
        self.assertEqual(found, self.partner)
        with self.assertQueryCount(0):
            self.call.sudo().with_user(self.ana).sudo().matching_partner_ids.mapped("id")

    def test_agents_of_whom_nobody_waits_need_one_query(self):
        self.env.flush_all()
        with self.assertQueryCount(1):
            (self.agent_ana | self.agent_bob)._offer_waiting_calls()


@tagged("post_install", "-at_install")
class TestIndex(TelephonyCase):
    def explain(self, query, *args):
        """Return the plan of a query, with sequential scans forbidden."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute("EXPLAIN " + query, args)
        return "\n".join(line for [line] in self.env.cr.fetchall())

    def test_caller_look_up_uses_its_index(self):
        """Z17: a lookup is one step down an index, whatever the number of contacts."""
        self.env.flush_all()
        plan = self.explain(
            "SELECT id FROM res_partner WHERE active AND phone_sanitized = %s "
            "ORDER BY write_date DESC LIMIT 5",
            CUSTOMER,
        )
        self.assertIn("res_partner__phone_sanitized_index", plan)
        found = self.env["res.partner"].sudo()._telephony_find(CUSTOMER, self.company_a)
        self.assertEqual(found, self.partner)

    def test_look_up_is_one_query(self):
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            self.env["res.partner"].sudo()._telephony_find(CUSTOMER, self.company_a)
        with self.assertQueryCount(0):
            self.env["res.partner"].sudo()._telephony_find("", self.company_a)

    def test_webhooks_find_their_rows_by_an_index(self):
        for query, value in (
            ("SELECT id FROM telephony_call WHERE uuid = %s", "x"),
            (
                "SELECT id FROM telephony_call_leg WHERE account_id = 1 AND provider_leg_id = %s",
                "x",
            ),
            ("SELECT id FROM telephony_call_event WHERE account_id = 1 AND key = %s", "x"),
            ("SELECT id FROM telephony_account WHERE account_sid = %s", "x"),
            ("SELECT id FROM telephony_call WHERE state != 'ended' AND user_id = %s", 1),
            ("SELECT id FROM telephony_offer WHERE state = 'offered' AND call_id = %s", 1),
            ("SELECT id FROM telephony_agent WHERE identity = %s", "x"),
        ):
            with self.subTest(query):
                plan = self.explain(query, value)
                self.assertRegex(plan, "Index|Bitmap")
                self.assertNotIn("Seq Scan", plan)

    def test_card_of_a_caller_uses_an_index(self):
        """Z17: the last call of a number is found without reading all of them."""
        plan = self.explain(
            "SELECT id FROM telephony_call WHERE customer_number = %s AND state = 'ended' "
            "ORDER BY started_at DESC LIMIT 1",
            CUSTOMER,
        )
        self.assertIn("Index", plan)
