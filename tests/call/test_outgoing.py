"""Outgoing calls: from the dial pad and from a record, through the webhooks to their end."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_telephony.models.call import after_commit
from odoo.addons.crm_telephony.providers.base import ProviderError

from ..common import (
    AGENT_LEG,
    CUSTOMER,
    LOGGER,
    ROOM,
    TelephonyCase,
    TelephonyHttpCase,
    leg_sid,
)

MODULE = "models.call.telephony_call_outgoing"


@tagged("post_install", "-at_install")
class TestDial(TelephonyCase):
    """Arguments that `dial` accepts and refuses."""

    def dialed(self, number, user=None, **kwargs):
        """Return the number that a typed number becomes; the call is ended at once."""
        call = self.dial(user, number, **kwargs)
        result = call.customer_number
        self.as_user(user or self.ana).hang_up(call.uuid)
        return result

    def test_number_is_read_with_the_companys_country(self):
        """Z16: a national number is read with the company's country."""
        for typed in (
            "0470 12 34 56",
            "0470/12.34.56",
            " 0470123456 ",
            "+32 470 12 34 56",
            "0032470123456",
            "+32470123456",
            # Digits of other scripts, and invisible marks, as a page copies them.
            "٠٤٧٠ ١٢ ٣٤ ٥٦",
            "٠٠٣٢٤٧٠١٢٣٤٥٦",
            "+३२ ४७० १२ ३४ ५६",
            "＋３２４７０１２３４５６",
            "\u202a+32\u00a0470\u00a012\u00a034\u00a056\u202c",
            "tel:+32-470-12-34-56;ext=5",
            "+32470123456 ext. 5",
        ):
            with self.subTest(typed):
                self.assertEqual(self.dialed(typed), CUSTOMER)

    def test_extension_is_kept_for_the_agent(self):
        """The number is dialed without its extension, which the agent sends after the answer."""
        self.partner.phone = "0470 12 34 56 ext. 12"
        [contact] = self.as_user(self.ana).search_contacts(self.partner.name)
        self.assertEqual(contact["number_display"], "+32 470 12 34 56 ext. 12")
        for typed, extension in (
            ("0470 12 34 56 x5", "5"),
            ("+32 470 12 34 56 ext. 0012", "0012"),
            ("tel:+32-470-12-34-56;ext=5", "5"),
            ("٠٤٧٠ ١٢ ٣٤ ٥٦ x٥", "5"),
            (contact["number"], "12"),
            (contact["number_display"], "12"),
            ("0470 12 34 56", False),
        ):
            with self.subTest(typed):
                call = self.dial(number=typed)
                self.assertEqual((call.to_number, call.extension), (CUSTOMER, extension))
                data = self.as_user(self.ana).hang_up(call.uuid)
                self.assertEqual(data["extension"], extension)
        call.extension = "5"
        call._anonymize()
        self.assertFalse(call.extension)

    def test_unlisted_number_is_read_in_any_writing(self):
        """Z16: a number that the numbering plans do not list yet is not refused for its writing."""
        self.company_a.telephony_allow_unlisted = True
        for typed in ("+32 78 12 34 56", "＋３２７８１２３４５６", "\u200e+٣٢٧٨١٢٣٤٥٦"):
            with self.subTest(typed):
                self.assertEqual(self.dialed(typed), "+3278123456")

    def test_number_of_a_contact_is_read_with_the_contacts_country(self):
        """Z15: the country of the record takes precedence over the company's."""
        paul = self.env["res.partner"].create(
            {
                "name": "Paul",
                "phone": "01 55 50 01 99",
                "country_id": self.france.id,
            }
        )
        self.assertEqual(
            self.dialed("01 55 50 01 99", res_model="res.partner", res_id=paul.id),
            "+33155500199",
        )
        # A number that is invalid in the contact's country is read with the company's country.
        self.assertEqual(
            self.dialed("02 555 01 99", res_model="res.partner", res_id=paul.id), "+3225550199"
        )

    def test_number_of_a_lead_and_of_another_model(self):
        """Z15: numbers of every record are dialed, also of one without a country."""
        self.assertEqual(
            self.dialed("0470123456", res_model="crm.lead", res_id=self.lead.id), CUSTOMER
        )
        self.assertEqual(
            self.dialed("0470123456", res_model="res.company", res_id=self.company_a.id), CUSTOMER
        )

    def test_wrong_number_is_explained(self):
        """Z16: a wrong number is refused with a whole sentence instead of a failed call."""
        for typed in ("", "  ", False, None):
            with self.subTest(typed), self.assertRaisesRegex(UserError, "Enter a number to call"):
                self.dial(number=typed)
        for typed in (
            "hello",
            "12",
            "+",
            "+123",
            "+32470",
            "+999123456789",
            "0" * 40,
            "1" * 5000,
            "+32 470 12 34 56 78 90 12",
            "☎",
        ):
            with self.subTest(typed), self.assertRaisesRegex(UserError, "cannot be called"):
                self.dial(number=typed)
        with self.assertRaisesRegex(UserError, "your own company"):
            self.dial(number=self.number.number)
        self.assertFalse(self.env["telephony.call"].search([("user_id", "=", self.ana.id)]))

    def test_number_that_is_no_text(self):
        """A value that is not a text is refused with a sentence."""
        for number in (32470123456, [CUSTOMER], True, {"number": CUSTOMER}):
            with self.subTest(number=number), self.assertRaisesRegex(UserError, "not valid"):
                self.dialed(number)

    def test_user_without_a_number(self):
        """Z16: a user without a number learns so."""
        with self.assertRaisesRegex(UserError, "No phone number is assigned to you"):
            self.dial(self.cleo)
        snapshot = self.as_user(self.cleo, "telephony.agent").softphone_snapshot()
        self.assertFalse(snapshot["can_call"])
        self.assertIn("No phone number", snapshot["cannot_call_reason"])

    def test_account_that_is_not_connected(self):
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "not connected to Twilio"):
            self.dial()

    def test_user_without_the_right(self):
        """Z16: the right is checked on the server."""
        for user in (self.ian, self.pia, self.public):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.dial(user)

    def test_archived_phone_user(self):
        self.agent_ana.active = False
        with self.assertRaises(AccessError):
            self.dial()

    def test_one_click_makes_one_call(self):
        """Z16: a repeated request is the same call."""
        call = self.dial(request_uuid="click-1")
        self.assertEqual(self.dial(request_uuid="click-1"), call)
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.dial(request_uuid="click-2")
        # Another user's click with the same word is another call.
        self.assertNotEqual(self.dial(self.bob, request_uuid="click-1"), call)

    def test_second_call_is_refused(self):
        """Z16: a user has one conversation at a time."""
        self.dial()
        with self.assertRaisesRegex(UserError, "already in a call"):
            self.dial(number="+32470999999")

    def test_what_is_written(self):
        """Z16: the call is recorded from its first second."""
        call = self.dial(number="0470 12 34 56")
        self.assertRecordValues(
            call,
            [
                {
                    "direction": "outgoing",
                    "state": "new",
                    "outcome": False,
                    "account_id": self.account.id,
                    "company_id": self.company_a.id,
                    "from_number": self.number.number,
                    "to_number": CUSTOMER,
                    "customer_number": CUSTOMER,
                    "number_id": self.number.id,
                    "user_id": self.ana.id,
                    "partner_id": self.partner.id,
                    "lead_id": self.lead.id,
                    "answered_at": False,
                    "provider_call_id": False,
                }
            ],
        )
        self.assertRecordValues(
            call.leg_ids,
            [
                {
                    "role": "customer",
                    "status": "new",
                    "number": CUSTOMER,
                    "provider_leg_id": False,
                }
            ],
        )
        # No request is sent to the provider before the agent's browser is there.
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["uuid"], call.uuid)
        self.assertEqual(self.notified(self.ana, "agent_updated")[-1]["state"], "in_call")

    def test_default_number_of_the_user(self):
        other = self.number.create(
            {
                "name": "Support",
                "number": "+3225550181",
                "account_id": self.account.id,
            }
        )
        self.agent_ana.number_ids += other
        self.agent_ana.default_number_id = other
        call = self.dial()
        self.assertEqual(call.from_number, other.number)
        # An unassigned number is not used any more.
        self.as_user(self.ana).hang_up(call.uuid)
        self.agent_ana.number_ids -= other
        self.assertEqual(self.dial().from_number, self.number.number)

    def test_archived_number_is_not_used(self):
        self.number.active = False
        with self.assertRaisesRegex(UserError, "No phone number"):
            self.dial()

    def test_caller_id_of_somebody_else(self):
        """Another user's caller ID is refused, whatever a client sends."""
        for caller_id_id in (1, 999999, self.number_b.id):
            with self.subTest(caller_id_id), self.assertRaisesRegex(UserError, "cannot be used"):
                self.dial(caller_id_id=caller_id_id)

    def test_record_that_may_not_be_read_teaches_nothing(self):
        """Z15: a record of another company is not linked and not disclosed."""
        secret = self.env["res.partner"].create(
            {
                "name": "Secret",
                "phone": "+33155500177",
                "company_id": self.company_b.id,
            }
        )
        call = self.dial(number="+33155500177", res_model="res.partner", res_id=secret.id)
        self.assertFalse(call.partner_id)
        for model, identifier in (("res.partner", 2**30), ("no.such.model", 1), ("res.partner", 0)):
            self.as_user(self.ana).hang_up(call.uuid)
            call = self.dial(number="+33155500177", res_model=model, res_id=identifier)
            self.assertFalse(call.partner_id)

    def test_hang_up_before_the_browser_connects(self):
        """Z20: hanging up early rings no phone and sends no request."""
        call = self.dial()
        data = self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual((data["state"], data["outcome"]), ("ended", "canceled"))
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        self.dial()

    def test_page_that_was_closed_before_connecting(self):
        """A call whose page was closed does not stay “in progress” for ever."""
        call = self.dial()
        self.let_time_pass(100)
        call._reconcile(call._ask_provider({}))
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertEqual(call.ended_by, "system")


@tagged("post_install", "-at_install")
class TestOutgoing(TelephonyHttpCase):
    """Stories of outgoing calls, through the webhooks."""

    def dial_and_connect(self):
        """Dial, connect the browser and call the customer; return the call."""
        call = self.dial()
        [dial] = self.connect_browser(call, self.agent_ana)
        [room] = dial
        self.assertEqual((room.text, room.get("endConferenceOnExit")), (call.uuid, "false"))
        self.run_after_commit()
        return call

    def tell(self, call, status, sequence, **params):
        """Report on the customer's leg as the provider does."""
        leg = self.customer(call)
        self.tell_leg(call, leg.provider_leg_id, status, sequence, leg, **params)

    def test_the_customer_is_called_after_the_agent_is_there(self):
        """Z05, Z16: first the browser enters the conference, then the customer is called."""
        call = self.dial_and_connect()
        [[room, values]] = self.provider.sent("add_participant")
        leg = self.customer(call)
        self.assertEqual(room, call.uuid)
        self.assertEqual(
            values,
            {
                "from": self.number.number,
                "to": CUSTOMER,
                "label": "customer",
                "timeout": 30,
                "time_limit": 7200,
                "ends_conference": True,
                "status_url": self.url_of("status", call, leg=leg.id),
                "conference_url": self.url_of("conference", call),
            },
        )
        self.assertTrue(leg.provider_leg_id)
        # The browser's request comes twice: the customer is called once.
        [dial] = self.connect_browser(call, self.agent_ana)
        self.assertEqual(dial.tag, "Dial")
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("add_participant")), 1)
        self.assertEqual(len(call.leg_ids), 2)

    def test_answered(self):
        """Z05, Z20: the call rings, is answered, and ends with the customer's hang-up."""
        call = self.dial_and_connect()
        self.tell(call, "initiated", 0)
        self.assertEqual(call.state, "new")
        self.tell(call, "ringing", 1)
        self.assertEqual(call.state, "ringing")
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["customer_state"], "ringing")
        self.tell(call, "in-progress", 2)
        self.assertEqual(call.state, "in_progress")
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["state"], "in_progress")
        self.tell_room(call, self.customer(call).provider_leg_id, "participant-join", 2)
        self.assertEqual(call.provider_conference_id, ROOM)
        self.let_time_pass(61)
        self.provider.requests.clear()
        self.tell(call, "completed", 3, CallDuration="61")
        self.assertEqual(
            (call.state, call.outcome, call.ended_by), ("ended", "answered", "customer")
        )
        self.assertAlmostEqual(call.duration, 61, delta=1)
        self.assertIn("1:0", call.duration_display)
        self.tell_leg(call, AGENT_LEG, "completed", CallDuration="63")
        self.run_after_commit()
        self.assertFalse(self.provider.sent("redirect_leg"))
        self.assertEqual(set(call.leg_ids.mapped("status")), {"ended"})

    def test_not_reached(self):
        """Z30: after busy, no answer or failure the agent sees the reason and is released."""
        for status, outcome, sentence in (
            ("busy", "busy", "The line is busy."),
            ("no-answer", "no_answer", "No answer."),
            ("failed", "failed", "The call failed. Check the number and try again."),
            ("canceled", "canceled", "The call was canceled."),
        ):
            with self.subTest(status):
                call = self.dial()
                self.connect_browser(call, self.agent_ana, leg_sid(60 + call.id))
                self.run_after_commit()
                self.provider.requests.clear()
                self.tell(call, "ringing", 1)
                self.tell(call, status, 2, CallDuration="0")
                self.assertEqual((call.state, call.outcome), ("ended", outcome))
                self.assertEqual((call.duration, call.answered_at), (0, False))
                update = self.notified(self.ana, "call_updated")[-1]
                self.assertEqual((update["state"], update["end_message"]), ("ended", sentence))
                self.run_after_commit()
                # The agent is alone in the conference, which therefore does not end by itself.
                self.assertEqual(self.provider.sent("end_leg"), [[leg_sid(60 + call.id)]])

    def test_agent_hangs_up_while_it_rings(self):
        """Z20: the customer's telephone stops ringing."""
        call = self.dial_and_connect()
        self.tell(call, "ringing", 1)
        data = self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual(
            (data["outcome"], data["end_message"]), ("canceled", "The call was canceled.")
        )
        self.run_after_commit()
        self.assertEqual(
            sorted(self.provider.sent("end_leg")),
            sorted([[self.customer(call).provider_leg_id], [AGENT_LEG]]),
        )
        self.tell(call, "canceled", 2)
        self.assertEqual((call.outcome, call.ended_by), ("canceled", "agent"))

    def test_agent_hangs_up_while_the_provider_is_asked(self):
        """Z20: a leg made after the end is ended at once."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        [(_model, _ids, name, args)] = self.queued_requests
        self.queued_requests.clear()
        result = after_commit.send(call, name, *args)
        self.as_user(self.ana).hang_up(call.uuid)
        after_commit.save_result(call, result)
        self.run_after_commit()
        self.assertIn([self.customer(call).provider_leg_id], self.provider.sent("end_leg"))

    def test_agent_hangs_up_before_the_provider_is_asked(self):
        """Z20: the customer is not called any more."""
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        self.as_user(self.ana).hang_up(call.uuid)
        self.run_after_commit()
        self.assertFalse(self.provider.sent("add_participant"))
        self.assertEqual(self.provider.sent("end_leg"), [[AGENT_LEG]])

    def test_agent_vanishes_while_it_rings(self):
        """Z20: without an agent, the customer's telephone stops ringing."""
        call = self.dial_and_connect()
        self.tell(call, "ringing", 1)
        self.tell_leg(call, AGENT_LEG, "completed", CallDuration="4")
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "canceled", "agent"))
        self.run_after_commit()
        self.assertIn([self.customer(call).provider_leg_id], self.provider.sent("end_leg"))

    def test_agent_vanishes_while_they_speak(self):
        """Z21: after a reload the agent comes back to the customer."""
        call = self.dial_and_connect()
        self.tell(call, "in-progress", 2)
        customer = self.customer(call)
        self.tell_leg(call, AGENT_LEG, "completed", CallDuration="9")
        self.assertEqual(self.notified(self.ana, "call_updated")[-1]["phase"], "agent_lost")
        self.run_after_commit()
        self.assertEqual(
            self.provider.sent("redirect_leg"),
            [[customer.provider_leg_id, self.url_of("step", call)]],
        )
        self.assertEqual(self.names(self.step(call)), ["Enqueue"])
        self.wait(call)
        [dial] = self.connect_browser(call, self.agent_ana, leg_sid(51))
        self.assertEqual(dial.tag, "Dial")
        self.run_after_commit()
        self.assertEqual(len(self.provider.sent("move_from_queue")), 1)
        # The customer is not called a second time.
        self.assertEqual(len(self.provider.sent("add_participant")), 1)

    def test_provider_refuses(self):
        """Z16: the reason for a refused number is shown to the agent."""
        self.provider.failures["add_participant"] = [ProviderError("No.", "number_invalid", 21211)]
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        with self.assert_log(MODULE, "WARNING", "21211"):
            self.run_after_commit()
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "failed", "system"))
        self.assertIn("Twilio cannot call this number", call.failure_reason)
        self.assertEqual(
            self.notified(self.ana, "call_updated")[-1]["end_message"], call.failure_reason
        )
        self.run_after_commit()
        self.assertEqual(self.provider.sent("end_leg"), [[AGENT_LEG]])

    def test_provider_that_is_gone_is_said_at_once(self):
        """The agent sees at once that the provider is unreachable."""
        for error, words in ((ProviderError("x", "paused"), "Twilio could not be reached."),):
            with self.subTest(words):
                self.provider.failures["add_participant"] = [error]
                call = self.dial()
                self.connect_browser(call, self.agent_ana, leg_sid(call.id + 900))
                with self.assert_log(MODULE, "WARNING", "could not be called"):
                    self.run_after_commit()
                self.assertIn(words, call.failure_reason)
                self.assertNotIn("number", call.failure_reason)

    def test_answer_of_the_provider_is_lost_but_the_leg_is_found(self):
        """A lost answer does not ring the customer twice."""
        self.provider.failures["add_participant"] = [ProviderError("Time-out", "unknown")]
        self.provider.answers["find_participant"] = leg_sid(70)
        call = self.dial_and_connect()
        self.assertEqual(self.customer(call).provider_leg_id, leg_sid(70))
        self.assertEqual(call.state, "new")
        self.assertEqual(len(self.provider.sent("add_participant")), 1)

    def lose_answer(self, **error):
        """Dial; Twilio's answer is lost, and the leg is not in the conference yet."""
        lost = ProviderError("Time-out", "unknown", **error)
        self.provider.failures["add_participant"] = [lost]
        call = self.dial()
        self.connect_browser(call, self.agent_ana)
        with (
            self.assert_log(MODULE, "WARNING", "the answer to the call was lost"),
            patch(f"{LOGGER}.{MODULE}.run_later") as run_later,
        ):
            self.run_after_commit()
        self.assertEqual(
            [(name, seconds) for _call, name, seconds in [run_later.call_args.args]],
            [("_check_unknown_dial", 10)],
        )
        self.assertEqual(call.state, "new")
        return call

    def test_answer_of_the_provider_is_late_and_the_leg_reports(self):
        """Twilio was slow, but the customer's telephone rings: nothing fails."""
        call = self.lose_answer()
        leg = self.customer(call)
        self.tell_leg(call, leg_sid(71), "ringing", 1, leg)
        self.assertEqual((leg.provider_leg_id, call.state), (leg_sid(71), "ringing"))
        call._check_unknown_dial()
        self.run_after_commit()
        self.assertEqual(call.state, "ringing")
        self.assertFalse(self.provider.sent("end_leg"))
        self.assertEqual(len(self.provider.sent("add_participant")), 1)

    def test_answer_of_the_provider_is_lost_and_the_leg_is_found_later(self):
        """The report was lost too; the second look finds the leg."""
        call = self.lose_answer(code=16026)
        self.provider.answers["find_participant"] = leg_sid(72)
        call._check_unknown_dial()
        self.run_after_commit()
        self.assertEqual(self.customer(call).provider_leg_id, leg_sid(72))
        self.assertEqual(call.state, "new")

    def test_answer_of_the_provider_is_lost_and_the_leg_rings_all_the_same(self):
        """A leg that reports after the patience is over is ended."""
        call = self.lose_answer()
        call._check_unknown_dial()
        with self.assert_log(MODULE, "WARNING", "could not be called"):
            self.run_after_commit()
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))
        self.assertIn("Twilio did not respond in time", call.failure_reason)
        leg = self.customer(call)
        self.tell_leg(call, leg_sid(71), "ringing", 1, leg)
        self.assertEqual(leg.provider_leg_id, leg_sid(71))
        self.run_after_commit()
        self.assertIn([leg_sid(71)], self.provider.sent("end_leg"))
        self.tell_leg(call, leg_sid(71), "canceled", 2, leg)
        self.assertEqual((call.state, call.outcome), ("ended", "failed"))

    def test_browser_may_only_join_its_users_call(self):
        """Z05: identity, call and account are checked again; the request's number is not dialed."""
        call = self.dial()
        bobs = self.dial(self.bob, "+32470999999")

        def connect(**changes):
            params = {
                "CallSid": leg_sid(80),
                "From": f"client:{self.agent_ana.sudo().identity}",
                "To": "+32470111111",
                "uuid": call.uuid,
                **changes,
            }
            return self.names(self.ask("client", params))

        for changes in (
            {"uuid": bobs.uuid},
            {"uuid": ""},
            {"uuid": "00000000-0000-0000-0000-000000000000"},
            {"uuid": "%"},
            {"From": f"client:{self.agent_bob.sudo().identity}"},
            {"From": f"client:{self.agent_eva.sudo().identity}"},
            {"From": "client:u_0"},
            {"From": "client:"},
            {"From": ""},
            {"From": CUSTOMER},
        ):
            with self.subTest(changes):
                self.assertEqual(connect(**changes), ["Hangup"])
        self.assertFalse((call | bobs).leg_ids.filtered(lambda leg: leg.role == "agent"))
        self.run_after_commit()
        self.assertFalse(self.provider.requests)
        self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual(connect(), ["Hangup"])

    def test_browser_of_an_archived_user(self):
        call = self.dial()
        self.agent_ana.active = False
        self.assertEqual(self.names(self.connect_browser(call, self.agent_ana)), ["Hangup"])

    def test_token(self):
        """Z05: the token is for this user and for calling our application only."""
        self.authenticate(self.ana.login, self.ana.login)
        result = self.make_jsonrpc_request("/telephony/token", {})
        self.assertEqual(result["identity"], self.agent_ana.sudo().identity)
        self.assertNotIn("ana", result["identity"])
        self.assertEqual(len(result["token"].split(".")), 3)
        self.assertTrue(result["sdk_url"])
        self.assertGreater(result["ttl"], 60)
        self.assertFalse(result["gateway"])
        self.assertNotIn(self.account.sudo().api_key_secret, str(result))

    def test_late_news_of_the_answer(self):
        """Z30: the record is right, although the hang-up overtakes the report of the answer."""
        call = self.dial_and_connect()
        self.tell(call, "ringing", 1)
        self.as_user(self.ana).hang_up(call.uuid)
        self.assertEqual(call.outcome, "canceled")
        call.ended_at = fields.Datetime.add(fields.Datetime.now(), seconds=30)
        self.tell(call, "in-progress", 2)
        self.assertEqual((call.state, call.outcome, call.ended_by), ("ended", "answered", "agent"))
        self.assertAlmostEqual(call.duration, 30, delta=2)
