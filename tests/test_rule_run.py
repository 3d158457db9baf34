"""Automation rules on calls run after the commit, and cannot harm a call."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import CUSTOMER, LOGGER, TelephonyHttpCase, leg_sid

RUNS = f"{LOGGER}.models.telephony_rule_run"
RAISE = "raise UserError('No calls\\nplease.')"
NOTE = "record.write({'note': (record.note or '') + record.state + ';'})"


@tagged("post_install", "-at_install")
class TestRuleRun(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.runs = self.env["telephony.rule.run"]
        self.addCleanup(self.env["base.automation"]._unregister_hook)

    def make_rule(
        self, code, domain="[]", model="telephony.call", trigger="on_create_or_write", **values
    ):
        """Return a rule that runs some code."""
        model_id = self.env["ir.model"]._get_id(model)
        return self.env["base.automation"].create(
            {
                "name": "Greedy rule",
                "model_id": model_id,
                "trigger": trigger,
                "filter_domain": domain,
                "action_server_ids": [
                    Command.create(
                        {
                            "name": "Greedy action",
                            "model_id": model_id,
                            "state": "code",
                            "code": code,
                            "usage": "base_automation",
                        }
                    )
                ],
                **values,
            }
        )

    def run_rules(self):
        self.run_job("telephony.rule.run", "_cron_run")
        self.env.invalidate_all()

    def get_lines(self):
        """Return the lines of *Fix It* about rules."""
        return [line["sentence"] for line in self.account._diagnose_rules()]

    def test_rule_on_a_corrected_field_runs(self):
        """Z19: a correction in the form runs the rules on its fields, and only those."""
        call = self.talk()
        self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        solved = self.env.ref("crm_telephony.disposition_solved")
        self.env.cr.flush()
        self.make_rule(
            "record.message_post(body='Solved: %s' % record.note)",
            f"[('disposition_id', '=', {solved.id})]",
            trigger_field_ids=[
                Command.set(self.env["ir.model.fields"]._get("telephony.call", name).ids)
                for name in ("disposition_id",)
            ],
        )
        posted = call.message_ids.filtered(lambda message: "Solved" in message.body)
        with Form(self.as_user(self.ana).browse(call.id)) as form:
            form.note = "Wants oak."
        self.run_rules()
        self.assertEqual(call.message_ids.filtered(lambda one: "Solved" in one.body), posted)
        with Form(self.as_user(self.ana).browse(call.id)) as form:
            form.disposition_id = solved
        self.run_rules()
        [message] = call.message_ids.filtered(lambda one: "Solved" in one.body) - posted
        self.assertIn("Solved: Wants oak.", message.body)

    def test_own_field_with_a_rule_survives_everywhere(self):
        """Z19 Z30: end window, correction, Log a Call and repeated webhooks keep a field of Studio.

        Its default, its place in the form, and the rule on it work as on every model.
        """
        fields_of = self.env["ir.model.fields"]
        model_id = self.env["ir.model"]._get_id("telephony.call")
        for name, kind in (("x_budget", "integer"), ("x_said", "char")):
            fields_of.create(
                {
                    "name": name,
                    "model_id": model_id,
                    "ttype": kind,
                    "field_description": name,
                }
            )
        self.env["ir.default"].set("telephony.call", "x_budget", 100)
        self.env["ir.ui.view"].create(
            {
                "name": "Budget",
                "model": "telephony.call",
                "inherit_id": self.env.ref("crm_telephony.telephony_call_view_form").id,
                "arch": """<field name="tag_ids" position="after">
                    <field name="x_budget"/><field name="x_said"/>
                </field>""",
            }
        )
        self.make_rule(
            "record.write({'x_said': '%s%s %s;' % (record.x_said or '', record.x_budget, "
            "record.note)})",
            "[('state', '=', 'ended'), ('note', '!=', False)]",
            trigger_field_ids=[
                Command.link(fields_of._get("telephony.call", name).id)
                for name in ("state", "note", "x_budget")
            ],
        )
        ana = self.as_user(self.ana)
        call = self.talk()
        self.assertEqual(call.x_budget, 100)
        ana.wrap_up(call.uuid, {"note": "Wants oak."})
        self.run_rules()
        self.assertFalse(call.x_said, "the call has not ended")
        said = "100 Wants oak.;"
        for _repeat in range(2):
            self.tell_leg(call, call.provider_call_id, "completed", CallDuration="7")
            self.call_in(sid=call.provider_call_id)
            self.run_rules()
            self.assertEqual((call.state, call.x_budget, call.x_said), ("ended", 100, said))
        # The end window.
        ana.wrap_up(call.uuid, {"note": "Wants teak.", "done": True})
        self.run_rules()
        said += "100 Wants teak.;"
        self.assertEqual((call.x_budget, call.x_said), (100, said))
        # The correction.
        with Form(ana.browse(call.id)) as form:
            form.x_budget = 500
            form.note = "Wants elm."
        self.run_rules()
        said += "500 Wants elm.;"
        self.assertEqual((call.x_budget, call.x_said, call.note), (500, said, "Wants elm."))
        self.assertIn("Wants elm.", call.message_id.body)
        # What the system writes later.
        call._set_outcome("answered")
        self.run_rules()
        self.assertEqual((call.x_budget, call.x_said), (500, said))
        self.as_user(self.ana, "telephony.call.log").create(
            {
                "partner_id": self.partner.id,
                "started_at": fields.Datetime.now() - timedelta(hours=1),
                "minutes": 4.5,
                "note": "Called my mobile.",
            }
        ).action_log()
        self.run_rules()
        logged = self.env["telephony.call"].search([("is_logged", "=", True)])
        self.assertEqual((logged.x_budget, logged.x_said), (100, "100 Called my mobile.;"))

    def test_rule_that_fails_costs_no_call_and_is_named(self):
        """D8: when a rule on the state of a call raises, the call is kept and rings."""
        rule = self.make_rule(RAISE, "[('state', '=', 'ringing')]")
        call, verbs = self.call_in()
        self.assertEqual((self.names(verbs), call.state), (["Enqueue"], "ringing"))
        self.assertTrue(self.notified(self.ana, "offer_made"))
        self.assertEqual(self.get_lines(), [])
        with self.assertLogs(RUNS, "WARNING") as log:
            self.run_rules()
        self.assertEqual(len(log.output), 1)
        [line] = self.get_lines()
        self.assertIn("The automation rule “Greedy rule” fails: No calls. Calls continue", line)
        # It keeps failing, and is not logged again.
        self.tell_leg(call, call.provider_call_id, "completed")
        self.call_in(sid=leg_sid(2))
        self.run_rules()
        self.assertEqual(len(self.get_lines()), 1)
        # A corrected, archived or deleted rule is not reported any more.
        self.runs.search([]).failed_at = fields.Datetime.subtract(fields.Datetime.now(), hours=2)
        rule.action_server_ids.code = "pass"
        self.env.flush_all()
        self.assertEqual(self.get_lines(), [])

    def test_rule_on_a_queued_call_costs_no_call(self):
        """D8 as it was found: a rule on `state = queued` costs no call."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Sales",
                "company_id": self.company_a.id,
                "agent_ids": [Command.set(self.agent_bob.ids)],
            }
        )
        self.go_online(self.agent_bob)
        self.ring.write({"kind": "queue", "queue_id": queue.id})
        self.make_rule(RAISE, "[('state', '=', 'queued')]")
        call, _verbs = self.call_in()
        self.assertEqual((call.state, call.customer_number), ("queued", CUSTOMER))
        with self.assertLogs(RUNS, "WARNING"):
            self.run_rules()
        self.assertEqual(call.state, "queued")

    def test_rule_that_fails_costs_no_act_of_a_user(self):
        """D8: the rules of what users change run after the commit, too."""
        call = self.talk()
        self.env.cr.flush()
        self.make_rule(RAISE)
        self.as_user(self.ana).save_note(call.uuid, "Wants oak.")
        self.assertEqual(call.note, "Wants oak.")
        with self.assertLogs(RUNS, "WARNING"):
            self.run_rules()

    def test_rules_of_all_that_a_call_writes_cost_nothing(self):
        """A failing rule stops nothing, on any model that the telephone writes."""
        models = (
            "telephony.call",
            "telephony.call.leg",
            "telephony.offer",
            "telephony.callback",
            "mail.activity",
            "mail.message",
        )
        for model in models:
            self.make_rule(RAISE, model=model)
        call, _verbs = self.call_in()
        self.tell_leg(call, call.provider_call_id, "completed", CallDuration="7")
        self.assertEqual((call.state, call.outcome), ("ended", "missed"))
        self.assertTrue(call.callback_id.activity_id)
        self.assertTrue(call.message_id)
        with self.assertLogs(RUNS, "WARNING"):
            self.run_rules()
        self.assertEqual(set(self.runs.search([]).mapped("res_model")), set(models))

    def test_rule_runs_once_for_each_record_and_commit(self):
        """A rule without a condition that writes to its own record does not run for ever."""
        self.make_rule(NOTE)
        call, _verbs = self.call_in()
        self.assertFalse(call.note)
        self.run_rules()
        self.assertEqual(call.note, "ringing;")
        self.assertFalse(self.runs.search([]))
        self.tell_leg(call, call.provider_call_id, "completed")
        self.run_rules()
        self.run_rules()
        self.assertEqual(call.note, "ringing;ended;")

    def test_rule_sees_the_change_that_it_is_about(self):
        """Conditions and watched fields are evaluated at the change, as always."""
        field = self.env["ir.model.fields"]._get("telephony.call", "state")
        self.make_rule(
            NOTE,
            "[('state', '=', 'ended')]",
            trigger="on_write",
            filter_pre_domain="[('state', '=', 'ringing')]",
            trigger_field_ids=[Command.set(field.ids)],
        )
        call, _verbs = self.call_in()
        self.assertFalse(self.runs.search([]))
        self.tell_leg(call, call.provider_call_id, "completed")
        call.sudo().note = "x"
        self.run_rules()
        self.assertEqual(call.note, "xended;")

    def test_condition_that_fails_costs_no_call_and_is_named(self):
        self.make_rule(NOTE, "[('no_such_field', '=', 1)]")
        with self.assertLogs(RUNS, "WARNING"):
            call, _verbs = self.call_in()
        self.assertEqual(call.state, "ringing")
        self.assertEqual(len(self.get_lines()), 1)

    def test_rule_that_fails_in_the_second_of_its_change_is_named(self):
        """Changes have microseconds, and failures have not."""
        rule = self.make_rule(NOTE, "[('no_such_field', '=', 1)]")
        with self.assertLogs(RUNS, "WARNING"):
            self.call_in()
        changed_at = self.runs.search([]).failed_at + timedelta(milliseconds=900)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE base_automation SET write_date = %s WHERE id = %s", (changed_at, rule.id)
        )
        self.env.invalidate_all()
        self.assertEqual(len(self.get_lines()), 1)

    def test_rule_of_another_model_runs_at_once(self):
        """A user who breaks a rule about a contact is refused, as without the addon."""
        self.make_rule(
            NOTE.replace("note", "comment").replace("record.state", "'x'"), model="res.partner"
        )
        partner = self.env["res.partner"].create({"name": "Somebody"})
        self.assertIn("x", partner.comment)

    def test_rule_for_a_record_that_is_gone_is_forgotten(self):
        rule = self.make_rule(NOTE)
        self.call_in()
        rule.unlink()
        self.run_rules()
        self.assertFalse(self.runs.search([]))
