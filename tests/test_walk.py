"""How far a reader has to walk: the files of the addon that one request passes."""

import logging
import threading
from collections import defaultdict
from pathlib import Path

from odoo.tests import tagged

from .common import TelephonyHttpCase, leg_sid

_logger = logging.getLogger(__name__)

ADDON = f"{Path(__file__).parents[1]}/"
FOLDERS = tuple(f"{ADDON}{folder}/" for folder in ("controllers", "models", "providers", "tools"))
# Odoo asks these two for each field that is read. They are no part of the way.
OF_EACH_FIELD = ("_check_field_access", "_has_field_access")
# Limits: files, calls into another file, returns to a file left before.
FILES, CROSSINGS, RETURNS = 48, 243, 441


class Walk:
    """A profile function that records the calls between the files of the addon, by thread."""

    def __init__(self):
        self.stacks = defaultdict(list)
        self.ways = defaultdict(list)

    def __call__(self, frame, event, _argument):
        code = frame.f_code
        if not code.co_filename.startswith(FOLDERS) or code.co_name in OF_EACH_FIELD:
            return
        thread = threading.get_ident()
        stack = self.stacks[thread]
        if event == "call":
            if not stack or stack[-1] != code.co_filename:
                self.ways[thread].append((stack[-1] if stack else "", code.co_filename))
            stack.append(code.co_filename)
        elif event == "return" and stack:
            stack.pop()

    def get_figures(self):
        """Return the figures of the longest way, which is that of the request.

        :return: files, calls into another file, and returns to a file left before: by the end of
            a call, or by a further call
        :rtype: tuple(int, int, int)
        """
        way = max(self.ways.values(), key=len)
        files = {file for _source, file in way}
        crossings = sum(bool(source) for source, _file in way)
        return len(files), crossings, 2 * crossings - (len(files) - 1)


@tagged("post_install", "-at_install")
class TestWalk(TelephonyHttpCase):
    def test_incoming_call_that_rings_two_agents(self):
        """A change that makes the way longer is seen here; it may be right, but not by accident."""
        self.go_online(self.agent_ana, self.agent_bob)
        # The first request of a worker fills its caches.
        self.call_in(sid=leg_sid(900))
        call = self.env["telephony.call"].search([("provider_call_id", "=", leg_sid(900))])
        self.tell_leg(call, leg_sid(900), "completed")
        walk = Walk()
        threading.setprofile(walk)
        try:
            self.call_in(sid=leg_sid(901))
        finally:
            threading.setprofile(None)
        files, crossings, returns = walk.get_figures()
        _logger.info("%s files, %s calls into another one, %s returns", files, crossings, returns)
        self.assertGreater(files, 10, "the request was not recorded")
        self.assertLessEqual(files, FILES)
        self.assertLessEqual(crossings, CROSSINGS)
        self.assertLessEqual(returns, RETURNS)
