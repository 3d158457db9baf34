from markupsafe import Markup

from odoo import api, models
from odoo.tools import SQL

from ..arguments import check_one


class TelephonyCall(models.Model):
    """The records linked to a call, and the log note in their chatter."""

    _inherit = "telephony.call"

    @api.model
    def _associate(self, record, number, company):
        """Return the contact and the lead of an outgoing call.

        These are the given record, else the only open opportunity of the number, else its contact.

        :param record: the record from which the call is made, or None
        :param str number: E.164
        :return: the contact and the lead, each possibly empty
        """
        partner = self.env["res.partner"]
        lead = self.env["crm.lead"]
        if record is not None:
            if record._name == "crm.lead":
                lead = record
                partner = record.partner_id
            elif record._name == "res.partner":
                partner = record
            elif record._name == "telephony.callback":
                partner, lead = record.partner_id, record.lead_id
            elif "partner_id" in record._fields:
                partner = record.partner_id
        # A contact of another company may be called, but the call is not linked to it.
        partner = partner.filtered(lambda found: self._is_of_company(found, company))
        lead = lead.filtered(lambda found: self._is_of_company(found, company))
        if not partner and not lead:
            # sudo: res.partner - the owner of a number does not depend on who dials it
            partner = self.env["res.partner"].sudo()._telephony_find(number, company)[:1]
        if not lead:
            lead = self._find_lead(partner, number, company)
        return partner, lead

    @api.model
    def _find_lead(self, partner, number, company):
        """Return the only open lead or opportunity of a caller; empty if there are several.

        :param partner: the contact, possibly empty
        :param str number: E.164, possibly empty
        """
        # sudo: crm.lead - the link does not depend on who takes the call
        leads_sudo = self.env["crm.lead"].sudo()
        if partner:
            leads_sudo = leads_sudo._telephony_find_open(
                SQL("partner_id = %s", partner.id), company
            )
        if not leads_sudo and number:
            # A lead of another contact is not this caller's.
            owners = SQL("AND partner_id IS NULL") if partner else SQL()
            leads_sudo = leads_sudo._telephony_find_open(
                SQL("phone_sanitized = %s %s", number, owners), company
            )
        return leads_sudo if len(leads_sudo) == 1 else leads_sudo.browse()

    def _get_log_body(self):
        """Return the log note of a call: direction, result, duration, user and summary."""
        outcome = dict(self._fields["outcome"]._description_selection(self.env))
        if self.direction == "incoming":
            headline = self.env._("Incoming call from %(number)s")
            icon = "fa-phone"
        else:
            headline = self.env._("Outgoing call to %(number)s")
            icon = "fa-phone-square"
        parts = [
            headline
            % {
                "number": self._format_number(self.customer_number) or self.env._("a hidden number")
            },
            outcome.get(self.outcome, ""),
        ]
        if self.disposition_id:
            parts.append(self.disposition_id.name)
        if self.duration:
            parts.append(self.duration_display)
        names = [name for name, _since in self._get_served_by()]
        if len(names) > 1:
            parts.append(" → ".join(names))
        elif self.user_id:
            parts.append(self.user_id.name)
        body = Markup('<p><i class="fa %s" role="img"></i> %s</p>') % (icon, " · ".join(parts))
        for line in (self.note or "").splitlines():
            body += Markup("<p>%s</p>") % line
        for recording in self.recording_ids.filtered(
            lambda recording: recording.kind == "conversation" and recording.state == "stored"
        ):
            # The client shows the player here, to users who may hear the recording.
            body += Markup("<p>%s</p>") % recording._get_html_link(self.env._("Play the recording"))
        return body

    def _get_follow_ups(self):
        return [self._post_log, *super()._get_follow_ups()]

    def _on_late_answer(self, is_news):
        super()._on_late_answer(is_news)
        self._update_log()

    def _on_note_changed(self):
        super()._on_note_changed()
        self._update_log()

    def _post_log(self):
        """Post one log note about an ended call on its record, without e-mail."""
        # A canceled queue callback has no legs: the customer was not dialed.
        for call in self.filtered(lambda call: call.leg_ids and not call.message_id):
            record = call.lead_id or call.partner_id
            if not record:
                continue
            author = call.user_id.partner_id or self.env.ref("base.partner_root")
            lang = call.user_id.lang or call.company_id.partner_id.lang
            call.message_id = record.with_context(
                lang=lang, telephony_rules_later=True
            )._message_log(
                body=call.with_context(lang=lang)._get_log_body(),
                author_id=author.id,
                message_type="notification",
            )

    def _update_log(self):
        """Update the log note when the summary is saved after the end."""
        for call in self.filtered("message_id"):
            lang = call.user_id.lang or call.company_id.partner_id.lang
            call.message_id.body = call.with_context(lang=lang)._get_log_body()

    @check_one
    def action_open_record(self):
        """Open the opportunity or the contact of a call."""
        record = self.lead_id or self.partner_id
        return record._get_records_action(context={}) if record else False
