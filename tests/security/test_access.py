"""Access rights: every model and every method, with every role and two companies."""

import uuid
from functools import partial
from itertools import product

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import TOKEN, TelephonyCase, TelephonyHttpCase, leg_sid

OPERATIONS = ("read", "write", "create", "unlink")
# model: role: its operations, by their first letters.
RIGHTS = {
    "telephony.account": {"manager": "r"},
    "telephony.number": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.agent": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.agent.lease": {"manager": "r"},
    "telephony.flow": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.flow.step": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.call": {"user": "rw", "supervisor": "rw", "manager": "rwu"},
    "telephony.call.purpose": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.call.tag": {"user": "r", "supervisor": "r", "manager": "rwcu"},
    "telephony.callback": {"user": "r", "supervisor": "rw", "manager": "rwu"},
    "telephony.queue.callback": {"user": "r", "supervisor": "r", "manager": "r"},
    "telephony.call.leg": {"supervisor": "r", "manager": "r"},
    "telephony.offer": {"supervisor": "r", "manager": "r"},
    "telephony.transfer": {"supervisor": "r", "manager": "r"},
    "telephony.call.event": {"manager": "r"},
    "telephony.call.timeline": {"user": "r", "supervisor": "r", "manager": "r"},
    "telephony.dialed.leg": {"manager": "r"},
    "telephony.test.call": {"manager": "r"},
    "telephony.sentence": {"manager": "rw"},
    "telephony.sentence.playback": {"manager": "r"},
}
SECRETS = (
    "account_sid",
    "auth_token",
    "secondary_auth_token",
    "api_key_sid",
    "api_key_secret",
    "twiml_app_sid",
)
PROTECTED = {
    "state": "ended",
    "outcome": "answered",
    "answered_at": "2026-01-01 00:00:00",
    "ended_at": "2026-01-01 00:00:00",
    "started_at": "2026-01-01 00:00:00",
    "duration": 9,
    "user_id": False,
    "uuid": "x",
    "provider_call_id": "x",
    "customer_number": "+1",
}


@tagged("post_install", "-at_install")
class TestAccess(TelephonyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roles = {
            "none": cls.ian,
            "portal": cls.pia,
            "public": cls.public,
            "user": cls.cleo,
            "supervisor": cls.sue,
            "manager": cls.max,
        }

    def make_call(self, **values):
        call = (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account.id,
                    "direction": "incoming",
                    "state": "ended",
                    "outcome": "answered",
                    "user_id": self.ana.id,
                    "customer_number": "+32470123456",
                    "note": "secret note",
                    **values,
                }
            )
        )
        self.env["telephony.call.leg"].sudo().create(
            {
                "call_id": call.id,
                "account_id": call.account_id.id,
                "role": "customer",
                "label": "customer",
                "provider_leg_id": leg_sid(call.id),
            }
        )
        return call

    def test_matrix_of_rights(self):
        """Z30: every model with every role."""
        for (model, rights), (role, user) in product(RIGHTS.items(), self.roles.items()):
            records = self.as_user(user, model)
            with self.subTest(model=model, role=role):
                allowed = "".join(o[0] for o in OPERATIONS if records.has_access(o))
                self.assertEqual(allowed, rights.get(role, ""))

    def test_no_model_is_open_to_everybody(self):
        """A new model gives no access to users who are not agents."""
        for model in self.env:
            if not model.startswith("telephony.") or self.env[model]._abstract:
                continue
            for role in ("none", "portal", "public"):
                records = self.as_user(self.roles[role], model)
                with self.subTest(model=model, role=role):
                    self.assertEqual([o for o in OPERATIONS if records.has_access(o)], [])

    def test_records_are_read_without_naming_fields(self):
        """`read()` without fields works for every role."""
        self.agent_ana.lease_ids.sudo()._renew(self.agent_ana, "page-1234")
        call = self.make_call()
        self.env["telephony.offer"].sudo().create(
            {
                "call_id": call.id,
                "agent_id": self.agent_ana.id,
                "state": "expired",
                "expires_at": "2026-01-01 00:00:00",
            }
        )
        self.env.flush_all()
        tried = set()
        for model, role in product(self.env, ("user", "supervisor", "manager")):
            records = self.as_user(self.roles[role], model)
            if (
                not model.startswith("telephony.")
                or records._abstract
                or (not records.has_access("read"))
            ):
                continue
            with self.subTest(model=model, role=role):
                self.env.invalidate_all()
                if records.search([]).read():
                    tried.add(model)
        self.assertLessEqual(
            {"telephony.agent", "telephony.call", "telephony.call.leg", "telephony.offer"}, tried
        )

    def test_phone_user_sees_own_calls_only(self):
        """Z30: agents see their own calls, and unanswered ones that rang at them."""
        anas = self.make_call()
        missed = self.make_call(user_id=False, outcome="missed")
        self.env["telephony.offer"].sudo().create(
            {
                "call_id": missed.id,
                "agent_id": self.agent_ana.id,
                "state": "expired",
                "expires_at": "2026-01-01 00:00:00",
            }
        )
        bobs = self.make_call(user_id=self.bob.id)
        calls = self.as_user(self.ana)
        self.assertEqual(calls.search([]).sudo() & (anas | missed | bobs), anas | missed)
        self.assertEqual(calls.search_count([("id", "=", bobs.id)]), 0)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            calls.browse(bobs.id).read(["note"])
        groups = calls.formatted_read_group(
            [("id", "in", (anas | bobs).ids)], ["user_id"], ["__count"]
        )
        self.assertEqual([group["__count"] for group in groups], [1])
        for user in (self.sue, self.max):
            self.assertEqual(
                self.as_user(user).search([]).sudo() & (anas | missed | bobs), anas | missed | bobs
            )

    def test_other_company_sees_nothing(self):
        """Calls, numbers and agents of one company are invisible to the other."""
        call = self.make_call()
        records = [
            call,
            call.leg_ids,
            self.account,
            self.number,
            self.agent_ana,
            self.flow,
            self.ring,
        ]
        for record in records:
            with self.subTest(record._name):
                records_b = self.as_user(self.eva, record._name)
                self.assertFalse(records_b.search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
                    records_b.browse(record.id).read(["display_name"])
        for method in ("accept", "decline", "hang_up", "save_note", "set_hold"):
            with self.subTest(method), self.assertRaises(AccessError):
                arguments = {"save_note": ("x",), "set_hold": (True,)}.get(method, ())
                getattr(self.as_user(self.eva), method)(call.uuid, *arguments)

    def test_companies_that_are_not_the_users_cannot_be_asked_for(self):
        calls = self.env(
            user=self.eva.id, su=False, context={"allowed_company_ids": self.company_a.ids}
        )["telephony.call"]
        with self.assertRaises(AccessError):
            calls.search_contacts("zoe")

    def test_protected_fields_cannot_be_written(self):
        """The state is written by events only, whatever the user's role."""
        call = self.make_call(user_id=self.cleo.id)
        for role, user in self.roles.items():
            for name, value in PROTECTED.items():
                with (
                    self.subTest(role=role, field=name),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    self.as_user(user).browse(call.id).write({name: value})
        with self.assertRaises(AccessError):
            self.as_user(self.max).create({"account_id": self.account.id, "direction": "incoming"})

    def test_copy_of_a_call_is_refused(self):
        call = self.make_call(user_id=self.max.id)
        with self.assertRaises(AccessError):
            self.as_user(self.max).browse(call.id).copy()

    def test_only_a_manager_deletes(self):
        call = self.make_call(user_id=self.sue.id)
        with self.assertRaises(AccessError):
            self.as_user(self.sue).browse(call.id).unlink()
        self.as_user(self.max).browse(call.id).unlink()
        self.assertFalse(call.exists())

    # === SECRETS === #

    def get_attempts(self, user, field):
        """Return the ways in which a user may try to learn a field of the account."""
        accounts = self.as_user(user, "telephony.account")
        account = accounts.browse(self.account.id)
        numbers = self.as_user(user, "telephony.number")
        calls = self.as_user(user, "telephony.call")
        return [
            lambda: account.read([field]),
            lambda: account[field],
            lambda: account.export_data([field]),
            lambda: accounts.search([(field, "like", "t")]),
            lambda: accounts.search([], order=field),
            lambda: accounts.search_read([], [field]),
            lambda: accounts.formatted_read_group([], [field], ["__count"]),
            lambda: accounts.web_search_read([], {field: {}}),
            lambda: accounts.web_read_group([], [field]),
            lambda: account.mapped(field),
            lambda: account.filtered_domain([(field, "!=", 0)]),
            lambda: account.write({field: "x"}),
            lambda: numbers.search([(f"account_id.{field}", "like", "t")]),
            lambda: calls.search([("number_id.account_id." + field, "like", "t")]),
            lambda: numbers.browse(self.number.id).export_data([f"account_id/{field}"]),
        ]

    def assert_closed(self, attempt):
        """Expect a refusal, or at least an answer without any secret in it."""
        try:
            result = str(attempt())
        except (AccessError, ValueError):
            return
        for secret in (TOKEN, "secret-of", "AC" + "a" * 32, "SK" + "a" * 32, "AP" + "a" * 32):
            self.assertNotIn(secret, result)
        self.assertRegex(result, r"^(\[\]|telephony\.\w+\(\)|\{'datas': .*\})$")

    def test_secrets_cannot_be_read(self):
        """Secrets are neither read nor guessed: export, grouping, filters and orders are closed."""
        users = self.max | self.sue | self.cleo | self.ian
        users.group_ids += self.env.ref("base.group_allow_export")
        for user in users:
            for field in SECRETS:
                for number, attempt in enumerate(self.get_attempts(user, field)):
                    with (
                        self.subTest(user=user.login, field=field, number=number),
                        mute_logger(
                            "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"
                        ),
                    ):
                        self.assert_closed(attempt)
            accounts = self.as_user(user, "telephony.account")
            self.assertNotIn("auth_token", accounts.fields_get())
            self.assertNotIn("api_key_secret", accounts.fields_get())

    def test_secrets_are_hidden_from_system_administrators(self):
        """System administrators may set the secrets, but not read them."""
        self.max.group_ids += self.env.ref("base.group_system")
        self.max.group_ids += self.env.ref("base.group_allow_export")
        account = self.as_user(self.max, "telephony.account").browse(self.account.id)
        self.assertTrue(account.account_sid)
        for field in ("auth_token", "api_key_secret"):
            with self.subTest(field), self.assertRaises(AccessError):
                account.read([field])
            with self.subTest(field, how="export"):
                self.assert_closed(partial(account.export_data, [field]))

    def test_identity_is_hidden(self):
        """Identities are hidden, because with one a client could pose as that browser."""
        for user in (self.cleo, self.sue, self.max):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.as_user(user, "telephony.agent").browse(self.agent_ana.id).read(["identity"])
        with self.assertRaises(AccessError):
            self.as_user(self.max, "telephony.agent").browse(self.agent_ana.id).write(
                {"identity": "u_1"}
            )

    # === METHODS === #

    def get_calls(self, call):
        """Return every method of the contract, with arguments."""
        return {
            "telephony.call": {
                "dial": ("+32470123456",),
                "accept": (call.uuid,),
                "decline": (call.uuid,),
                "hang_up": (call.uuid,),
                "set_hold": (call.uuid, True),
                "save_note": (call.uuid, "x"),
                "search_contacts": ("zoe",),
                "due_calls": (),
            },
            "telephony.agent": {
                "softphone_snapshot": (),
                "set_status": ("online",),
                "save_preferences": ({},),
                "renew_lease": ("page-1234",),
                "release_lease": ("page-1234",),
            },
        }

    def test_methods_are_for_phone_users(self):
        """Z01: every method refuses users who are not agents."""
        call = self.make_call()
        for user in (self.ian, self.pia, self.public):
            for model, methods in self.get_calls(call).items():
                for method, arguments in methods.items():
                    with (
                        self.subTest(user=user.login, method=method),
                        self.assertRaises(AccessError),
                    ):
                        getattr(self.as_user(user, model), method)(*arguments)
        self.assertEqual((call.state, call.note), ("ended", "secret note"))

    def test_foreign_call_is_refused(self):
        """A guessed identifier opens nothing; a wrong one is answered alike."""
        call = self.make_call(state="in_progress", outcome=False)
        for identifier in (call.uuid, str(uuid.uuid4()), "", False, None, "%"):
            for user in (self.bob, self.sue, self.max):
                for method, arguments in (
                    ("accept", ()),
                    ("decline", ()),
                    ("hang_up", ()),
                    ("set_hold", (True,)),
                    ("save_note", ("x",)),
                ):
                    with (
                        self.subTest(user=user.login, method=method, identifier=identifier),
                        self.assertRaises(AccessError),
                    ):
                        getattr(self.as_user(user), method)(identifier, *arguments)
        self.assertEqual((call.state, call.note), ("in_progress", "secret note"))
        self.assertFalse(self.provider.requests + self.queued_requests)

    def test_private_methods_cannot_be_called(self):
        """Methods of the webhooks are closed to clients."""
        for model, methods in {
            "telephony.call": (
                "_apply_event",
                "_process_incoming",
                "_process_event",
                "_process_report",
                "_claim",
                "_send_end_request",
            ),
            "telephony.account": ("_get_client", "_find_signed", "_render"),
            "telephony.agent": ("_ensure_own_agent", "_set_status", "_reserve"),
        }.items():
            for method in methods:
                with self.subTest(method), self.assertRaises(AccessError):
                    get_public_method(self.env[model], method)

    def test_actions_of_the_account(self):
        """A system administrator connects the account; a telephony one reads its numbers."""
        for user in (self.cleo, self.sue, self.max, self.ian, self.pia):
            account = self.as_user(user, "telephony.account").browse(self.account.id)
            for action in (
                "action_connect",
                "action_show_balance",
                "action_synchronize_numbers",
                "action_search_numbers",
                "action_diagnose",
            ):
                if user == self.max and action == "action_synchronize_numbers":
                    continue
                with (
                    self.subTest(user=user.login, action=action),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.addons.base.models.ir_model"),
                ):
                    getattr(account, action)()
        self.assertFalse(self.provider.requests)

    def test_searching_contacts_obeys_their_rules(self):
        """Z16: names of another company are not found."""
        self.env["res.partner"].create(
            {
                "name": "Zoe Secret",
                "phone": "+33155500177",
                "company_id": self.company_b.id,
            }
        )
        found = self.as_user(self.ana).search_contacts("zoe")
        self.assertEqual([contact["name"] for contact in found], ["Zoe Peeters"])
        self.assertEqual(found[0]["number"], "+32470123456")
        self.assertEqual(
            [contact["name"] for contact in self.as_user(self.ana).search_contacts("0470 12")],
            ["Zoe Peeters"],
        )
        self.assertEqual(self.as_user(self.ana).search_contacts("z"), [])
        self.assertEqual(self.as_user(self.ana).search_contacts(""), [])

    def test_manager_may_not_make_a_portal_user_a_phone_user(self):
        with self.assertRaises(UserError):
            self.as_user(self.max, "telephony.agent").create(
                {"user_id": self.pia.id, "company_id": self.company_a.id}
            )
        self.assertFalse(self.pia.has_group("base.group_user"))

    def test_manager_makes_a_phone_user(self):
        """Z01: a user who is added to the agents gets the right."""
        agent = self.as_user(self.max, "telephony.agent").create(
            {
                "user_id": self.ian.id,
                "company_id": self.company_a.id,
                "number_ids": [Command.set(self.number.ids)],
            }
        )
        self.assertTrue(self.ian.has_group("crm_telephony.group_user"))
        self.assertTrue(self.as_user(self.ian, "telephony.agent").softphone_snapshot()["can_call"])
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.as_user(self.max, "telephony.agent").create(
                {"user_id": self.ian.id, "company_id": self.company_a.id}
            )
        self.assertTrue(agent.sudo().identity)


@tagged("post_install", "-at_install")
class TestToken(TelephonyHttpCase):
    """The route that gives a browser its access token."""

    def ask_token(self, **params):
        return self.make_jsonrpc_request("/telephony/token", params)

    def test_token_of_the_company_in_the_page(self):
        """Z05: a user of two companies reaches the account of the company on the screen."""
        self.ana.company_ids = [Command.link(self.company_b.id)]
        agent_b = self.env["telephony.agent"].create(
            {
                "user_id": self.ana.id,
                "company_id": self.company_b.id,
            }
        )
        self.authenticate(self.ana.login, self.ana.login)
        for company, agent in (
            (self.company_a, self.agent_ana),
            (self.company_b, agent_b),
            (None, self.agent_ana),
        ):
            answer = self.ask_token(**({"company_id": company.id} if company else {}))
            self.assertEqual(answer["identity"], agent.sudo().identity)
        self.authenticate(self.bob.login, self.bob.login)
        with self.assertRaisesRegex(Exception, "AccessError"), mute_logger("odoo.http"):
            self.ask_token(company_id=self.company_b.id)

    def test_who_gets_a_token(self):
        """Z01, Z05: only agents with a session get a token."""
        with (
            self.assertRaisesRegex(Exception, "(?i)session|SessionExpired"),
            mute_logger("odoo.http"),
        ):
            self.ask_token()
        for user in (self.ian, self.pia):
            self.authenticate(user.login, user.login)
            with (
                self.subTest(user.login),
                self.assertRaisesRegex(Exception, "AccessError"),
                mute_logger("odoo.http"),
            ):
                self.ask_token()
        self.authenticate(self.ana.login, self.ana.login)
        self.assertEqual(self.ask_token()["identity"], self.agent_ana.sudo().identity)

    def test_right_is_asked_for_at_each_request(self):
        """A session that goes on after its right was withdrawn gets neither token nor reason."""
        self.authenticate(self.ana.login, self.ana.login)
        self.assertTrue(self.ask_token()["token"])
        self.assertIs(self.make_jsonrpc_request("/telephony/limit", {}), False)
        group = self.env.ref("crm_telephony.group_user")
        self.ana.group_ids -= self.ana.group_ids.filtered(
            lambda given: group in given.all_implied_ids
        )
        for path in ("/telephony/token", "/telephony/limit"):
            with (
                self.subTest(path),
                self.assertRaisesRegex(Exception, "AccessError"),
                mute_logger("odoo.http"),
            ):
                self.make_jsonrpc_request(path, {})

    def test_account_that_is_not_connected(self):
        self.account.state = "draft"
        self.authenticate(self.ana.login, self.ana.login)
        with self.assertRaisesRegex(Exception, "UserError"), mute_logger("odoo.http"):
            self.ask_token()
