"""A user's own telephone: preferences, and events that end it."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common import TelephonyCase, TelephonyHttpCase

VIEW = "base.view_users_form_simple_modif"
FIELDS = [
    "telephony_is_phone_user",
    "telephony_call_via",
    "telephony_phone_number",
    "telephony_press_to_accept",
    "telephony_default_number_id",
    "telephony_call_waiting",
]


@tagged("post_install", "-at_install")
class TestPreferences(TelephonyCase):
    def me(self, user):
        """Return a user as that user's own browser sees it."""
        return self.as_user(user, "res.users").browse(user.id)

    def test_own_form_shows_and_saves(self):
        """Z04 Z06: My Preferences holds the same values as the softphone."""
        with Form(self.me(self.ana), view=VIEW) as form:
            self.assertTrue(form.telephony_is_phone_user)
            self.assertEqual(form.telephony_call_via, "browser")
            self.assertEqual(form.telephony_default_number_id.id, self.number.id)
            form.telephony_call_via = "phone"
            form.telephony_phone_number = "0470 11 22 33"
            form.telephony_press_to_accept = False
        self.assertEqual(self.agent_ana.call_via, "phone")
        self.assertEqual(self.agent_ana.phone_number, "+32470112233")
        self.assertFalse(self.agent_ana.press_to_accept)
        [told] = self.notified(self.ana, "agent_updated")[-1:]
        self.assertEqual(told["phone_number_display"], "+32 470 11 22 33")
        self.assertEqual(told["phone_country_code"], "BE")

    def test_one_value_alone_leaves_the_others(self):
        """A form sends only the changed values; the others stay."""
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32470112233"})
        self.me(self.ana).write({"telephony_phone_number": "0470 11 22 44"})
        self.assertEqual(self.agent_ana.call_via, "phone")
        self.assertEqual(self.agent_ana.phone_number, "+32470112244")
        self.assertEqual(self.me(self.ana).telephony_phone_number, "+32470112244")

    def test_wrong_and_missing_numbers_are_refused(self):
        """Z07: wrong and missing numbers are refused with the same sentences in both places."""
        agents = self.as_user(self.ana, "telephony.agent")
        for save in (
            lambda number: self.me(self.ana).write(
                {"telephony_call_via": "phone", "telephony_phone_number": number}
            ),
            lambda number: agents.save_preferences({"call_via": "phone", "phone_number": number}),
        ):
            for number, sentence in (
                (False, "Enter the phone number to use."),
                ("12", "“12” is not a valid phone number."),
            ):
                # As in a request, the failed change is rolled back.
                with self.assertRaises(ValidationError) as refused:
                    save(number)
                self.assertIn(sentence, str(refused.exception))
            self.assertEqual(self.agent_ana.call_via, "browser")

    def test_administrator_writes_a_national_number(self):
        """A national number is stored with its country code, also by an administrator."""
        self.as_user(self.max, "telephony.agent").browse(self.agent_ana.id).write(
            {"call_via": "phone", "phone_number": "0470 11 22 33"}
        )
        self.assertEqual(self.agent_ana.phone_number, "+32470112233")

    def test_number_of_somebody_else_is_refused(self):
        for user, number in ((self.ana, self.number_b), (self.cleo, self.number)):
            with self.assertRaises(UserError) as refused:
                self.me(user).telephony_default_number_id = number.id
            self.assertIn("not assigned to you", str(refused.exception))

    def test_colleagues_see_and_change_nothing(self):
        """Colleagues can neither read nor change a private telephone number."""
        self.agent_ana.write({"call_via": "phone", "phone_number": "+32470112233"})
        for user in (self.bob, self.sue, self.ian):
            [values] = self.as_user(user, "res.users").browse(self.ana.id).read(FIELDS)
            self.assertFalse(values["telephony_phone_number"], user.name)
            self.assertFalse(values["telephony_is_phone_user"], user.name)
            with self.assertRaises(AccessError):
                self.as_user(user, "res.users").browse(self.ana.id).write(
                    {"telephony_call_via": "browser"}
                )
        self.assertEqual(self.agent_ana.call_via, "phone")
        with self.assertRaises(AccessError):
            self.ana.telephony_call_via = "browser"

    def test_others_have_no_telephone(self):
        """Users without the right and archived agents have no such page."""
        with Form(self.me(self.ian), view=VIEW) as form:
            form.signature = "Ian"
        self.assertFalse(self.me(self.ian).telephony_is_phone_user)
        self.agent_ana.active = False
        self.assertFalse(self.me(self.ana).telephony_is_phone_user)
        with self.assertRaises(AccessError):
            self.me(self.ian).telephony_call_via = "phone"

    def test_preferences_belong_to_the_company(self):
        """Preferences are stored per company."""
        self.ana.company_ids = self.company_a | self.company_b
        here = self.me(self.ana)
        there = here.with_context(allowed_company_ids=self.company_b.ids)
        here.write({"telephony_call_via": "phone", "telephony_phone_number": "0470112233"})
        self.assertEqual(there.telephony_call_via, "browser")
        self.assertFalse(there.telephony_phone_number)

    # === END OF THE TELEPHONE === #

    def assert_left(self, agent):
        self.assertEqual((agent.status, agent.state), ("offline", "offline"))
        self.assertFalse(agent.lease_ids)

    def test_loss_of_the_right_sets_offline(self):
        """Losing the right sets the agent offline, by user or by group."""
        group = self.env.ref("crm_telephony.group_user")
        self.go_online(self.agent_ana, self.agent_bob)
        self.ana.group_ids = [Command.unlink(group.id)]
        self.assert_left(self.agent_ana)
        self.assertEqual(self.agent_bob.status, "online")
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["status"], "offline")
        group.user_ids = [Command.unlink(self.bob.id)]
        self.assert_left(self.agent_bob)

    def test_other_groups_change_nothing(self):
        self.go_online(self.agent_ana)
        self.ana.group_ids = [
            Command.unlink(self.env.ref("sales_team.group_sale_salesman_all_leads").id)
        ]
        self.assertEqual(self.agent_ana.state, "available")

    def test_deactivation_sets_offline(self):
        self.go_online(self.agent_ana)
        self.ana.active = False
        self.assert_left(self.agent_ana)

    def test_rights_are_told_to_the_page(self):
        """Z08: a permission granted by an administrator arrives without a reload."""
        self.as_user(self.max, "telephony.agent").browse(self.agent_ana.id).allow_caller_id = True
        self.assertEqual(self.notified(self.ana, "rights_changed"), [{}])

    def test_numbers_of_a_user_are_told_to_the_page(self):
        """An administrator assigns numbers on the number's form, and the page is already open."""
        numbers = self.env["telephony.number"]
        for act in (
            lambda: numbers.create(
                {
                    "name": "Third",
                    "number": "+3225550177",
                    "account_id": self.account.id,
                    "agent_ids": [Command.link(self.agent_ana.id)],
                }
            ),
            lambda: numbers.search([("name", "=", "Third")]).write({"name": "Fourth"}),
            lambda: numbers.search([("name", "=", "Fourth")]).write(
                {"agent_ids": [Command.unlink(self.agent_ana.id)]}
            ),
            lambda: numbers.search([("name", "=", "Fourth")]).write(
                {"agent_ids": [Command.link(self.agent_ana.id)]}
            ),
            lambda: numbers.search([("name", "=", "Fourth")]).write({"active": False}),
            lambda: (
                numbers.with_context(active_test=False).search([("name", "=", "Fourth")]).unlink()
            ),
        ):
            self.notifications.clear()
            act()
            self.assertEqual(self.notified(self.ana, "rights_changed"), [{}])
            self.assertFalse(self.notified(self.bob, "rights_changed"))

    def test_facts_of_a_number_that_no_page_shows_are_not_told(self):
        self.notifications.clear()
        self.agent_ana.number_ids.write({"is_connected": True, "provider_number_id": "PN1"})
        self.assertFalse(self.notified(self.ana, "rights_changed"))

    def test_state_of_the_account_is_told_to_the_pages_of_its_company(self):
        """Pages say at once that calls are possible, or no longer possible."""
        account_sudo = self.account.sudo()
        for vals in (
            {"state": "draft"},
            {"state": "connected"},
            {"account_sid": "AC" + "5" * 32},
            {"active": False},
        ):
            self.notifications.clear()
            account_sudo.write(vals)
            self.assertEqual(self.notified(self.ana, "rights_changed"), [{}], vals)
        for vals in ({"active": False}, {"name": "Renamed"}):
            self.notifications.clear()
            account_sudo.write(vals)
            self.assertFalse(self.notified(self.ana, "rights_changed"), vals)

    def test_changed_flow_is_told_to_those_it_concerns(self):
        """Pages of the number's phone users, and of those who are rung, say what happens now."""
        self.ring.agent_ids = self.agent_bob
        self.agent_bob.number_ids = False
        cleos_flow = self.flow.copy({"name": "Other"})
        cleos_flow.step_ids.write({"agent_ids": [Command.set(self.agent_cleo.ids)]})
        self.number.flow_id = self.flow
        for act in (
            lambda: self.number.write({"flow_id": cleos_flow.id}),
            lambda: self.number.write({"flow_id": self.flow.id}),
            lambda: self.flow.write({"name": "Renamed"}),
            lambda: self.ring.write({"no_answer_step_id": False}),
            lambda: self.ring.copy({"flow_id": self.flow.id}).unlink(),
        ):
            self.notifications.clear()
            act()
            self.assertTrue(self.notified(self.ana, "rights_changed"))
            self.assertFalse(self.notified(self.cleo, "rights_changed"))
        self.notifications.clear()
        self.ring.agent_ids = self.agent_ana
        self.assertTrue(self.notified(self.bob, "rights_changed"), "bob is rung no more")
        self.notifications.clear()
        self.ring.write({"name": "Everyone", "last_agent_id": self.agent_ana.id})
        self.assertFalse(self.notified(self.ana, "rights_changed"), "no page shows this")

    def test_first_use_is_shown_until_it_is_done_or_skipped(self):
        agents = self.as_user(self.ana, "telephony.agent")
        self.assertTrue(agents.softphone_snapshot()["is_first_use"])
        agents.finish_set_up()
        agents.finish_set_up()
        self.assertFalse(agents.softphone_snapshot()["is_first_use"])
        self.assertTrue(
            self.as_user(self.bob, "telephony.agent").softphone_snapshot()["is_first_use"]
        )

    def test_place_of_the_window_is_kept_for_its_user_only(self):
        """Z21: as each setting of a user; what is stored stays small."""
        Settings = self.env["res.users.settings"]
        settings = {
            user: self.as_user(user, Settings._name).browse(
                Settings._find_or_create_for_user(user).id
            )
            for user in (self.ana, self.bob)
        }
        place = {"end": 40, "bottom": 16, "width": 400, "height": 600.5}
        mine = settings[self.ana]
        self.assertEqual(
            mine.set_res_users_settings({"telephony_window": place})["telephony_window"], place
        )
        self.assertFalse(settings[self.bob].telephony_window)
        for wrong in (
            {"end": "far"},
            {"end": -1},
            {"end": True},
            {"end": 10**9},
            {"other": 1},
            ["end"],
            "x" * 100_000,
        ):
            with self.assertRaises(ValidationError):
                mine.set_res_users_settings({"telephony_window": wrong})
        self.assertEqual(mine.telephony_window, place)
        with self.assertRaises(AccessError):
            mine.browse(settings[self.bob].id).set_res_users_settings({"telephony_window": {}})
        mine.set_res_users_settings({"telephony_window": False})
        self.assertFalse(mine.telephony_window)

    def test_new_phone_user_and_new_group_are_told_to_the_page(self):
        self.notifications.clear()
        self.agent_ana.unlink()
        self.env["telephony.agent"].create(
            {"user_id": self.ana.id, "company_id": self.company_a.id}
        )
        self.assertTrue(self.notified(self.ana, "rights_changed"))
        self.notifications.clear()
        self.ana.group_ids = [Command.link(self.env.ref("crm_telephony.group_supervisor").id)]
        self.assertIn({}, self.notified(self.ana, "rights_changed"))

    def test_states_are_told_to_supervisors(self):
        """Z29: lists of agents are updated by themselves."""
        self.notifications.clear()
        self.as_user(self.ana, "telephony.agent").set_status("online")
        self.assertIn(
            (
                ("res.company", self.company_a.id),
                "telephony/agent_state",
                {"id": self.agent_ana.id, "state": "unreachable"},
            ),
            self.notifications,
        )


@tagged("post_install", "-at_install")
class TestLogout(TelephonyHttpCase):
    def test_logging_out_sets_offline(self):
        """Z02: logging out by menu or request sets offline, without an error for other users."""
        for path in ("logout", "destroy"):
            self.go_online(self.agent_ana, self.agent_bob)
            self.authenticate("tel_ana", "tel_ana")
            if path == "logout":
                response = self.url_open("/web/session/logout", allow_redirects=False)
                self.assertEqual(response.status_code, 303)
            else:
                self.make_jsonrpc_request("/web/session/destroy")
            self.env.invalidate_all()
            self.assertEqual(self.agent_ana.state, "offline", path)
            self.assertFalse(self.agent_ana.lease_ids)
            self.assertEqual(self.agent_bob.state, "available")

    def test_logging_out_without_telephone_or_session(self):
        self.authenticate("tel_ian", "tel_ian")
        for _attempt in range(2):
            response = self.url_open("/web/session/logout", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
