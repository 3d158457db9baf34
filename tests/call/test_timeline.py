"""Issue 14, point 5: what happened is rows of code and values, in the language of the reader."""

import ast
import re
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.misc import file_path

from ..common import CUSTOMER, TelephonyCase
from .test_race import RaceCase

CHINESE = "zh_CN"
MODELS = Path(file_path("crm_telephony/__manifest__.py")).parent / "models"
MUTED = ("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@tagged("post_install", "-at_install")
class TestTimeline(TelephonyCase):
    def make_call(self, **values):
        return self.env["telephony.call"].create(
            {
                "account_id": self.account.id,
                "direction": "incoming",
                "customer_number": CUSTOMER,
                "user_id": self.ana.id,
                **values,
            }
        )

    def read_in(self, call, lang):
        """Return the sentences of a call in a language."""
        return call.with_context(lang=lang).timeline_ids.mapped("text")

    def test_timeline_written_by_a_webhook_is_read_in_the_readers_language(self):
        """The language of the writer no longer matters."""
        self.env["res.lang"]._activate_lang(CHINESE)
        call = self.make_call()
        call.with_context(lang=CHINESE)._add_timeline("agent_answered", name="Ana")
        call._add_timeline("call_started", name="Bob")
        self.assertEqual(self.read_in(call, "en_US"), ["Ana answered.", "Bob started the call."])
        chinese = self.read_in(call, CHINESE)
        self.assertEqual(len(chinese), 2)
        for name, sentence in zip(("Ana", "Bob"), chinese, strict=True):
            self.assertIn(name, sentence)
            self.assertRegex(sentence, r"[\u4e00-\u9fff]")

    def test_moment_of_a_step_is_read_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang(CHINESE)
        call = self.make_call()
        call._add_timeline("hours_open", step="Hours", moment="2026-11-29T09:30")
        self.assertEqual(self.read_in(call, "en_US"), ["“Hours”: Sun 09:30 is open."])
        self.assertIn("周日 09:30", self.read_in(call, CHINESE)[0])

    def test_reason_of_a_refusal_is_read_in_the_readers_language(self):
        """A sentence inside a sentence follows the reader, too, with the country's name."""
        self.env["res.lang"]._activate_lang(CHINESE)
        self.env.ref("base.be").with_context(lang=CHINESE).name = "比利时"
        self.ring.write({"kind": "forward", "forward_number": "+32470111222"})
        self.company_a.telephony_country_policy = "listed"
        self.company_a.telephony_country_ids = self.env.ref("base.fr")
        call = self.make_call()
        for lang in ("en_US", CHINESE):
            self.ring.with_context(lang=lang).sudo()._enter_forward(call.with_context(lang=lang))
        self.assertEqual(
            self.read_in(call, "en_US"),
            ["“Sellers”: not forwarded. Your company does not allow calls to Belgium."] * 2,
        )
        first, second = self.read_in(call, CHINESE)
        self.assertEqual(first, second)
        self.assertIn("比利时", first)
        self.assertNotRegex(first, "allow|Belgium")

    def test_times_are_local_to_the_reader(self):
        call = self.make_call()
        call._add_timeline("call_started", name="Ana")
        call.timeline_ids.invalidate_recordset()
        self.env.cr.execute(
            "UPDATE telephony_call_timeline SET at = '2026-11-29 09:00:05' WHERE call_id = %s",
            (call.id,),
        )
        for zone, clock in (("UTC", "09:00:05"), ("Asia/Shanghai", "17:00:05")):
            with self.subTest(zone):
                self.assertEqual(
                    call.with_context(tz=zone).timeline, f"{clock} Ana started the call.\n"
                )

    def test_new_row_leaves_the_call_alone(self):
        """The row of the call is not written, so it is neither locked nor vacuumed for it."""
        call = self.make_call()
        self.env.flush_all()
        self.env.cr.execute("SELECT ctid FROM telephony_call WHERE id = %s", (call.id,))
        before = self.env.cr.fetchall()
        call._add_timeline("call_started", name="Ana")
        self.env.flush_all()
        self.env.cr.execute("SELECT ctid FROM telephony_call WHERE id = %s", (call.id,))
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_every_sentence_has_its_values_and_every_code_its_sentence(self):
        """Each call of `_add_timeline` names a known code, and gives what its sentence needs."""
        texts = {
            code: set(PLACEHOLDER.findall(text._source))
            for code, text in self.env["telephony.call.timeline"]._get_texts().items()
        }
        tried = set()
        for path in MODELS.glob("**/*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if getattr(getattr(node, "func", None), "attr", "") != "_add_timeline":
                    continue
                codes = {
                    part.value
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant) and part.value in texts
                }
                given = {keyword.arg for keyword in node.keywords}
                if isinstance(node.args[0], ast.Constant):
                    with self.subTest(file=path.name, line=node.lineno):
                        self.assertTrue(codes)
                for code in codes:
                    with self.subTest(file=path.name, line=node.lineno, code=code):
                        self.assertEqual(given, texts[code])
                tried |= codes
        self.assertGreater(len(tried), 40)

    def test_row_of_a_removed_addon_shows_its_code(self):
        call = self.make_call()
        call._add_timeline("survey_sent", name="Ana")
        call._add_timeline("call_started", name="Ana")
        self.assertEqual(call.timeline_ids.mapped("text"), ["survey_sent", "Ana started the call."])

    def test_typed_percent_signs_and_marks_stay_text(self):
        """Values are shown as they are: neither placeholders nor tags of their own."""
        call = self.make_call()
        name = "100% %(name)s <b>x</b> %s"
        call._add_timeline("call_started", name=name)
        self.assertEqual(call.timeline_ids.text, f"{name} started the call.")

    def test_readers_of_a_call_read_its_timeline_and_nobody_writes_it(self):
        mine, others = self.make_call(), self.make_call(user_id=self.bob.id)
        foreign = self.make_call(account_id=self.account_b.id, user_id=False)
        for call in (mine, others, foreign):
            call._add_timeline("call_started", name="Zed")
        rows = (mine | others | foreign).timeline_ids
        for user, expected in (
            (self.ana, mine),
            (self.sue, mine | others),
            (self.max, mine | others),
        ):
            with self.subTest(user.login):
                seen = self.as_user(user, "telephony.call.timeline").search(
                    [("id", "in", rows.ids)]
                )
                self.assertEqual(seen, expected.timeline_ids)
                for attack in (
                    lambda: seen[0].write({"code": "agent_answered"}),  # noqa: B023
                    seen[0].unlink,
                    lambda: seen.create({"call_id": mine.id, "code": "text"}),  # noqa: B023
                ):
                    with self.assertRaises(UserError), mute_logger(*MUTED):
                        attack()

    def test_row_is_never_rewritten(self):
        call = self.make_call()
        call._add_timeline("call_started", name="Ana")
        for values in ({"code": "agent_answered"}, {"values": {"name": "Bob"}}):
            with self.subTest(values), self.assertRaises(UserError):
                call.timeline_ids.write(values)


@tagged("post_install", "-at_install")
class TestSimultaneousRows(RaceCase):
    def test_two_transactions_that_report_on_one_call_do_not_conflict(self):
        """Before, each of them rewrote the text of the call, and the second one was repeated."""
        call = self.in_transaction(self.make_call)
        with self.registry.cursor() as first, self.registry.cursor() as second:
            for cr in (second, first):
                # Both snapshots are older than any of the rows.
                cr.execute("SELECT 1 FROM telephony_call WHERE id = %s", (call,))
            for cr, name in ((first, "Ana"), (second, "Bob")):
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["telephony.call"].browse(call)._add_timeline("call_started", name=name)
                cr.commit()
        with self.registry.cursor() as cr:
            row = api.Environment(cr, SUPERUSER_ID, {})["telephony.call"].browse(call)
            self.assertEqual(
                row.timeline_ids.mapped("text"),
                ["Ana started the call.", "Bob started the call."],
            )

    def make_call(self, env):
        return (
            env["telephony.call"]
            .create(
                {
                    "account_id": self.ids["account"][0],
                    "direction": "incoming",
                    "customer_number": CUSTOMER,
                }
            )
            .id
        )
