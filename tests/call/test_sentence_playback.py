"""The playback of a standard sentence in the page of an administrator."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AGENT_LEG, leg_sid
from .test_sentence import SentenceCase

OTHER_LEG = leg_sid(77)


@tagged("post_install", "-at_install")
class TestPlayback(SentenceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent_max = cls.env["telephony.agent"].create(
            {
                "user_id": cls.max.id,
                "company_id": cls.company_a.id,
                "number_ids": cls.number.ids,
            }
        )

    def prepare(self, row, user=None):
        return self.as_user(user or self.max, "telephony.sentence").play(row.id)["uuid"]

    def hear(self, uuid, agent=None, leg=AGENT_LEG):
        """Connect as a page does; return the answer."""
        return self.ask(
            "client",
            {
                "CallSid": leg,
                "From": f"client:{(agent or self.agent_max).sudo().identity}",
                "To": "",
                "uuid": uuid,
                "Direction": "inbound",
                "CallStatus": "ringing",
            },
        )

    def assert_refused(self, verbs):
        self.assertEqual(self.names(verbs), ["Hangup"])

    def test_administrator_hears_the_own_wording_with_examples(self):
        self.activate("fr_FR")
        row = self.row("position", "fr_FR")
        row.text = "Vous êtes en position %(position)s."
        calls = self.env["telephony.call"].search_count([])
        dialed = self.env["telephony.dialed.leg"].search_count([])
        verbs = self.hear(self.prepare(row))
        self.assertEqual(self.names(verbs), ["Say", "Hangup"])
        self.assertEqual(verbs[0].text, "Vous êtes en position 3.")
        self.assertEqual(verbs[0].get("language"), "fr-FR")
        self.assertEqual(self.env["telephony.call"].search_count([]), calls)
        self.assertEqual(self.env["telephony.dialed.leg"].search_count([]), dialed)
        self.assertFalse(self.queued_requests)

    def test_every_sentence_can_be_heard(self):
        for number, row in enumerate(self.open_table()):
            with self.subTest(code=row.code, lang=row.lang):
                verbs = self.hear(self.prepare(row), leg=leg_sid(7000 + number))
                self.assertEqual(self.names(verbs), ["Say", "Hangup"])
                self.assertNotRegex(verbs[0].text, r"[%{}]")

    def test_end_of_a_playback_is_no_surprise(self):
        self.hear(self.prepare(self.row("thanks")))
        with self.assertNoLogs("odoo.addons.crm_telephony", "WARNING"):
            response = self.post_webhook(
                "status", {"CallSid": AGENT_LEG, "CallStatus": "completed", "CallDuration": "3"}
            )
        self.assertEqual(response.status_code, 200)

    def test_repeated_request_gets_the_answer_but_another_connection_does_not(self):
        uuid = self.prepare(self.row("thanks"))
        self.assertEqual(self.names(self.hear(uuid)), ["Say", "Hangup"])
        self.assertEqual(self.names(self.hear(uuid)), ["Say", "Hangup"])
        self.assert_refused(self.hear(uuid, leg=OTHER_LEG))

    def test_playback_expires(self):
        uuid = self.prepare(self.row("thanks"))
        self.env.cr.execute(
            "UPDATE telephony_sentence_playback SET create_date = create_date - interval '61 s'"
        )
        self.env.invalidate_all()
        self.assert_refused(self.hear(uuid))

    def test_playback_belongs_to_its_administrator(self):
        uuid = self.prepare(self.row("thanks"))
        other = self._make_user("mia", "crm_telephony.group_manager")
        agent_mia = self.env["telephony.agent"].create(
            {"user_id": other.id, "company_id": self.company_a.id}
        )
        for agent in (self.agent_ana, self.agent_eva, agent_mia):
            with self.subTest(agent=agent.user_id.login):
                self.assert_refused(self.hear(uuid, agent))
        self.assert_refused(self.hear("00000000-0000-0000-0000-000000000000"))
        self.max.group_ids += self.env.ref("crm_telephony.group_user")
        self.max.group_ids -= self.env.ref("crm_telephony.group_manager")
        self.assertTrue(self.agent_max._is_entitled())
        self.assert_refused(self.hear(uuid))

    def test_playback_belongs_to_the_account_of_its_company(self):
        uuid = self.prepare(self.row("thanks"))
        self.max.company_ids += self.company_b
        agent = self.env["telephony.agent"].create(
            {"user_id": self.max.id, "company_id": self.company_b.id}
        )
        form = {"CallSid": OTHER_LEG, "From": f"client:{agent.sudo().identity}", "uuid": uuid}
        account = self.account_b.sudo()
        voice_request = account._parse_voice_request(form)
        playbacks = self.env["telephony.sentence.playback"].sudo()
        self.assertEqual(voice_request.call_uuid, uuid)
        self.assertFalse(playbacks._play(account, agent.sudo(), voice_request))

    def test_sentence_of_a_removed_addon_is_not_played(self):
        row = self.row("thanks")
        uuid = self.prepare(row)
        self.env.cr.execute("UPDATE telephony_sentence SET code = 'gone' WHERE id = %s", (row.id,))
        self.env.invalidate_all()
        self.assert_refused(self.hear(uuid))

    def test_who_may_not_change_a_sentence_cannot_play_it(self):
        row = self.row("thanks")
        for user in (self.ana, self.sue, self.ian, self.eva):
            with (
                self.subTest(user=user.login),
                mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"),
                self.assertRaises(AccessError),
            ):
                self.prepare(row, user)

    def test_sentence_of_another_company_needs_its_page(self):
        """The page connects to the account of the company that it shows."""
        self.max.company_ids += self.company_b
        self.env["telephony.agent"].create(
            {"user_id": self.max.id, "company_id": self.company_b.id}
        )
        foreign = self.env["telephony.sentence"].create(
            {
                "company_id": self.company_b.id,
                "lang": "en_US",
                "code": "thanks",
                "place": "voicemail",
            }
        )
        rows = self.as_user(self.max, "telephony.sentence").with_context(
            allowed_company_ids=[self.company_a.id, self.company_b.id]
        )
        with self.assertRaisesRegex(UserError, self.company_b.name):
            rows.play(foreign.id)

    def test_agent_in_a_call_is_refused(self):
        self.go_online(self.agent_max)
        row = self.row("thanks")
        self.dial(self.max)
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.prepare(row)

    def test_arguments_are_checked(self):
        rows = self.as_user(self.max, "telephony.sentence")
        for value in ("1", [1], {}, True, 2**40):
            with self.subTest(value=value), self.assertRaises(UserError):
                rows.play(value)
        with self.assertRaises(UserError):
            rows.play(2**30)
