"""A race lost to another transaction does not delay the callers behind it."""

import functools
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_telephony.models import retry as telephony_lost_race
from odoo.addons.crm_telephony.models.retry import PAUSES, run_again_at_once

from ..common import CALLER_LEG, TelephonyHttpCase


class Loser:
    """Model whose work loses some races before it succeeds.

    :param work: function to run
    :param int races: number of races to lose
    """

    def __init__(self, work, races):
        self.work, self.races, self.tries = work, races, 0

    def __call__(self, *args):
        self.tries += 1
        result = self.work(*args)
        if self.tries <= self.races:
            raise SerializationFailure
        return result


@tagged("post_install", "-at_install")
class TestRunAgain(TransactionCase):
    def setUp(self):
        super().setUp()
        self.sleep = self.startPatcher(patch.object(telephony_lost_race.time, "sleep"))
        # A test cannot roll back without losing its own data.
        self.rollback = self.startPatcher(patch.object(self.env.cr, "rollback"))

    def test_pauses_are_short(self):
        loser = Loser(lambda: "done", 2)
        self.assertEqual(run_again_at_once(loser, self.env), "done")
        self.assertEqual((loser.tries, self.rollback.call_count), (3, 2))
        for [pause], _options in self.sleep.call_args_list:
            self.assertLessEqual(pause, max(PAUSES))

    def test_gives_up(self):
        loser = Loser(lambda: "done", 100)
        with self.assertRaises(SerializationFailure):
            run_again_at_once(loser, self.env)
        self.assertEqual(loser.tries, len(PAUSES) + 1)

    def test_other_errors_are_not_tried_again(self):
        with self.assertRaises(ZeroDivisionError):
            run_again_at_once(lambda: 1 / 0, self.env)
        self.assertFalse(self.rollback.called)


@tagged("post_install", "-at_install")
class TestLostRace(TelephonyHttpCase):
    def setUp(self):
        super().setUp()
        self.go_online(self.agent_ana)
        self.call, _verbs = self.call_in()
        # Odoo's own pause after a lost race, of up to two seconds.
        self.sleep = self.startPatcher(patch("odoo.service.model.time.sleep"))

    def lose(self, method_name, races):
        """Make the first requests do all their work, and then lose the race."""
        model = self.registry["telephony.call"]
        loser = Loser(getattr(model, method_name), races)
        self.startPatcher(patch.object(model, method_name, functools.partialmethod(loser)))
        return loser

    def longest_pause(self):
        return max((pause for [pause], _options in self.sleep.call_args_list), default=0)

    def test_report(self):
        loser = self.lose("_process_report", 2)
        self.tell_leg(self.call, CALLER_LEG, "completed", 3)
        self.assertEqual(loser.tries, 3)
        self.assertEqual((self.call.state, self.call.outcome), ("ended", "missed"))
        self.assertLessEqual(self.longest_pause(), max(PAUSES))

    def test_request_of_a_page(self):
        loser = self.lose("_find_sudo", 1)
        self.authenticate(self.ana.login, self.ana.login)
        self.make_jsonrpc_request(
            "/web/dataset/call_kw/telephony.call/decline",
            {
                "model": "telephony.call",
                "method": "decline",
                "args": [self.call.uuid],
                "kwargs": {},
            },
        )
        self.assertEqual(loser.tries, 2)
        self.assertFalse(self.call.offer_ids.filtered(lambda offer: offer.state == "offered"))
        self.assertLessEqual(self.longest_pause(), max(PAUSES))

    def test_question(self):
        loser = self.lose("_process_wait", 1)
        self.assertTrue(self.wait(self.call))
        self.assertEqual(loser.tries, 2)
        self.assertLessEqual(self.longest_pause(), max(PAUSES))
