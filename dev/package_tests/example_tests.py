"""What docs/integrate.md promises. `test_example.py` adds these tests to the addon of the page."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.providers.base import get_provider
from odoo.addons.crm_telephony.tests.common import CALLER_LEG, CUSTOMER, TelephonyHttpCase


@tagged("post_install", "-at_install")
class TestExample(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.ticket = self.env["example.ticket"].create(
            {"name": "No sound", "partner_id": self.partner.id}
        )
        self.solved = self.env["example.ticket"].create(
            {"name": "Echo", "partner_id": self.partner.id, "is_open": False}
        )

    def test_sentence_is_in_the_table(self):
        """A company writes its own wording; the check of a flow counts the sentence."""
        rows = self.env["telephony.sentence"]
        rows._add_missing(self.company_a)
        row = rows.search([("code", "=", "ticket_open"), ("lang", "=", "en_US")])
        self.assertEqual((row.place, row.state), ("call", "standard"))
        say = row._say_example(self.account)
        self.assertEqual(say.text, "We are working on the ticket No sound.")
        row.text = "Ticket %(ticket)s is being solved."
        call, _verbs = self.call_in()
        say = call._say("en_US", "ticket_open", ticket="Echo")
        self.assertEqual(say.text, "Ticket Echo is being solved.")
        self.assertIn(
            "ticket_open", self.env["telephony.speech"]._get_untranslated(self.company_a, "pl_PL")
        )

    def test_incoming_call_belongs_to_the_ticket(self):
        """The card, the payload, the timeline and the chatter show the ticket."""
        call, _verbs = self.call_in()
        self.assertEqual(call.linked_record, self.ticket)
        [offer] = self.notified(self.ana, "offer_made")
        card = offer["call"]["card"]
        self.assertEqual(card["tickets"], [{"id": self.solved.id, "name": "Echo"}])
        [row] = card["records"]
        self.assertEqual((row["model"], row["id"]), ("example.ticket", self.ticket.id))
        self.assertEqual(offer["call"]["record"]["model"], "example.ticket")
        self.talk(call, self.agent_ana)
        self.assertIn("About the ticket No sound.", call.timeline_ids.mapped("text"))
        self.tell_leg(call, CALLER_LEG, "completed")
        self.assertEqual(call.state, "ended")
        self.assertIn(call.message_id, self.ticket.message_ids)
        planned = self.as_user(self.ana).schedule_follow_up(
            call.uuid, "call", {"date": "2099-01-01", "summary": "Ask again"}
        )
        self.assertEqual(planned["record"]["model"], "example.ticket")

    def test_call_from_the_ticket_belongs_to_it(self):
        call = self.dial(res_model="example.ticket", res_id=self.ticket.id)
        self.assertEqual((call.linked_record, call.partner_id), (self.ticket, self.partner))

    def test_ticket_is_created_and_chosen_during_a_call(self):
        call = self.talk()
        calls = self.as_user(self.ana)
        kinds = {row["model"]: row["name"] for row in calls.get_creatable()}
        self.assertEqual(kinds["example.ticket"], "Ticket")
        self.assertNotIn("helpdesk.ticket", kinds, "it is not installed")
        action = calls.action_create_record(call.uuid, "example.ticket")
        self.assertEqual(action["context"]["default_partner_id"], self.partner.id)
        calls.link_record(call.uuid, "res.partner", self.partner.id)
        new = self.as_user(self.ana, "example.ticket").with_context(**action["context"]).create({})
        self.assertEqual(new.name, "Call with Zoe Peeters")
        self.assertEqual(call.linked_record.id, new.id)
        found = calls.find_records(call.uuid, "No sound")
        self.assertEqual([row["id"] for row in found], [self.ticket.id])
        calls.link_record(call.uuid, "example.ticket", self.ticket.id)
        self.assertEqual(call.linked_record, self.ticket)

    def test_form_of_the_ticket_has_the_button(self):
        view = self.env["ir.ui.view"].create(
            {
                "name": "ticket",
                "model": "example.ticket",
                "arch": '<form><div name="button_box"/><field name="name"/></form>',
            }
        )
        tickets = self.env["example.ticket"].with_user(self.ana)
        self.assertIn("telephony_call_count", tickets.get_view(view.id, "form")["arch"])
        call, _verbs = self.call_in()
        self.assertEqual(
            self.as_user(self.ana, "example.ticket").browse(self.ticket.id).telephony_call_count, 1
        )
        domain = self.ticket._get_telephony_calls_action()["domain"]
        self.assertEqual(self.env["telephony.call"].search(domain), call)

    def test_missed_call_becomes_an_activity(self):
        """A conclusion runs when the call has ended."""
        call, _verbs = self.call_in()
        self.tell_leg(call, CALLER_LEG, "completed")
        self.assertEqual(call.outcome, "missed")
        self.assertIn("Call back", self.ticket.activity_ids.mapped("summary"))

    def test_failing_conclusion_costs_no_call(self):
        """The page says that the call ends, and that the other conclusions run."""
        call, _verbs = self.call_in()
        self.patch(
            type(self.env["telephony.call"]),
            "_conclude_ticket",
            lambda call: call.env.cr.execute("SELECT 1 / 0"),
        )
        with self.assertLogs("odoo", "ERROR"):
            self.tell_leg(call, CALLER_LEG, "completed")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))
        self.assertTrue(call.message_id)

    def test_step_asks_for_a_ticket(self):
        """The step has its exits, its problem, and its place in the form and the simulation."""
        message = self.env["telephony.flow.step"].create(
            {
                "flow_id": self.flow.id,
                "name": "Help",
                "kind": "message",
                "message": "You have a ticket.",
                "sequence": 90,
            }
        )
        self.ring.write({"kind": "ticket", "next_step_id": message.id})
        _call, verbs = self.call_in()
        self.assertEqual(self.names(verbs), ["Say", "Hangup"])
        self.assertEqual(verbs[0].text, "You have a ticket.")
        self.assertEqual(list(self.ring._check_problems_ticket()), [])
        self.ring.else_step_id = message
        [problem] = self.ring._check_problems_ticket()
        self.assertIn(problem, self.flow._get_problems())
        view = self.env["telephony.flow"].get_view(view_type="form")["arch"]
        self.assertIn("With a Ticket", view)

    def test_step_is_drawn(self):
        """The drawing adds, connects, shows, copies and removes a kind of another addon."""
        editor = self.as_user(self.max, "telephony.flow")
        kinds = {kind["kind"]: kind for kind in editor.editor(self.flow.id)["kinds"]}
        self.assertEqual((kinds["ticket"]["name"], kinds["ticket"]["exits"]), ("Open Ticket", 2))
        answer = editor.add_step(self.flow.id, "ticket", None, "start")
        [step] = [row for row in answer["flow"]["steps"] if row["id"] == answer["step_id"]]
        self.assertEqual(answer["flow"]["first_id"], step["id"])
        # What was the first step is behind its first exit.
        self.assertEqual(
            [(way["name"], way["target"]) for way in step["exits"]],
            [("yes", self.ring.id), ("no", False)],
        )
        editor.connect_step(self.flow.id, step["id"], "no", self.closed_step.id)
        form = self.env["telephony.flow.step"].get_view(view_type="form")["arch"]
        self.assertIn("Without One", form)
        with self.shared_cursor():
            parts = self.as_user(self.max, "telephony.flow.simulation").try_flow(self.flow.id)
        self.assertEqual([part["step_id"] for part in parts[1:]], [step["id"], self.closed_step.id])
        copied = editor.copy_step(self.flow.id, step["id"])["step_id"]
        editor.remove_step(self.flow.id, step["id"], self.ring.id)
        steps = {row["id"]: row for row in editor.editor(self.flow.id)["steps"]}
        self.assertNotIn(step["id"], steps)
        self.assertEqual(steps[copied]["kind"], "ticket")

    def test_rule_of_the_page_informs_the_salesperson(self):
        lead = self.env["crm.lead"].create(
            {"name": "Desks", "partner_id": self.partner.id, "user_id": self.ana.id}
        )
        call, _verbs = self.call_in()
        call.lead_id = lead
        action = self.env["ir.actions.server"].create(
            {
                "name": "Rule",
                "model_id": self.env["ir.model"]._get_id("telephony.call"),
                "state": "code",
                "code": CODE_OF_THE_RULE,
            }
        )
        action.with_context(active_model="telephony.call", active_id=call.id).run()
        self.assertIn("called in vain", lead.message_ids[0].body)
        self.assertIn(self.ana.partner_id, lead.message_ids[0].notified_partner_ids)

    def test_carrier_is_a_choice_of_the_account(self):
        self.assertIn("pigeon", dict(self.env["telephony.account"]._fields["provider"].selection))
        self.env.cr.execute(
            "UPDATE telephony_account SET provider = 'pigeon' WHERE id = %s", (self.account_b.id,)
        )
        self.account_b.invalidate_recordset()
        self.assertEqual(
            get_provider("pigeon").explain("unreachable"),
            "The pigeon is asleep. Try again tomorrow.",
        )
        with self.assertRaisesRegex(UserError, "The pigeon is asleep"):
            # sudo: telephony.account - as the button of an administrator does
            self.account_b.sudo().action_show_balance()

    def test_program_of_the_page_reads_calls(self):
        """JSON-2 answers with the rights of the key's user."""
        call, _verbs = self.call_in()
        self.talk(call, self.agent_ana)
        self.tell_leg(call, CALLER_LEG, "completed")
        # sudo: res.users.apikeys - only as superuser may a key last forever
        keys_sudo = self.env(user=self.ana)["res.users.apikeys"].sudo()
        names = {"url": self.base_url(), "key": keys_sudo._generate("rpc", "Example", None)}
        with self.allow_requests(all_requests=True):
            exec(CODE_OF_THE_PROGRAM, names)  # noqa: S102 - the code of the page
        self.assertEqual([row["customer_number"] for row in names["calls"]], [CUSTOMER])


CODE_OF_THE_RULE = CODE_OF_THE_PROGRAM = ""
