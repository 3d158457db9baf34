"""The log: a call's record, its line in the chatter, and later changes of both."""

from datetime import timedelta

from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools.safe_eval import datetime, safe_eval

from odoo.addons.crm_telephony.providers.base import CallEvent, VoiceRequest

from ..common import CUSTOMER, TelephonyCase


@tagged("post_install", "-at_install")
class TestLog(TelephonyCase):
    def end(self, call):
        """Return a call that was answered and ended 65 seconds later."""
        call._apply_event(CallEvent("joined", at=call.started_at))
        call._apply_event(
            CallEvent("hung_up", at=call.started_at + timedelta(seconds=65), data={"by": "agent"})
        )
        return call

    def get_lines(self, record):
        return [
            str(message.body)
            for message in record.message_ids
            if CUSTOMER[-6:-4] in str(message.body) and "fa-phone" in str(message.body)
        ]

    # === RECORD OF A CALL === #

    def test_record_it_is_dialed_from(self):
        """Z15, Z30: a call belongs to the record whose phone icon was clicked."""
        other = self.lead.copy({"name": "Another"})
        self.assertEqual(self.dial(res_model="crm.lead", res_id=other.id).mapped("lead_id"), other)

    def test_contact_it_is_dialed_from(self):
        """Z15: a call belongs to its contact, even if the number has other owners, too."""
        twin = self.partner.copy({"name": "Twin"})
        self.assertEqual(self.lead.phone_sanitized, twin.phone_sanitized)
        call = self.dial(res_model="res.partner", res_id=twin.id)
        self.assertEqual((call.partner_id, call.lead_id), (twin, self.env["crm.lead"]))

    def test_single_open_opportunity_of_the_contact(self):
        """Z30: a single open opportunity is linked; of several, none is guessed."""
        call = self.dial(res_model="res.partner", res_id=self.partner.id)
        self.assertEqual(call.lead_id, self.lead)
        self.as_user(self.ana).hang_up(call.uuid)
        self.lead.copy({"name": "Second"})
        call = self.dial(res_model="res.partner", res_id=self.partner.id)
        self.assertEqual((call.partner_id, call.lead_id.id), (self.partner, False))

    def test_won_and_lost_opportunities_do_not_count(self):
        """Z30: only an open opportunity takes a call."""
        lost = self.lead.copy({"name": "Lost"})
        lost.action_set_lost()
        won = self.lead.copy({"name": "Won"})
        won.action_set_won()
        self.assertEqual(self.dial().lead_id, self.lead)

    def test_lead_without_a_contact_is_found_by_its_number(self):
        """Z30: a lead without a contact is found by its number."""
        lead = self.env["crm.lead"].create(
            {
                "name": "New",
                "type": "lead",
                "phone": "+32470999999",
                "company_id": self.company_a.id,
                "team_id": False,
            }
        )
        call = self.dial(number="+32470999999")
        self.assertEqual((call.lead_id, call.partner_id.id), (lead, False))
        data = call._to_client_for_me()
        self.assertEqual(data["customer"]["number"], "+32470999999")

    def test_number_nobody_has(self):
        call = self.dial(number="+32470888888")
        self.assertFalse(call.lead_id | self.env["crm.lead"])
        self.assertFalse(call.partner_id)
        self.end(call)
        self.assertFalse(call.message_id)

    def test_contact_of_another_company_is_not_linked(self):
        """Z30: contacts of another company are not linked."""
        self.partner.company_id = self.company_b
        self.lead.partner_id = False
        self.assertFalse(self.dial().partner_id)

    def test_call_that_ends_before_we_hear_of_it(self):
        """B.8: the provider's clock differs from ours, but no call ends before it begins."""
        call = self.dial()
        call._apply_event(
            CallEvent("hung_up", at=call.started_at - timedelta(seconds=3), data={"by": "agent"})
        )
        self.assertEqual((call.ended_at, call.wait_duration), (call.started_at, 0))

    # === THE LINE IN THE CHATTER === #

    def test_line_on_the_opportunity(self):
        """Z30: one line with direction, outcome, duration and agent; it notifies no follower."""
        call = self.dial()
        self.as_user(self.ana).save_note(call.uuid, "Wants <b>two</b>\nby Friday")
        mails = self.env["mail.mail"].sudo().search_count([])
        self.end(call)
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), mails)
        [line] = self.get_lines(self.lead)
        for part in (
            "Outgoing call to +32 470 12 34 56",
            "Answered",
            "1:05",
            "Ana",
            "Wants &lt;b&gt;two&lt;/b&gt;",
            "<p>by Friday</p>",
        ):
            self.assertIn(part, line)
        self.assertEqual(call.message_id.author_id, self.ana.partner_id)
        self.assertFalse(call.message_id.notified_partner_ids)
        self.assertTrue(call.message_id.subtype_id.internal or not call.message_id.subtype_id)

    def test_line_on_opportunity_and_contact(self):
        """Z30: one line on each, which lead to each other; later changes follow in both."""
        call = self.end(self.dial())
        [on_lead], [on_contact] = self.get_lines(self.lead), self.get_lines(self.partner)
        self.assertIn(f'data-oe-id="{self.partner.id}"', on_lead)
        self.assertIn(f'data-oe-id="{self.lead.id}"', on_contact)
        # Readers of the contact may have no right to the opportunity.
        self.assertNotIn(self.lead.name, on_contact)
        notes = call._get_log_notes()
        self.assertEqual(len(notes), 2)
        self.assertFalse(notes.notified_partner_ids)
        self.as_user(self.ana).save_note(call.uuid, "Wants oak")
        for record in (self.lead, self.partner):
            [line] = self.get_lines(record)
            self.assertIn("Wants oak", line)

    def test_line_stays_where_it_is_right(self):
        """Z28 Z30: a new link deletes, keeps and adds lines; anonymization deletes all."""
        call = self.end(self.dial())
        kept = self.partner.message_ids & call._get_log_notes()
        other = self.lead.copy({"name": "Other"})
        link = self.as_user(self.ana).link_record
        link(call.uuid, "crm.lead", other.id)
        self.assertFalse(self.get_lines(self.lead))
        self.assertEqual(len(self.get_lines(other)), 1)
        [on_contact] = self.get_lines(self.partner)
        self.assertIn(f'data-oe-id="{other.id}"', on_contact)
        self.assertTrue(kept and kept <= call._get_log_notes(), "not posted again")
        link(call.uuid, "res.partner", self.partner.id)
        self.assertFalse(self.get_lines(other))
        [on_contact] = self.get_lines(self.partner)
        self.assertNotIn("Also logged", on_contact)
        self.assertEqual(call.message_id, kept)
        link(call.uuid, "crm.lead", other.id)
        call._anonymize()
        self.assertFalse(self.get_lines(other) + self.get_lines(self.partner))

    def test_deleted_call_takes_its_lines_along(self):
        """Z30: a call that is deleted leaves no line on opportunity or contact."""
        call = self.end(self.dial())
        self.as_user(self.max).browse(call.id).unlink()
        self.assertFalse(self.get_lines(self.lead) + self.get_lines(self.partner))

    def test_line_on_the_contact(self):
        self.lead.unlink()
        self.end(self.dial())
        self.assertEqual(len(self.get_lines(self.partner)), 1)

    def test_note_that_is_typed_afterwards(self):
        """Z19: the line is updated with the note, without a second line."""
        call = self.end(self.dial())
        self.as_user(self.ana).save_note(call.uuid, "Calls back <script>alert(1)</script>")
        [line] = self.get_lines(self.lead)
        self.assertIn("Calls back", line)
        self.assertNotIn("<script>", line)
        self.as_user(self.ana).save_note(call.uuid, "x" * 20000)
        self.assertIn("xx", self.get_lines(self.lead)[0])
        self.as_user(self.ana).save_note(call.uuid, None)
        self.assertNotIn("xx", self.get_lines(self.lead)[0])

    def test_missed_call_leaves_a_line(self):
        """Z30: a missed call is in the log of its contact."""
        self.go_online(self.agent_ana)
        self.env["telephony.call"].sudo()._process_incoming(
            self.account,
            VoiceRequest(leg_id="CA" + "9" * 32, caller=CUSTOMER, called=self.number.number),
        )
        call = self.env["telephony.call"].search([("provider_call_id", "=", "CA" + "9" * 32)])
        event = self.account._parse_leg_event(
            {"CallSid": "CA" + "9" * 32, "CallStatus": "completed"}
        )
        call._process_event(self.account, event)
        [line] = self.get_lines(self.lead)
        self.assertIn("Incoming call from", line)
        self.assertIn("Missed", line)
        self.assertEqual(call.message_id.author_id, self.env.ref("base.partner_root"))

    # === LATER CHANGES === #

    def test_merged_opportunities_keep_their_calls(self):
        """Z30: merged opportunities keep all their calls."""
        other = self.lead.copy({"name": "Other"})
        mine = self.end(self.dial(res_model="crm.lead", res_id=self.lead.id))
        theirs = self.end(self.dial(res_model="crm.lead", res_id=other.id))
        merged = (self.lead | other).merge_opportunity()
        self.assertEqual((mine | theirs).lead_id, merged)
        self.assertEqual(merged.telephony_call_count, 2)

    def test_deleted_contact_and_opportunity_keep_the_call(self):
        """Z30: the call stays in the log with its number."""
        call = self.end(self.dial())
        self.lead.unlink()
        self.partner.unlink()
        self.assertTrue(call.exists())
        self.assertFalse(call.partner_id)
        self.assertEqual(call.customer_display, "+32 470 12 34 56")
        self.assertEqual(call.display_name, "Call to +32 470 12 34 56")

    def test_merged_contacts_keep_their_calls(self):
        twin = self.partner.copy({"name": "Twin", "email": "t@example.com"})
        call = self.end(self.dial(res_model="res.partner", res_id=twin.id))
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            [twin.id, self.partner.id], self.partner
        )
        self.env.invalidate_all()
        self.assertEqual(call.partner_id, self.partner)

    def test_calls_button(self):
        """Z30: the button counts the calls of a contact and of its company's contacts."""
        boss = self.env["res.partner"].create({"name": "Peeters & Co", "is_company": True})
        self.partner.parent_id = boss
        call = self.end(self.dial())
        for partner in (self.partner, boss):
            self.assertEqual(
                self.as_user(self.sue, "res.partner").browse(partner.id).telephony_call_count, 1
            )
            action = (
                self.as_user(self.ana, "res.partner")
                .browse(partner.id)
                .action_view_telephony_calls()
            )
            self.assertEqual(self.as_user(self.ana).search(action["domain"]).sudo(), call)
        lead = self.as_user(self.ana, "crm.lead").browse(self.lead.id)
        self.assertEqual(lead.telephony_call_count, 1)
        action = lead.action_view_telephony_calls()
        self.assertEqual(self.as_user(self.ana).search(action["domain"]).sudo(), call)
        action = self.as_user(self.ana).browse(call.id).action_open_record()
        self.assertEqual((action["res_model"], action["res_id"]), ("crm.lead", self.lead.id))

    def test_forms_of_those_who_are_no_phone_users(self):
        """Z01: contacts and opportunities look the same for users without the telephone."""
        salesman = self._make_user("olga", "sales_team.group_sale_salesman_all_leads")
        for record in (self.partner, self.lead):
            with Form(self.as_user(salesman, record._name).browse(record.id)) as form:
                form.name = "Changed"
            self.assertEqual(record.name, "Changed")

    def test_texts_of_a_call(self):
        call = self.dial()
        for seconds, text in ((0, "0:00"), (59, "0:59"), (61, "1:01"), (3661, "1:01:01")):
            call.duration = seconds
            self.assertEqual(call.duration_display, text)
        self.assertEqual(call.display_name, "Call to Zoe Peeters")
        call.write({"partner_id": False, "customer_number": False, "direction": "incoming"})
        self.assertEqual(call.display_name, "Call from Hidden number")

    def test_user_who_is_deleted_keeps_the_call(self):
        call = self.end(self.dial(self.bob))
        self.env["telephony.agent"].search([("user_id", "=", self.bob.id)]).unlink()
        self.bob.unlink()
        self.assertTrue(call.exists())

    def test_search_filters_of_the_list(self):
        """Z30: the list opens with every filter of its search view."""
        view = self.as_user(self.sue).get_view(view_type="search")
        filters = etree.fromstring(view["arch"]).findall(".//filter[@domain]")
        self.assertTrue(filters)
        for node in filters:
            with self.subTest(node.get("name")):
                domain = safe_eval(
                    node.get("domain"),
                    {
                        "uid": self.sue.id,
                        "datetime": datetime,
                        "context_today": datetime.date.today,
                    },
                )
                self.as_user(self.sue).search(domain, limit=1)

    def test_numbers_of_several_contacts(self):
        """Z17: of several contacts with a number, the last changed one is used."""
        twin = self.partner.copy({"name": "Twin"})
        twin.write({"phone": "+32 470 12 34 56", "comment": "new"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET write_date = now() + interval '1 hour' WHERE id = %s", [twin.id]
        )
        self.lead.partner_id = False
        self.assertEqual(self.dial().partner_id, twin)
