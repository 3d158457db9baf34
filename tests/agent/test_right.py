"""A lost right to telephone: nothing rings, is sent or can be done, whatever the way."""

import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.bus.models.bus import channel_with_db
from odoo.addons.bus.tests.common import WebsocketCase
from odoo.addons.crm_telephony.models.call import after_commit
from odoo.addons.crm_telephony.providers.base import VoiceRequest

from ..common import CUSTOMER, TelephonyCase, TelephonyHttpCase, World, leg_sid


class Between(TelephonyCase):
    """Dora works for both companies and telephones in both."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dora = cls._make_user("dora", "crm_telephony.group_user")
        cls.dora.company_ids = [Command.set((cls.company_a | cls.company_b).ids)]
        cls.dora_a, cls.dora_b = cls.env["telephony.agent"].create(
            [
                {"user_id": cls.dora.id, "company_id": company.id}
                for company in (cls.company_a, cls.company_b)
            ]
        )

    def as_both(self, user, model="telephony.call"):
        """Return a model as the page of a user who has selected both companies."""
        return self.env(
            user=user.id,
            su=False,
            context={
                "allowed_company_ids": (self.company_a | self.company_b).ids,
            },
        )[model]

    def make_call(self, company, **values):
        account = self.account if company == self.company_a else self.account_b
        number = self.number if company == self.company_a else self.number_b
        return (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": account.id,
                    "direction": "incoming",
                    "customer_number": CUSTOMER,
                    "number_id": number.id,
                    "state": "ringing",
                    "flow_id": number.flow_id.id,
                    "leg_ids": [
                        Command.create(
                            {
                                "account_id": account.id,
                                "role": "customer",
                                "label": "customer",
                                "provider_leg_id": leg_sid(90 + company.id),
                                "status": "in_progress",
                            }
                        )
                    ],
                    **values,
                }
            )
        )

    def ring_at(self, agent, **values):
        """Ring a call of the agent's company at the agent."""
        call = self.make_call(agent.company_id, **values)
        call.env["telephony.offer"]._make(call, agent, 20)
        return call

    def lose(self, way):
        """Remove Dora's right in company B."""
        group = self.env.ref("crm_telephony.group_user")
        if way == "company of the user":
            self.dora.company_ids = [Command.unlink(self.company_b.id)]
        elif way == "user of the company":
            self.company_b.user_ids = [Command.unlink(self.dora.id)]
        elif way == "group of the user":
            self.dora.group_ids = [Command.unlink(group.id)]
        elif way == "user of the group":
            group.user_ids = [Command.unlink(self.dora.id)]
        elif way == "archived user":
            self.dora.active = False
        elif way == "archived phone user":
            self.dora_b.active = False
        elif way == "deleted phone user":
            self.dora_b.unlink()
        else:
            extra = self.env["res.groups"].create(
                {
                    "name": "Extra",
                    "implied_ids": [Command.link(group.id)],
                }
            )
            self.dora.group_ids = [Command.unlink(group.id), Command.link(extra.id)]
            self.go_online(self.dora_b)
            if way == "implied group":
                extra.implied_ids = [Command.clear()]
            else:
                extra.unlink()


WAYS = (
    "company of the user",
    "user of the company",
    "group of the user",
    "user of the group",
    "archived user",
    "archived phone user",
    "deleted phone user",
    "implied group",
    "deleted group",
)


@tagged("post_install", "-at_install")
class TestLoss(Between):
    """Losing the right ends ringing, live lists and listening at once."""

    @mute_logger("odoo.models.unlink")
    def test_lost_right_ends_what_hangs_on_it_at_once(self):
        """The agent is offline without a browser, nothing rings, and the flow continues."""
        for way in WAYS:
            with self.subTest(way):
                self.env.cr.execute("SAVEPOINT way")
                self.go_online(self.dora_b)
                call = self.ring_at(self.dora_b)
                self.dora_b.call_via = "browser"
                self.queued_requests.clear()
                self.lose(way)
                self.assertFalse(call._get_open_offers())
                self.assertIn("_send_leave_queue_request", str(self.queued_requests))
                if self.dora_b.exists():
                    self.assertEqual((self.dora_b.status, self.dora_b.state), ("offline",) * 2)
                    self.assertFalse(self.dora_b.lease_ids)
                    self.assertFalse(self.dora_b._get_available())
                self.env.cr.execute("ROLLBACK TO SAVEPOINT way")
                self.env.invalidate_all()
                self.registry.clear_all_caches()

    def test_other_companys_telephone_stays(self):
        self.go_online(self.dora_a, self.dora_b)
        self.lose("company of the user")
        self.assertEqual((self.dora_a.status, self.dora_a.state), ("online", "available"))

    def test_state_follows_the_right_and_not_the_status(self):
        """A row that was changed without a method still counts as unavailable."""
        self.go_online(self.dora_b)
        self.dora_b.write({"call_via": "phone", "phone_number": "+33612345678"})
        self.env.cr.execute(
            "DELETE FROM res_company_users_rel WHERE user_id = %s AND cid = %s",
            (self.dora.id, self.company_b.id),
        )
        self.env.invalidate_all()
        self.assertEqual((self.dora_b.status, self.dora_b.state), ("online", "offline"))
        self.assertFalse(self.dora_b._get_available() | self.dora_b._get_interruptible())
        self.env["telephony.agent"]._drop_forgotten()
        self.assertEqual(self.dora_b.status, "offline")

    def test_nothing_of_a_company_is_sent_to_those_who_left_it(self):
        """Offers, calls, voicemails and missed calls stay away, even in another environment."""
        call = self.ring_at(self.dora_b, user_id=self.dora.id)
        offer = call.offer_ids
        call.write({"recipient_ids": [Command.link(self.dora.id)], "user_id": self.dora.id})
        self.env.cr.execute(
            "DELETE FROM res_company_users_rel WHERE user_id = %s AND cid = %s",
            (self.dora.id, self.company_b.id),
        )
        self.env.invalidate_all()
        self.notifications.clear()
        offer._notify_made()
        call._notify_participants()
        call._notify_missed()
        recording = self.env["telephony.recording"].sudo().new({"kind": "voicemail"})
        call._on_recording_stored(recording)
        kinds = {kind for kind, _payload in self.notified(self.dora)}
        self.assertLessEqual(kinds, {"telephony/agent_updated"})
        self.assertNotIn(CUSTOMER[4:], json.dumps(self.notified(self.dora)))
        with self.assertRaises(AccessError):
            self.dora._telephony_env(self.company_b)

    def test_custom_phone_is_not_called_and_its_key_is_not_heard(self):
        """The right is checked again by the request and by the pressed key."""
        self.go_online(self.dora_b)
        self.dora_b.write({"call_via": "phone", "phone_number": "+33612345678"})
        call = self.ring_at(self.dora_b)
        leg = call.leg_ids.filtered(lambda leg: leg.role == "agent")
        self.env.cr.execute(
            "DELETE FROM res_company_users_rel WHERE user_id = %s AND cid = %s",
            (self.dora.id, self.company_b.id),
        )
        self.env.invalidate_all()
        after_commit.send(call, "_send_ring_request", leg.id)
        self.assertFalse(self.provider.sent("call_phone"))
        [hang_up] = call._process_phone(leg.id, VoiceRequest(leg_id=leg_sid(5), digits="1"))
        self.assertEqual(type(hang_up).__name__, "HangUp")
        self.assertFalse(call.user_id)

    def test_running_conversation_can_be_hung_up_and_nothing_else(self):
        """The customer is not cut off; a user without the right can only hang up."""
        call = self.make_call(
            self.company_b,
            state="in_progress",
            user_id=self.dora.id,
            answered_at="2026-01-01 10:00:00",
            note="confidential",
        )
        self.lose("company of the user")
        self.assertEqual((call.state, call.user_id), ("in_progress", self.dora))
        calls = self.as_user(self.dora)
        for method, arguments in (
            ("save_note", ("x",)),
            ("get_card", ()),
            ("set_hold", (True,)),
            ("set_mute", (True,)),
            ("send_keys", ("1",)),
            ("resume", ()),
            ("transfer", ({"type": "agent", "id": self.agent_eva.id}, "blind")),
            ("wrap_up", ({},)),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(calls, method)(call.uuid, *arguments)
        self.assertEqual(calls.hang_up(call.uuid), {"uuid": call.uuid, "has_left": True})
        self.assertEqual((call.state, call.ended_by), ("ended", "agent"))
        with self.assertRaises(AccessError):
            self.as_user(self.bob).hang_up(call.uuid)

    def test_supervisor_without_the_right_hears_no_more(self):
        self.dora.group_ids = [Command.link(self.env.ref("crm_telephony.group_supervisor").id)]
        call = self.make_call(
            self.company_b,
            state="in_progress",
            user_id=self.eva.id,
            answered_at="2026-01-01 10:00:00",
            leg_ids=[
                Command.create(
                    {
                        "account_id": self.account_b.id,
                        "role": "supervisor",
                        "label": "supervisor-1",
                        "user_id": self.dora.id,
                        "provider_leg_id": leg_sid(6),
                        "status": "in_progress",
                        "monitor_mode": "listen",
                    }
                )
            ],
        )
        self.lose("company of the user")
        self.assertTrue(call.leg_ids.is_leaving)
        self.assertIn("_send_end_leg_request", str(self.queued_requests))


@tagged("post_install", "-at_install")
class TestBetweenCompanies(Between):
    """The right is checked with the company of the call."""

    def test_archived_in_one_of_two_companies_reaches_nothing_there(self):
        """An archived agent reaches no list and no waiting, ringing or own call there."""
        queue = self.env["telephony.queue"].create(
            {
                "name": "Beta",
                "company_id": self.company_b.id,
                "agent_ids": [Command.link(self.dora_b.id)],
            }
        )
        self.go_online(self.dora_a, self.dora_b)
        waiting = self.make_call(
            self.company_b, state="queued", queue_id=queue.id, provider_call_id=leg_sid(80)
        )
        ringing = self.ring_at(self.dora_b, leg_ids=[], provider_call_id=leg_sid(81))
        own = self.make_call(
            self.company_b,
            state="in_progress",
            user_id=self.dora.id,
            leg_ids=[],
            answered_at="2026-01-01 10:00:00",
            note="confidential",
            provider_call_id=leg_sid(82),
        )
        calls = self.as_both(self.dora)
        self.assertEqual([row["uuid"] for row in calls.queued_calls()], [waiting.uuid])
        self.dora_b.active = False
        self.assertEqual(calls.queued_calls() + calls.live_calls(), [])
        snapshot = self.as_both(self.dora, "telephony.agent").softphone_snapshot()
        self.assertEqual(snapshot["calls"] + snapshot["recent"] + snapshot["offers"], [])
        before = [(call.state, call.user_id, call.note) for call in (waiting, ringing, own)]
        for call in (waiting, ringing, own):
            for method, arguments in (
                ("pick_up", ()),
                ("accept", ()),
                ("decline", ()),
                ("get_card", ()),
                ("save_note", ("written by an outsider",)),
                ("set_hold", (True,)),
                ("set_mute", (True,)),
                ("send_keys", ("1",)),
                ("monitor", ()),
                ("resume", ()),
                ("find_records", ()),
            ):
                with self.subTest(call=call.state, method=method), self.assertRaises(AccessError):
                    getattr(calls, method)(call.uuid, *arguments)
        self.assertEqual(
            [(call.state, call.user_id, call.note) for call in (waiting, ringing, own)], before
        )

    def test_call_of_the_other_company_is_taken_by_its_own_row(self):
        """On a page with both companies, the agent of the call's company accepts."""
        self.go_online(self.dora_a, self.dora_b)
        call = self.ring_at(self.dora_b)
        self.assertTrue(self.as_both(self.dora).accept(call.uuid)["accepted"])
        self.assertEqual(call.offer_ids.state, "accepted")


@tagged("post_install", "-at_install")
class TestChannels(Between):
    """Findings 22, 26: a socket's subscriptions are checked again at every delivery."""

    def poll(self, user, channels):
        """Return the messages delivered to a user's socket, by an own process."""
        self.env["bus.bus"].sudo().flush_model()
        return [
            row["message"]["type"]
            for row in self.env(user=user.id, su=False)["bus.bus"]._poll(channels, last=1)
        ]

    def subscribe(self, user):
        """Return the channels of a user's socket, as the dispatcher keeps them."""
        database = self.env.cr.dbname
        channels = self.env(user=user.id, su=False)["ir.websocket"]._get_telephony_channels()
        return {channel_with_db(database, channel) for channel in channels}

    def send(self):
        rows = [
            ((company, name), f"telephony/{name}-of-{company.name}")
            for company in (self.company_a, self.company_b)
            for name in ("telephony", "telephony_supervisors")
        ]
        self.env["bus.bus"].sudo().create(
            [
                {
                    "channel": json.dumps(
                        channel_with_db(self.env.cr.dbname, channel), separators=(",", ":")
                    ),
                    "message": json.dumps({"type": kind, "payload": {}}),
                }
                for channel, kind in rows
            ]
        )

    def test_open_socket_hears_no_more_after_the_right_was_lost(self):
        """A hostile page that keeps its old channels receives nothing more."""
        channels = self.subscribe(self.dora)
        self.send()
        self.assertEqual(len(self.poll(self.dora, channels)), 2)
        self.lose("company of the user")
        self.assertEqual(self.poll(self.dora, channels), ["telephony/telephony-of-Alpha"])
        self.lose("group of the user")
        self.assertEqual(self.poll(self.dora, channels), [])
        self.assertEqual(self.subscribe(self.dora), set())

    def test_states_of_phone_users_are_for_supervisors_of_their_company(self):
        """An agent and the supervisor of another company receive no agent states."""
        for user, expected in (
            (self.sue, {"telephony_supervisors-of-Alpha", "telephony-of-Alpha"}),
            (self.eva, {"telephony_supervisors-of-Beta", "telephony-of-Beta"}),
            (self.cleo, {"telephony-of-Alpha"}),
            (self.ian, set()),
            (self.public, set()),
        ):
            with self.subTest(user.login):
                self.env["bus.bus"].sudo().search([]).unlink()
                self.send()
                everything = self.subscribe(self.sue) | self.subscribe(self.eva)
                told = self.poll(user, everything)
                self.assertEqual({kind.removeprefix("telephony/") for kind in told}, expected)


@tagged("post_install", "-at_install")
class TestSocket(World, WebsocketCase):
    """An open websocket delivers nothing after the right was lost."""

    def deliver(self, *companies):
        """Put a message for each company on the bus and wake the sockets."""
        self.env["bus.bus"].sudo().create(
            [
                {
                    "channel": json.dumps(
                        channel_with_db(self.env.cr.dbname, (company, "telephony")),
                        separators=(",", ":"),
                    ),
                    "message": json.dumps(
                        {"type": "telephony/live_updated", "payload": company.name}
                    ),
                }
                for company in companies
            ]
        )
        self.trigger_notification_dispatching([(company, "telephony") for company in companies])

    def read(self, socket):
        """Return the companies of the next live messages; the session has others, too."""
        while True:
            told = [
                row["message"]["payload"]
                for row in json.loads(socket.recv())
                if row["message"]["type"] == "telephony/live_updated"
            ]
            if told:
                return told

    def test_open_websocket_gets_nothing_of_a_company_that_was_left(self):
        self.ana.company_ids = [Command.link(self.company_b.id)]
        last = self.env["bus.bus"].sudo()._bus_last_id()
        session = self.authenticate("tel_ana", "tel_ana")
        socket = self.websocket_connect(cookie=f"session_id={session.sid}")
        self.subscribe(socket, [], last)
        self.deliver(self.company_b)
        self.assertEqual(self.read(socket), ["Beta"])
        self.ana.company_ids = [Command.unlink(self.company_b.id)]
        self.env.flush_all()
        # In one call: the socket's thread uses the cursor of the test as soon as it wakes.
        self.deliver(self.company_b, self.company_a)
        self.assertEqual(self.read(socket), ["Alpha"])


@tagged("post_install", "-at_install")
class TestPrivateNumbers(TelephonyCase):
    """The custom phone of an agent is private."""

    def test_colleagues_and_supervisors_do_not_read_private_numbers(self):
        """Neither agents nor legs reveal a private number, by read, search or export."""
        self.agent_bob.write({"call_via": "phone", "phone_number": "+32475999888"})
        call = (
            self.env["telephony.call"]
            .sudo()
            .create(
                {
                    "account_id": self.account.id,
                    "direction": "incoming",
                    "state": "in_progress",
                    "user_id": self.bob.id,
                    "leg_ids": [
                        Command.create(
                            {
                                "account_id": self.account.id,
                                "role": "agent",
                                "label": "agent-1",
                                "user_id": self.bob.id,
                                "number": "+32475999888",
                            }
                        )
                    ],
                }
            )
        )
        for user, record, name in (
            (self.ana, self.agent_bob, "phone_number"),
            (self.sue, self.agent_bob, "phone_number"),
            (self.sue, call.leg_ids, "number"),
        ):
            seen = self.as_user(user, record._name).browse(record.id)
            for attempt in (
                lambda seen=seen, name=name: seen.read([name]),
                lambda seen=seen, name=name: seen.search([(name, "=like", "+32475%")]),
                lambda seen=seen, name=name: seen._export_rows([[name]]),
                lambda seen=seen, name=name: seen.search([], order=name),
                lambda seen=seen, name=name: seen._read_group([], [name]),
            ):
                with (
                    self.subTest(user=user.login, model=record._name),
                    self.assertRaises(AccessError),
                    mute_logger("odoo.models"),
                ):
                    attempt()
            self.assertNotIn(name, seen.fields_get())
        for model in ("telephony.agent", "telephony.call"):
            for kind in ("list", "form"):
                self.as_user(self.sue, model).get_view(view_type=kind)
        board = self.as_user(self.sue, "telephony.queue").board()
        self.assertNotIn("475999888", json.dumps(board))
        read = self.as_user(self.max, "telephony.agent").browse(self.agent_bob.id).phone_number
        self.assertEqual(read, "+32475999888")
        own = self.as_user(self.bob, "telephony.agent").softphone_snapshot()["agent"]
        self.assertEqual(own["phone_number"], "+32475999888")
        me = self.as_user(self.bob, "res.users").browse(self.bob.id)
        self.assertEqual(me.telephony_phone_number, "+32475999888")


@tagged("post_install", "-at_install")
class TestOneBrowser(TelephonyHttpCase):
    """An agent is in a call with one browser only."""

    def test_newer_browser_ends_the_older_one_and_the_call_goes_on(self):
        """A reload rejoins while the old leg looks alive; the old leg is hung up and stays out."""
        call = self.talk()
        for number in range(1, 4):
            [dial] = self.connect_browser(call, self.agent_ana, leg_sid(300 + number))
            self.assertEqual(dial.tag, "Dial")
        legs = call.leg_ids.filtered(lambda leg: leg.role == "agent")
        self.assertEqual(legs.mapped("is_released"), [True, True, True, False])
        self.run_after_commit()
        ended = [arguments[0] for arguments in self.provider.sent("end_leg")]
        self.assertEqual(ended, legs[:3].mapped("provider_leg_id"))
        # The end of the old leg comes late, and Twilio asks for an old leg again.
        self.tell_leg(call, legs[0].provider_leg_id, "completed", 9)
        [hang_up] = self.connect_browser(call, self.agent_ana, legs[1].provider_leg_id)
        self.assertEqual(hang_up.tag, "Hangup")
        self.assertEqual(
            (call.state, call.user_id, call.deadline_at), ("in_progress", self.ana, False)
        )
        self.assertEqual(call._get_agent_legs(), legs[3])
        # The newest leg still counts.
        self.tell_leg(call, legs[3].provider_leg_id, "completed", 9)
        self.assertTrue(call.deadline_at)


@tagged("post_install", "-at_install")
class TestLoading(TelephonyHttpCase):
    def get_groups(self, user):
        """Return the groups in the session information of a page that is opened now."""
        self.authenticate(user.login, user.login)
        return self.make_jsonrpc_request("/web/session/get_session_info")["groups"]

    def test_right_is_known_to_the_next_page_without_a_request(self):
        """The page of a user knows the right when it opens, also one that was just given."""
        self.assertTrue(self.get_groups(self.ana)["crm_telephony.group_user"])
        self.assertFalse(self.get_groups(self.ian)["crm_telephony.group_user"])
        self.ian.group_ids += self.env.ref("crm_telephony.group_user")
        self.assertTrue(self.get_groups(self.ian)["crm_telephony.group_user"])

    def test_softphone_is_a_bundle_of_its_own(self):
        """The softphone is delivered in one script, and nothing of it is loaded by everybody."""
        name = b"@crm_telephony/shell/softphone_service"
        bundle = self.url_open("/web/bundle/crm_telephony.assets_softphone").json()
        self.assertEqual([file["type"] for file in bundle], ["script"])
        self.assertIn(name, self.url_open(bundle[0]["src"]).content)
        bundles = self.env["ir.asset"]._get_asset_paths
        everybody = [path for path, *_rest in bundles("web.assets_backend", {})]
        self.assertTrue(any("/crm_telephony/static/src/backend/" in path for path in everybody))
        self.assertFalse(
            any(
                "/crm_telephony/static/src/shell/" in path and path.endswith("js")
                for path in everybody
            )
        )
