"""Records of one company are invisible to another one, through every relation of every model.

Models and fields are found by introspection, so that new ones are tested as well.
"""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL, file_path, mute_logger

from ..common import TelephonyCase, leg_sid

# Contained in every name of the other company.
SECRET = "Secret of Beta"
# Relations with a constraint that is stricter than `check_company`.
CONSTRAINED = {("telephony.callback", "user_id")}
# Values that must differ in a second record of the same company.
UNIQUE = {
    "telephony.account": {"account_sid": "AC" + "d" * 32},
    "telephony.number": {"number": "+3225550199"},
    "telephony.blocked.number": {"number": "+32470999009"},
    "telephony.flow.key": {"key": "2"},
}
NAMES = {"fields": {"display_name": {}}}
#: A value of another record, by the type of the field.
OTHER_VALUES = {
    "char": "other",
    "datetime": "2020-01-01 00:00:00",
    "json": {"name": "other"},
    "selection": False,
}
#: Rows of no company: of the system, for system administrators only.
SHARED = {"telephony.rule.run"}
RELATIONS = ("many2one", "many2many", "one2many")


@tagged("post_install", "-at_install")
class TestIsolation(TelephonyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The most powerful user without a right in the other company.
        cls.max.group_ids += cls.env.ref("base.group_system")
        cls.max.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")
        cls.own = cls._make_records(cls.company_a, cls.account, cls.number, cls.agent_ana, "Own")
        cls.foreign = cls._make_records(
            cls.company_b, cls.account_b, cls.number_b, cls.agent_eva, SECRET
        )
        cls.number_b.name = cls.account_b.name = SECRET
        cls.eva.name = SECRET
        cls.unique = {**UNIQUE, "telephony.agent": {"user_id": cls.ian.id}}
        cls.foreign["res.company"] = cls.company_b
        cls.foreign["res.users"] = cls.eva
        cls.env.flush_all()

    @classmethod
    def _make_records(cls, company, account, number, agent, name):
        """Return a record of each model, all of them of one company."""
        env = cls.env
        flow, other_flow = env["telephony.flow"].create(
            [
                {"name": name, "company_id": company.id, "language": "en_US"},
                {"name": f"{name} 2", "company_id": company.id, "language": "en_US"},
            ]
        )
        step, menu = env["telephony.flow.step"].create(
            [
                {"flow_id": flow.id, "name": name, "kind": "message", "message": name},
                {
                    "flow_id": flow.id,
                    "name": name,
                    "kind": "menu",
                    "message": name,
                    "key_ids": [Command.create({"key": "1", "label": name})],
                },
            ]
        )
        env["telephony.flow.step"].create(
            {
                "flow_id": other_flow.id,
                "name": name,
                "kind": "flow",
                "target_flow_id": flow.id,
            }
        )
        partner = env["res.partner"].create({"name": name, "company_id": company.id})
        records = [
            account,
            number,
            agent,
            flow,
            step,
            menu.key_ids,
            partner,
            env["crm.lead"].create(
                {
                    "name": name,
                    "company_id": company.id,
                    "partner_id": partner.id,
                    "team_id": False,
                    "user_id": False,
                }
            ),
            env["telephony.queue"].create(
                {
                    "name": name,
                    "company_id": company.id,
                    "agent_ids": [Command.set(agent.ids)],
                }
            ),
            env["telephony.blocked.number"].create(
                {
                    "number": "+32470999000",
                    "reason": name,
                    "company_id": company.id,
                }
            ),
            env["telephony.sound"].create(
                {
                    "name": name,
                    "kind": "url",
                    "url": "https://sounds.example.com/hello.mp3",
                    "company_id": company.id,
                }
            ),
            env["telephony.sentence"].create(
                {
                    "company_id": company.id,
                    "lang": "en_US",
                    "code": "thanks",
                    "place": "voicemail",
                    "text": name,
                }
            ),
            env["telephony.disposition"].create({"name": name, "company_id": company.id}),
            env["telephony.call.purpose"].create({"name": name, "company_id": company.id}),
            env["telephony.call.tag"].create({"name": name, "company_id": company.id}),
            env["resource.calendar"].create({"name": name, "company_id": company.id}),
            env["telephony.caller.id"].create(
                {
                    "name": name,
                    "number": "+32470999001",
                    "account_id": account.id,
                    "agent_id": agent.id,
                }
            ),
        ]
        call = env["telephony.call"].create(
            {
                "account_id": account.id,
                "direction": "incoming",
                "user_id": agent.user_id.id,
                "state": "ended",
                "partner_id": partner.id,
                "customer_number": "+32470999002",
            }
        )
        moment = "2026-01-01 00:00:00"
        of_call = {"call_id": call.id}
        leg = env["telephony.call.leg"].create(
            {
                **of_call,
                "account_id": account.id,
                "role": "customer",
                "label": "customer",
                "provider_leg_id": leg_sid(call.id),
                "user_id": agent.user_id.id,
            }
        )
        recording = env["telephony.recording"].create(
            {
                **of_call,
                "account_id": account.id,
                "kind": "voicemail",
                "recorded_at": moment,
            }
        )
        records += [
            call,
            leg,
            recording,
            env["telephony.offer"].create(
                {
                    **of_call,
                    "agent_id": agent.id,
                    "state": "expired",
                    "expires_at": moment,
                }
            ),
            env["telephony.transfer"].create(
                {
                    **of_call,
                    "user_id": agent.user_id.id,
                    "mode": "blind",
                    "kind": "agent",
                    "agent_id": agent.id,
                    "state": "failed",
                }
            ),
            env["telephony.call.event"].create(
                {
                    **of_call,
                    "account_id": account.id,
                    "key": name,
                    "kind": "x",
                    "happened_at": moment,
                }
            ),
            env["telephony.call.timeline"].create({**of_call, "code": "x"}),
            env["telephony.call.quality"].create(
                {
                    **of_call,
                    "leg_id": leg.id,
                    "user_id": agent.user_id.id,
                }
            ),
            env["telephony.dialed.leg"]._count(company, agent.user_id, "call").with_env(env),
            env["telephony.rule.run"].create(
                {
                    "rule_id": 1,
                    "res_model": "res.partner",
                    "res_id": partner.id,
                }
            ),
            env["telephony.recording.access"].create(
                {
                    "recording_id": recording.id,
                    "user_id": agent.user_id.id,
                }
            ),
            env["telephony.agent.lease"].create(
                {
                    "agent_id": agent.id,
                    "client_uuid": "page-1234",
                    "expires_at": moment,
                }
            ),
            env["telephony.contact.number"].create(
                {"partner_id": partner.id, "number": "+32470999077"}
            ),
            env["telephony.queue.callback"].create(
                {"origin_id": call.id, "expires_at": moment, "state": "failed"}
            ),
            env["telephony.callback"].create(
                {
                    "company_id": company.id,
                    "customer_number": "+32470999002",
                    "kind": "missed",
                    "number_id": number.id,
                    "partner_id": partner.id,
                    "first_at": moment,
                    "last_at": moment,
                    "due_at": moment,
                }
            ),
        ]
        return {record._name: record for record in records}

    def get_models(self, transient=False):
        """Return all models of the addon that have rows of their own."""
        return [
            self.env[name]
            for name in sorted(self.env.registry)
            if name.startswith("telephony.")
            and not self.env[name]._abstract
            and self.env[name]._auto
            and self.env[name].is_transient() == transient
        ]

    def get_open_fields(self):
        """Return each relation that users may write to a record of a company, with a record."""
        for model in self.get_models():
            own = self.as_user(self.max, model._name).browse(self.own[model._name].id)
            if not own.has_access("write"):
                continue
            for field in own._fields.values():
                if (
                    field.type in RELATIONS
                    and field.store
                    and field.comodel_name in self.foreign
                    and own._has_field_access(field, "write")
                ):
                    yield own, field

    @contextmanager
    def undone(self):
        """Undo the changes inside the block, and accept a refusal."""
        self.env.flush_all()
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            with mute_logger(
                "odoo.sql_db", "odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model"
            ):
                yield
                self.env.flush_all()
        except (AccessError, UserError):
            pass
        finally:
            self.env.transaction.clear()
            savepoint.close(rollback=True)

    # === STRUCTURE === #

    def test_every_model_is_guarded(self):
        for model in self.get_models():
            with self.subTest(model._name):
                self.assertTrue(model._check_company_auto)
                self.assertTrue(hasattr(model, "_check_unchanged"), "has no telephony.guard.mixin")

    def test_every_open_relation_is_checked(self):
        """A writable relation stays in its company, or is immutable."""
        for model in self.get_models():
            for field in model._fields.values():
                comodel = self.env.get(field.comodel_name) if field.type in RELATIONS else None
                if (
                    comodel is None
                    or not field.store
                    or field.readonly
                    or field.name
                    in (
                        "create_uid",
                        "write_uid",
                        "activity_user_id",
                    )
                ):
                    continue
                is_of_company = {"company_id", "company_ids"} & comodel._fields.keys()
                if not is_of_company and field.comodel_name != "res.company":
                    continue
                with self.subTest(model=model._name, field=field.name):
                    self.assertTrue(
                        field.type == "one2many"
                        or field.check_company
                        or getattr(field, "immutable", False)
                        or (model._name, field.name) in CONSTRAINED
                        or not any(
                            model.with_user(user).has_access(operation)
                            for user in (self.max, self.sue, self.ana)
                            for operation in ("write", "create")
                        )
                    )

    def test_what_a_record_belongs_to_is_immutable(self):
        """Neither the company nor the path to it can change, even for the superuser."""
        for model in self.get_models():
            field = model._fields.get("company_id")
            if field is None:
                continue
            anchor = model._fields[field.related.split(".")[0] if field.related else "company_id"]
            with self.subTest(model=model._name, field=anchor.name):
                self.assertTrue(anchor.immutable)

    # === ATTACKS === #

    def test_record_of_another_company_is_not_found(self):
        """Each model with a way to a company has a rule that hides the other company's rows."""
        tried = set()
        for model in self.get_models():
            if model._name in SHARED:
                continue
            foreign = self.foreign[model._name]
            own = self.as_user(self.max, model._name)
            if not own.has_access("read"):
                continue
            domain = [("id", "in", (foreign | self.own[model._name]).ids)]
            with self.subTest(model._name):
                self.assertFalse(own.search(domain).sudo() & foreign)
                self.assertEqual(own.search_count(domain), len(own.search(domain)))
                with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                    own.browse(foreign.id).read(["display_name"])
                tried.add(model._name)
        self.assertLessEqual({"telephony.call.event", "telephony.dialed.leg"}, tried)

    def test_foreign_record_in_a_relation_is_refused(self):
        """A relation cannot reach a record of another company, by any method."""
        tried = 0
        for own, field in self.get_open_fields():
            foreign = self.foreign[field.comodel_name]
            value = foreign.id if field.type == "many2one" else [Command.link(foreign.id)]
            vals = {field.name: value}
            for way, act in {
                "write": lambda own=own, vals=vals: own.write(vals),
                "assignment": lambda own=own, field=field, foreign=foreign: own.__setitem__(
                    field.name, own.env[foreign._name].browse(foreign.id)
                ),
                "copy": lambda own=own, vals=vals: own.copy(self.unique.get(own._name, {}) | vals),
                "web_save": lambda own=own, vals=vals, field=field: own.web_save(
                    vals, {field.name: NAMES}
                ),
                "load": lambda own=own, field=field, foreign=foreign: own.browse().load(
                    [".id", f"{field.name}/.id"], [[str(own.id), str(foreign.id)]]
                ),
                "onchange": lambda own=own, vals=vals, field=field: own.onchange(
                    vals, [field.name], {field.name: NAMES}
                ),
            }.items():
                tried += 1
                with self.subTest(model=own._name, field=field.name, way=way):
                    result = None
                    with self.undone():
                        before = self.env[own._name].search_count([])
                        result = act()
                        if way == "onchange":
                            continue
                        self.env.flush_all()
                        self.assertNotIn(foreign, own.sudo()[field.name])
                        self.assertEqual(self.env[own._name].search_count([]), before)
                    self.assertNotIn(SECRET, str(result))
        self.assertGreater(tried, 100)

    def test_immutable_field_is_refused(self):
        """The addon's own code cannot move a record either."""
        for model in self.get_models():
            for field in model._fields.values():
                if not getattr(field, "immutable", False):
                    continue
                own = self.own[model._name]
                if field.relational:
                    same, other = own[field.name].id, self.foreign[field.comodel_name].id
                else:
                    same, other = own[field.name], OTHER_VALUES[field.type]
                with self.subTest(model=model._name, field=field.name), self.undone():
                    own.sudo().write({field.name: same})
                    with self.assertRaises(UserError):
                        own.sudo().write({field.name: other})

    def test_field_of_the_system_is_refused(self):
        """Read-only fields are written by the system only."""
        for model in self.get_models():
            own = self.as_user(self.max, model._name).browse(self.own[model._name].id)
            for field in model._fields.values():
                if (
                    not field.store
                    or not field.readonly
                    or field.name
                    in (
                        "id",
                        "create_uid",
                        "create_date",
                        "write_uid",
                        "write_date",
                    )
                ):
                    continue
                for way, act in {
                    "write": lambda own=own, field=field: own.write({field.name: False}),
                    "create": lambda own=own, field=field: own.create({field.name: False}),
                }.items():
                    with (
                        self.subTest(model=own._name, field=field.name, way=way),
                        self.assertRaises(UserError),
                        self.env.cr.savepoint(),
                        mute_logger("odoo.addons.base.models.ir_model"),
                    ):
                        act()

    def test_step_of_another_flow_behind_an_exit_is_skipped(self):
        """A call stays in its company, even with wrong data in the tables."""
        step_b = self.foreign["telephony.flow.step"]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telephony_flow_step SET no_answer_step_id = %s WHERE id = %s",
            (step_b.id, self.ring.id),
        )
        self.env.invalidate_all()
        self.assertEqual(self.ring.no_answer_step_id, step_b)
        self.assertFalse(self.ring._get_exit("no_answer"))
        self.assertEqual(self.ring._get_exit("not_available"), self.closed_step)

    def test_exit_to_another_flow_of_the_company_is_refused(self):
        with self.assertRaisesRegex(UserError, "same flow"):
            self.ring.no_answer_step_id = self.own["telephony.flow.step"]
        with self.assertRaisesRegex(UserError, "same flow"):
            self.own["telephony.flow.key"].target_step_id = self.ring

    def test_copy_of_a_flow_leads_to_its_own_steps(self):
        flow = self.own["telephony.flow"]
        key = self.own["telephony.flow.key"]
        message = self.own["telephony.flow.step"]
        key.target_step_id = key.step_id.no_answer_step_id = message
        copied = flow.copy()
        self.assertEqual(len(copied.step_ids), 2)
        menu = copied.step_ids.key_ids.step_id
        self.assertIn(menu.no_answer_step_id, copied.step_ids)
        self.assertEqual(menu.key_ids.target_step_id, menu.no_answer_step_id)
        self.assertEqual(menu.no_answer_step_id.message, message.message)
        self.assertEqual(key.target_step_id, message)

    def test_upgrade_removes_links_to_another_company(self):
        """The upgrade removes links into other companies."""
        step_b, agent_b = self.foreign["telephony.flow.step"], self.agent_eva
        calendar_b = self.foreign["resource.calendar"]
        queue = self.own["telephony.queue"]
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE telephony_flow_step SET no_answer_step_id = %s, calendar_id = %s WHERE id "
                "= %s",
                step_b.id,
                calendar_b.id,
                self.ring.id,
            )
        )
        relation = queue._fields["agent_ids"]
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s, %s) VALUES (%s, %s)",
                SQL.identifier(relation.relation),
                SQL.identifier(relation.column1),
                SQL.identifier(relation.column2),
                queue.id,
                agent_b.id,
            )
        )
        self.env.invalidate_all()
        self.assertIn(agent_b, queue.agent_ids)
        path = file_path("crm_telephony/migrations/19.0.1.2.0/post-isolation.py")
        script = load_script(path, "post-isolation")
        with patch.object(script, "_logger") as logger:
            script.migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()
        self.assertFalse(self.ring.no_answer_step_id)
        self.assertEqual(self.ring.calendar_id, self.company_a.resource_calendar_id)
        self.assertEqual(self.ring.not_available_step_id, self.closed_step)
        self.assertEqual(queue.agent_ids, self.agent_ana)
        self.assertEqual(
            [arguments[1] for arguments, _options in logger.info.call_args_list],
            [
                "telephony.flow.step.calendar_id",
                "telephony.flow.step.no_answer_step_id",
                "telephony.queue.agent_ids",
            ],
        )

    # === USERS === #

    def test_phone_user_of_another_company_is_refused(self):
        """Only members of a company can become its agents."""
        agents = self.as_user(self.max, "telephony.agent")
        outsider = self._make_user("otto", "base.group_user", self.company_b)
        self.ian.active = False
        for user in (outsider, self.pia, self.ian):
            with self.subTest(user.login), self.assertRaisesRegex(UserError, "cannot be a phone"):
                agents.create({"user_id": user.id, "company_id": self.company_a.id})
            self.assertFalse(user.has_group("crm_telephony.group_user"))

    def test_callback_for_no_phone_user_is_refused(self):
        callback = self.as_user(self.max, "telephony.callback").browse(
            self.own["telephony.callback"].id
        )
        for user in (self.ian, self.eva):
            with self.subTest(user.login), self.assertRaises(UserError):
                callback.user_id = user
        callback.user_id = self.bob
        self.assertEqual(callback.user_id, self.bob)

    def test_call_of_a_contact_of_another_company_belongs_to_nobody(self):
        """The customer is called, and the call is not linked to the other company's records."""
        partner_b = self.foreign["res.partner"]
        self.ana.company_ids += self.company_b
        calls = self.env(
            user=self.ana.id,
            su=False,
            context={"allowed_company_ids": [self.company_a.id, self.company_b.id]},
        )["telephony.call"]
        self.go_online(self.agent_ana)
        data = calls.dial("+32470999003", res_model="res.partner", res_id=partner_b.id)
        call = self.env["telephony.call"].sudo().browse(data["id"])
        self.assertFalse(call.partner_id)
        with self.assertRaisesRegex(UserError, "a different company"):
            calls.link_record(call.uuid, "res.partner", partner_b.id)
        self.assertFalse(call.partner_id)

    # === DECISIONS === #

    def test_emergency_decision_of_a_new_number_is_noted(self):
        """“Decided By” is the user who allows emergency calls, also at creation."""
        with self.assert_log("models.account.telephony_number", "WARNING", "decides on"):
            number = self.as_user(self.max, "telephony.number").create(
                {
                    "name": "SOS",
                    "number": "+33142345678",
                    "account_id": self.account.id,
                    "emergency_enabled": True,
                    "emergency_address": "Main Street 1",
                }
            )
        self.assertEqual(number.emergency_changed_by_id, self.max)
        self.assertTrue(number.emergency_changed_at)
