"""The installation is in order, and a copy of the database is silent."""

import wave

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import file_open, file_path, mute_logger

from .common import TelephonyCase


@tagged("post_install", "-at_install")
class TestInstall(TelephonyCase):
    def test_every_model_has_rights(self):
        """Every model has access rights; one without is a warning at the installation."""
        for name, model in self.env.items():
            if name.startswith("telephony.") and not model._abstract:
                with self.subTest(name):
                    self.assertTrue(
                        self.env["ir.model.access"].search_count([("model_id.model", "=", name)])
                    )

    def test_every_model_of_a_company_has_a_rule(self):
        """A model with a company has a rule that hides records of other companies."""
        for name, model in self.env.items():
            if (
                name.startswith("telephony.")
                and not model._transient
                and ("company_id" in model._fields and not model._abstract)
            ):
                with self.subTest(name):
                    rules = self.env["ir.rule"].search(
                        [("model_id.model", "=", name), ("groups", "=", False)]
                    )
                    self.assertTrue(any("company" in rule.domain_force for rule in rules))

    def test_every_view_is_valid(self):
        """Z01, Z29: every view of the addon can be opened."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "crm_telephony"), ("model", "=", "ir.ui.view")]
        )
        views = self.env["ir.ui.view"].browse(data.mapped("res_id"))
        self.assertTrue(views)
        for view in views.filtered(lambda view: view.model and not view.inherit_id):
            with self.subTest(view.name):
                self.env[view.model].sudo().get_view(view.id, view.type)

    def test_every_menu_is_for_phone_users(self):
        """Z01: users without the right see no telephone menu."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "crm_telephony"), ("model", "=", "ir.ui.menu")]
        )
        menus = self.env["ir.ui.menu"].browse(data.mapped("res_id"))
        self.assertTrue(menus)
        visible = self.as_user(self.ian, "ir.ui.menu")._visible_menu_ids()
        self.assertFalse(visible & set(menus.ids))
        visible = self.as_user(self.ana, "ir.ui.menu")._visible_menu_ids()
        self.assertTrue(visible & set(menus.ids))

    def test_groups_are_levels_of_one_privilege(self):
        user, supervisor, manager = (
            self.env.ref(f"crm_telephony.group_{name}")
            for name in ("user", "supervisor", "manager")
        )
        self.assertEqual(len((user | supervisor | manager).privilege_id), 1)
        self.assertIn(user, supervisor.all_implied_ids)
        self.assertIn(supervisor, manager.all_implied_ids)
        self.assertTrue(self.env.ref("base.user_admin") in manager.all_user_ids)

    def test_sounds_are_there(self):
        """Z17: the sounds for callers are part of the addon, and as long as the timer assumes."""
        for name, seconds in (("ringback", 5), ("ringback_tone", 1), ("hold_music", 30)):
            path = file_path(f"crm_telephony/static/src/audio/{name}.wav")
            with wave.open(path) as sound:
                self.assertAlmostEqual(
                    sound.getnframes() / sound.getframerate(), seconds, delta=0.05
                )

    def test_neutralized_copy_is_silent(self):
        """A copy of the database neither answers nor makes calls, and contains no secret.

        It keeps neither a typed auth token nor a private telephone number.
        """
        self.go_online(self.agent_ana)
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32475000001"})
        call = self.dial()
        call.leg_ids[0].copy({"role": "agent", "label": "x", "number": "+32475000001"})
        self.env["telephony.account.credentials"].create({"account_sid": "x"}).sudo().secret = "s"
        caller_id = self.env["telephony.caller.id"].create(
            {
                "name": "Home",
                "number": "+32475000001",
                "account_id": self.account.id,
                "agent_id": self.agent_ana.id,
                "state": "verified",
            }
        )
        self.env.flush_all()
        with file_open("crm_telephony/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertNotIn("32475000001", caller_id.number)
        self.assertTrue(caller_id._to_client()[0]["number_display"])
        self.assertNotEqual(caller_id.state, "verified")
        for account in (self.account | self.account_b).sudo():
            self.assertEqual(account.state, "draft")
            for name in (
                "auth_token",
                "secondary_auth_token",
                "api_key_secret",
                "api_key_sid",
                "twiml_app_sid",
            ):
                self.assertFalse(account[name], name)
            self.assertNotIn("crm.example.test", account.webhook_base_url)
        self.assertEqual(self.agent_ana.status, "offline")
        self.assertFalse(self.agent_ana.lease_ids)
        self.assertEqual(self.agent_ana.call_via, "browser")
        self.assertFalse(self.agent_ana.phone_number)
        self.assertNotIn("+32475000001", call.leg_ids.mapped("number"))
        self.assertFalse(self.env["telephony.account.credentials"].search([]))
        self.assertFalse(self.agent_ana._get_account())
        self.assertIn("not connected", self.agent_ana._get_reason_not_to_call())

    def test_dates_and_identifiers_are_not_copied(self):
        call = self.dial()
        copy = call.copy({"request_uuid": "other"})
        self.assertNotEqual(copy.uuid, call.uuid)
        self.assertFalse(copy.provider_call_id)

    # Their files are missing here.
    @mute_logger("odoo.modules.module")
    def test_other_telephones_are_refused(self):
        """Apps with a telephone of their own cannot be installed beside this one."""
        modules = self.env["ir.module.module"]
        for name in ("voip", "voip_oca"):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                other = modules.search([("name", "=", name)]) or modules.create({"name": name})
                other.write({"shortdesc": "Other Telephone", "state": "uninstalled"})
                with self.assertRaisesRegex(UserError, '"Telephony" and "Other Telephone" are'):
                    other.button_install()
                savepoint.rollback()

    def test_manifest(self):
        """The description is not the README, and every data file exists."""
        manifest = self.env["ir.module.module"].get_module_info("crm_telephony")
        for path in (*manifest["data"], *manifest["demo"]):
            with self.subTest(path):
                self.assertTrue(file_path(f"crm_telephony/{path}"))
        self.assertEqual(manifest["license"], "LGPL-3")
        self.assertTrue(manifest["version"].startswith("19.0."))
