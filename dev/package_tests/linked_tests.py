"""Calls of orders, tasks, applicants and OCA's tickets. `test_linked.py` builds the addon."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.crm_telephony.tests.common import CALLER_LEG, TelephonyHttpCase

APPLICANT = "+32470777001"


@tagged("post_install", "-at_install")
class TestLinkedModels(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.lead.unlink()
        env = self.env
        company = self.company_a
        self.order = env["sale.order"].create(
            {"partner_id": self.partner.id, "company_id": company.id}
        )
        project = env["project.project"].create({"name": "Move", "company_id": company.id})
        self.task = env["project.task"].create(
            {"name": "Carry the desks", "project_id": project.id, "partner_id": self.partner.id}
        )
        self.applicant = env["hr.applicant"].create(
            {"partner_name": "Ada Applicant", "partner_phone": APPLICANT, "company_id": company.id}
        )
        self.ticket = env["helpdesk.ticket"].create(
            {"name": "No sound", "partner_id": self.partner.id}
        )
        # Ana may use every app but one.
        self.ana.group_ids += (
            env.ref("sales_team.group_sale_salesman_all_leads")
            + env.ref("project.group_project_manager")
            + env.ref("hr_recruitment.group_hr_recruitment_user")
        )
        self.env.flush_all()

    def get_rows(self, rows):
        return {(row["model"], row["id"]) for row in rows}

    def test_card_lists_open_records_that_the_user_may_read(self):
        call, _verbs = self.call_in()
        [offer] = self.notified(self.ana, "offer_made")
        rows = offer["call"]["card"]["records"]
        self.assertEqual(
            self.get_rows(rows),
            {
                ("sale.order", self.order.id),
                ("project.task", self.task.id),
                ("helpdesk.ticket", self.ticket.id),
            },
        )
        self.assertFalse(call.linked_record, "the caller may mean any of them")
        names = {row["model"]: row["detail"] for row in rows}
        self.assertEqual(names["project.task"], "Task")
        self.order.action_cancel()
        self.task.state = "1_done"
        self.ticket.stage_id.closed = True
        self.assertEqual(self.as_user(self.ana).get_card(call.uuid)["records"], [])

    def test_applicant_is_recognized_by_the_number(self):
        call, _verbs = self.call_in(from_=APPLICANT)
        self.assertEqual(call.linked_record, self.applicant)
        [offer] = self.notified(self.ana, "offer_made")
        self.assertEqual(offer["call"]["customer"]["name"], "Ada Applicant")
        self.assertEqual(offer["call"]["record"]["model"], "hr.applicant")
        self.talk(call, self.agent_ana)
        self.tell_leg(call, CALLER_LEG, "completed")
        self.assertIn("Incoming call", self.applicant.message_ids[0].body)
        planned = self.as_user(self.ana).schedule_follow_up(
            call.uuid, "call", {"date": "2099-01-01", "summary": "Invite"}
        )
        self.assertEqual(planned["record"]["model"], "hr.applicant")
        self.assertEqual(self.applicant.activity_ids.summary, "Invite")

    def test_user_without_the_right_sees_nothing_of_the_applicant(self):
        self.ana.group_ids -= self.env.ref("hr_recruitment.group_hr_recruitment_user")
        call, _verbs = self.call_in(from_=APPLICANT)
        [offer] = self.notified(self.ana, "offer_made")
        self.assertFalse(offer["call"]["record"])
        self.assertFalse(offer["call"]["customer"]["name"])
        self.assertEqual(offer["call"]["card"]["records"], [])
        self.talk(call, self.agent_ana)
        calls = self.as_user(self.ana)
        self.assertFalse(calls.browse(call.id).linked_record)
        self.assertEqual(calls.find_records(call.uuid), [])
        self.assertEqual(calls.find_records(call.uuid, "Ada App"), [])
        with self.assertRaises(AccessError):
            calls.link_record(call.uuid, "hr.applicant", self.applicant.id)
        self.assertNotIn("hr.applicant", [row["model"] for row in calls.get_creatable()])
        with self.assertRaises(UserError):
            calls.action_create_record(call.uuid, "hr.applicant")

    def test_record_of_another_company_is_neither_found_nor_linked(self):
        self.order.unlink()
        foreign = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "F"}).id,
                "company_id": self.company_b.id,
            }
        )
        self.ana.company_ids += self.company_b
        call = self.talk()
        calls = self.as_user(self.ana).with_context(
            allowed_company_ids=(self.company_a | self.company_b).ids
        )
        self.assertNotIn(
            foreign.id,
            [
                row["id"]
                for row in calls.find_records(call.uuid, foreign.name)
                if row["model"] == "sale.order"
            ],
        )
        with self.assertRaisesRegex(UserError, "different company"):
            calls.link_record(call.uuid, "sale.order", foreign.id)

    def test_call_from_a_record_belongs_to_it(self):
        call = self.dial(res_model="project.task", res_id=self.task.id)
        self.assertEqual((call.linked_record, call.partner_id), (self.task, self.partner))
        self.assertEqual(call._get_linked_records(), [self.task, self.partner])

    def test_call_is_linked_and_created_in_the_end_window(self):
        call = self.talk()
        calls = self.as_user(self.ana)
        self.assertIn(("sale.order", self.order.id), self.get_rows(calls.find_records(call.uuid)))
        self.tell_leg(call, CALLER_LEG, "completed")
        payload = calls.link_record(call.uuid, "sale.order", self.order.id)
        self.assertEqual(payload["record"]["name"], self.order.name)
        self.assertTrue(payload["record"]["icon"])
        self.assertIn("Incoming call", self.order.message_ids[0].body)
        calls.link_record(call.uuid, "res.partner", self.partner.id)
        self.assertFalse(call.linked_record)
        self.assertNotIn("Incoming call", "".join(self.order.message_ids.mapped("body")))
        kinds = {row["model"] for row in calls.get_creatable()}
        self.assertLessEqual({"sale.order", "project.task", "hr.applicant"}, kinds)
        action = calls.action_create_record(call.uuid, "project.task")
        self.assertEqual(action["context"]["default_name"], "Call with Zoe Peeters")
        tasks = self.as_user(self.ana, "project.task").with_context(**action["context"])
        task = tasks.create({"project_id": self.task.project_id.id})
        self.assertEqual(call.linked_record.id, task.id)
        self.assertEqual(task.partner_id.id, self.partner.id)

    def test_forms_have_the_button_for_phone_users_only(self):
        call = self.talk()
        call._link(self.order)
        self.as_user(self.ana).hang_up(call.uuid)
        for model, record in (
            ("sale.order", self.order),
            ("project.task", self.task),
            ("hr.applicant", self.applicant),
        ):
            with self.subTest(model):
                views = self.as_user(self.ana, model)
                arch = views.get_view(view_type="form")["arch"]
                self.assertEqual(arch.count('name="telephony_call_count"'), 1)
                action = self.env.ref("crm_telephony.telephony_call_action_linked")
                self.assertIn(f'name="{action.id}"', arch)
                record = views.browse(record.id)
                self.assertEqual(record.telephony_call_count, int(model == "sale.order"))
                # An applicant's form shows the number, with a call button of its own.
                has_button = model != "hr.applicant"
                self.assertEqual(arch.count('name="telephony_call_record"'), has_button)
                self.assertEqual(arch.count('name="telephony_number"'), has_button)
                number = record.partner_phone if model == "hr.applicant" else self.partner.phone
                self.assertEqual(record.telephony_number, number)
                call = self.dial(number=record.telephony_number, res_model=model, res_id=record.id)
                found = call._get_linked_records()[0]
                self.assertEqual((found._name, found.id), (model, record.id))
                self.as_user(self.ana).hang_up(call.uuid)
        colleague = self.ana.copy({"login": "no-phone"})
        colleague.group_ids -= self.env.ref("crm_telephony.group_user")
        arch = self.as_user(colleague, "sale.order").get_view(view_type="form")["arch"]
        self.assertNotIn("telephony", arch)

    def test_order_and_opportunity_of_one_call_are_both_named(self):
        """Open forms of the order, the opportunity and the contact follow the call."""
        call = self.talk()
        call._link(self.order)
        lead = self.env["crm.lead"].create(
            {"name": "Ten desks", "partner_id": self.partner.id, "company_id": self.company_a.id}
        )
        self.tell_leg(call, CALLER_LEG, "completed")
        self.as_user(self.ana).browse(call.id).write({"lead_id": lead.id})
        payload = self.notified(self.ana, "call_updated")[-1]
        self.assertEqual(payload["record"]["model"], "sale.order")
        self.assertEqual(payload["other_records"], [{"model": "crm.lead", "id": lead.id}])
        self.assertEqual(payload["customer"]["partner_id"], self.partner.id)

    def test_field_of_another_addon_is_in_form_list_and_search(self):
        """Views that inherit those of calls work, also beside a correction of the summary."""
        call = self.talk()
        self.tell_leg(call, CALLER_LEG, "completed")
        calls = self.as_user(self.ana)
        for kind in ("form", "list", "search"):
            self.assertIn('name="contract"', calls.get_view(view_type=kind)["arch"])
        with Form(calls.browse(call.id)) as form:
            form.contract = "C-2030"
            form.note = "Wants to renew."
        self.assertEqual((call.contract, call.note), ("C-2030", "Wants to renew."))
        self.assertIn("Wants to renew.", call.message_id.body)
        self.assertEqual(calls.search([("contract", "ilike", "2030")]).ids, call.ids)
        [[contract, count]] = calls._read_group(
            [("contract", "!=", False)], ["contract"], ["__count"]
        )
        self.assertEqual((contract, count), ("C-2030", 1))

    def test_deleted_record_and_removed_app_leave_the_call(self):
        call = self.talk()
        call._link(self.task)
        self.task.unlink()
        self.assertFalse(call.res_id or call.res_model)
        self.assertEqual(call._get_linked_records(), [self.partner])
        call._link(self.ticket)
        self.env["telephony.linked.model"]._unlink_calls(["helpdesk.ticket"])
        self.assertFalse(call.linked_record)
        # A row that no longer has its model, as during an uninstallation.
        call.write({"res_model": "gone.model", "res_id": 7})
        self.assertEqual(call._get_linked_records(), [self.partner])
        self.assertFalse(self.as_user(self.ana).browse(call.id).linked_record)

    def test_anonymized_call_has_no_record(self):
        call = self.talk()
        call._link(self.order)
        self.tell_leg(call, CALLER_LEG, "completed")
        call._anonymize()
        self.assertFalse(call.res_id or call.res_model)
