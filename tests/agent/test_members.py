"""The list of phone users follows the right, wherever it is granted or withdrawn."""

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import TelephonyCase


@tagged("post_install", "-at_install")
class TestMembers(TelephonyCase):
    def setUp(self):
        super().setUp()
        self.group = self.env.ref("crm_telephony.group_user")

    def find(self, user, company=None):
        """Return a user's agent, archived or not."""
        return self.env["telephony.agent"]._find_of(user, company or self.company_a)

    def grant(self, way):
        """Give Ian the right."""
        if way == "form of the user":
            self.ian.group_ids = [Command.link(self.group.id)]
        elif way == "form of the group":
            self.group.user_ids = [Command.link(self.ian.id)]
        elif way == "implied group":
            self.env.ref("base.group_user").implied_ids = [Command.link(self.group.id)]
        elif way == "new group":
            self.env["res.groups"].create(
                {
                    "name": "Extra",
                    "implied_ids": [Command.link(self.group.id)],
                    "user_ids": [Command.link(self.ian.id)],
                }
            )
        else:
            self.ian.group_ids = [Command.link(self.env.ref("crm_telephony.group_supervisor").id)]

    def withdraw(self, way):
        """Take the right from Ian."""
        if way == "form of the user":
            self.ian.group_ids = [Command.unlink(self.group.id)]
        elif way == "form of the group":
            self.group.user_ids = [Command.unlink(self.ian.id)]
        elif way == "archived user":
            self.ian.active = False
        else:
            self.ian.write(
                {
                    "company_id": self.company_b.id,
                    "company_ids": [Command.set(self.company_b.ids)],
                }
            )

    def test_whoever_gets_the_right_is_listed_at_once(self):
        for way in (
            "form of the user",
            "form of the group",
            "implied group",
            "new group",
            "higher group",
        ):
            with self.subTest(way):
                self.env.cr.execute("SAVEPOINT way")
                self.notifications.clear()
                self.grant(way)
                agent = self.find(self.ian)
                self.assertTrue(agent.active and agent.is_automatic)
                self.assertEqual(agent.status, "offline")
                self.assertTrue(agent._is_entitled())
                self.assertIn({}, self.notified(self.ian, "rights_changed"))
                self.env.cr.execute("ROLLBACK TO SAVEPOINT way")
                self.env.invalidate_all()
                self.registry.clear_all_caches()

    def test_new_user_with_the_right_is_listed(self):
        user = self._make_user("new", "crm_telephony.group_user")
        self.assertTrue(self.find(user).active)
        self.assertFalse(self.find(self._make_user("plain", "base.group_user")))
        self.assertFalse(self.find(self.pia) | self.find(self.ian))

    def test_whoever_loses_the_right_is_archived_and_restored_with_it(self):
        self.grant("form of the user")
        agent = self.find(self.ian)
        agent.number_ids = self.number
        for way, restore in (
            ("form of the user", lambda: self.grant("form of the user")),
            ("form of the group", lambda: self.grant("form of the group")),
            ("archived user", lambda: self.ian.write({"active": True})),
            (
                "other company",
                lambda: self.ian.write(
                    {
                        "company_ids": [Command.link(self.company_a.id)],
                        "company_id": self.company_a.id,
                    }
                ),
            ),
        ):
            with self.subTest(way):
                self.go_online(agent)
                self.withdraw(way)
                self.assertFalse(agent.active)
                self.assertEqual((agent.status, agent.state), ("offline", "offline"))
                self.assertFalse(agent.lease_ids)
                restore()
                self.assertTrue(agent.active)
                self.assertEqual(agent.number_ids, self.number, "the settings are kept")

    def test_agent_archived_by_hand_stays_archived_while_the_right_stays(self):
        self.agent_ana.active = False
        self.ana.group_ids = [Command.link(self.env.ref("base.group_partner_manager").id)]
        self.group.user_ids = [Command.link(self.ian.id)]
        self.env["telephony.agent"]._drop_forgotten()
        self.assertFalse(self.agent_ana.active)
        self.assertEqual(len(self.find(self.ana)), 1)

    def test_other_company_lists_a_user_only_if_it_telephones(self):
        company = self.env["res.company"].create({"name": "Without a telephone"})
        self.ana.company_ids += company
        self.assertFalse(self.find(self.ana, company))
        self.ana.company_ids += self.company_b
        self.assertTrue(self.find(self.ana, self.company_b).active)

    def test_changes_behind_odoos_back_are_followed_within_a_day(self):
        self.env.cr.execute(
            "INSERT INTO res_groups_users_rel (gid, uid) VALUES (%s, %s)",
            (self.group.id, self.ian.id),
        )
        self.env.cr.execute(
            "DELETE FROM res_groups_users_rel WHERE uid = %s AND gid = %s",
            (self.cleo.id, self.group.id),
        )
        self.env.invalidate_all()
        self.registry.clear_all_caches()
        self.env["telephony.agent"]._drop_forgotten()
        self.assertTrue(self.find(self.ian).active)
        self.assertFalse(self.agent_cleo.active)

    def test_program_may_create_the_agent_that_was_added_automatically(self):
        """The values are applied once; after that it is a double, as before."""
        self.grant("form of the user")
        agents = self.as_user(self.max, "telephony.agent")
        vals = {
            "user_id": self.ian.id,
            "company_id": self.company_a.id,
            "number_ids": [Command.set(self.number.ids)],
        }
        agent = agents.create(vals)
        self.assertEqual(agent, self.find(self.ian))
        self.assertEqual(agent.number_ids, self.number)
        self.assertFalse(agent.is_automatic)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            agents.create(vals)

    def test_agent_that_was_changed_is_not_taken_over(self):
        self.grant("form of the user")
        agent = self.as_user(self.max, "telephony.agent").browse(self.find(self.ian).id)
        agent.number_ids = self.number
        self.assertFalse(agent.is_automatic)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            agent.create({"user_id": self.ian.id, "company_id": self.company_a.id})

    def test_phone_user_cannot_take_over_a_colleague(self):
        self.grant("form of the user")
        for user in (self.ana, self.sue, self.ian):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.as_user(user, "telephony.agent").create(
                    {
                        "user_id": self.ian.id,
                        "company_id": self.company_a.id,
                        "allow_caller_id": True,
                    }
                )
        self.assertFalse(self.find(self.ian).allow_caller_id)

    def test_mark_cannot_be_forged(self):
        with self.assertRaises(AccessError):
            self.as_user(self.max, "telephony.agent").create(
                {
                    "user_id": self.ian.id,
                    "company_id": self.company_a.id,
                    "is_automatic": True,
                }
            )


@tagged("post_install", "-at_install")
class TestAddSeveral(TelephonyCase):
    """The dialog *Add Phone Users*."""

    def setUp(self):
        super().setUp()
        self.jo = self._make_user("jo", "base.group_user")
        self.users = self.ian | self.jo

    def open(self, user=None, **values):
        return self.as_user(user or self.max, "telephony.agent.add").create(
            {"company_id": self.company_a.id, "user_ids": [Command.set(self.users.ids)], **values}
        )

    def get_agents(self):
        return self.users._get_telephony_agents(self.company_a)

    def test_several_users_at_once_with_numbers_and_calls(self):
        queue = self.env["telephony.queue"].create(
            {"name": "Line", "company_id": self.company_a.id}
        )
        dialog = self.open(
            number_ids=[Command.set(self.number.ids)],
            step_ids=[Command.set(self.ring.ids)],
            queue_ids=[Command.set(queue.ids)],
        )
        action = dialog.action_add()
        self.assertIn("2 users", action["params"]["message"])
        agents = self.get_agents()
        self.assertEqual(len(agents), 2)
        for agent in agents:
            self.assertTrue(agent._is_entitled())
            self.assertEqual(agent.number_ids, self.number)
        self.assertLessEqual(agents, self.ring.agent_ids)
        self.assertLessEqual(self.agent_ana, self.ring.agent_ids)
        self.assertEqual(agents, queue.agent_ids)
        for user in self.users:
            self.assertEqual(
                user.all_group_ids & self.env.ref("crm_telephony.privilege_telephony").group_ids,
                self.env.ref("crm_telephony.group_user"),
                "nothing more than the right to telephone",
            )
            self.assertIn({}, self.notified(user, "rights_changed"))

    def test_only_number_and_ring_step_are_chosen_at_first(self):
        dialog = self.open()
        numbers = self.env["telephony.number"].search([("company_id", "=", self.company_a.id)])
        self.assertEqual(dialog.number_ids, numbers if len(numbers) == 1 else numbers.browse())
        self.assertEqual(dialog.step_ids, self.ring)
        self.assertEqual(
            dialog.step_ids.with_context(telephony_with_flow=True).display_name, "Sales › Sellers"
        )
        self.ring.copy({"flow_id": self.flow.id})
        self.assertFalse(self.open().step_ids)

    def test_phone_users_are_not_doubled_and_archived_ones_restored(self):
        self.users = self.ana | self.bob | self.ian
        self.agent_bob.active = False
        self.open(number_ids=[Command.set(self.number.ids)]).action_add()
        self.assertEqual(len(self.get_agents()), 3)
        self.assertTrue(self.agent_bob.active)
        self.assertIn(self.number, self.agent_bob.number_ids)

    def test_wrong_users_are_named_and_nothing_is_done(self):
        gone = self._make_user("gone", "base.group_user")
        gone.active = False
        other = self._make_user("other", "base.group_user", self.company_b)
        # A manager of both companies sees the user, who has no access to this one.
        self.max.company_ids += self.company_b
        env = self.env(
            user=self.max.id,
            su=False,
            context={"allowed_company_ids": (self.company_a | self.company_b).ids},
        )
        for user in (self.pia, gone, other):
            with self.subTest(user.login):
                dialog = env["telephony.agent.add"].create(
                    {
                        "company_id": self.company_a.id,
                        "user_ids": [Command.set((user | self.ian).ids)],
                    }
                )
                with self.assertRaisesRegex(Exception, user.name):
                    dialog.action_add()
                self.assertFalse(self.env["telephony.agent"]._find_of(self.ian, self.company_a))
                self.assertFalse(user.has_group("crm_telephony.group_user"))

    def test_nothing_chosen_is_explained(self):
        with self.assertRaisesRegex(Exception, "at least one user"):
            self.open(user_ids=[]).action_add()

    def test_numbers_and_steps_of_another_company_are_refused(self):
        """Even of a company that the administrator manages as well."""
        self.max.company_ids += self.company_b
        env = self.env(
            user=self.max.id,
            su=False,
            context={"allowed_company_ids": (self.company_a | self.company_b).ids},
        )
        dialog = env["telephony.agent.add"].create(
            {
                "company_id": self.company_a.id,
                "user_ids": [Command.set(self.ian.ids)],
                "number_ids": [Command.set(self.number_b.ids)],
            }
        )
        with self.assertRaisesRegex(Exception, "another company"):
            dialog.action_add()
        self.assertFalse(self.ian.has_group("crm_telephony.group_user"))

    def test_only_administrators_of_the_company_may_add(self):
        for user in (self.ana, self.sue, self.ian):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.open(user)
        with self.assertRaises(AccessError):
            self.open(self.eva).action_add()
        for user in self.users:
            self.assertFalse(user.has_group("crm_telephony.group_user"))

    def test_dialog_of_a_manager_cannot_be_used_by_another_user(self):
        dialog = self.open()
        with self.assertRaises(AccessError):
            dialog.with_user(self.sue).action_add()
        self.assertFalse(self.ian.has_group("crm_telephony.group_user"))
