"""What remains of a call. Long: links, corrections, log, card, follow-ups and due calls."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.mail.tools.discuss import Store

from ..arguments import check_arguments, check_one, is_text
from ..gate import door

FOUND = 6
ROWS = 3
ROUTE_LINES = 6
ACTIVITY_TYPES = {
    "call": "mail.mail_activity_data_call",
    "task": "mail.mail_activity_data_todo",
}
DUE_COUNT = 80
LINK_FIELDS = frozenset({"partner_id", "lead_id"})
CORRECTABLE = LINK_FIELDS | {"note", "disposition_id", "purpose_id", "tag_ids"}


class TelephonyCall(models.Model):
    """After a call: linked records, corrections, log note, card, follow-ups and due calls."""

    _name = "telephony.call"
    _inherit = ["telephony.call", "telephony.customer.mixin"]
    _correctable_fields = CORRECTABLE

    note = fields.Text(tracking=True)
    partner_id = fields.Many2one(tracking=True)
    lead_id = fields.Many2one(tracking=True)
    purpose_id = fields.Many2one(
        "telephony.call.purpose",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        tracking=True,
    )
    tag_ids = fields.Many2many(
        "telephony.call.tag", string="Tags", check_company=True, tracking=True
    )
    is_logged = fields.Boolean(
        "Logged by Hand",
        readonly=True,
        copy=False,
        help="The call was made outside of Odoo, and logged by its phone user.",
    )
    is_correctable = fields.Boolean(
        compute="_compute_is_correctable",
        help="Whether the current user may correct summary, result, purpose, tags and links.",
    )

    # === COMPUTE METHODS === #

    @api.depends("state", "anonymized_at", "user_id")
    @api.depends_context("uid")
    def _compute_is_correctable(self):
        for call in self:
            call.is_correctable = (
                call.state == "ended" and not call.anonymized_at and call.has_access("write")
            )

    # The log note on the first record is `message_id`; these are on its other records.
    other_message_ids = fields.Many2many(
        "mail.message", string="Further Log Notes", readonly=True, copy=False
    )

    # === RPC === #

    @api.model
    def get_creatable(self):
        """Return the kinds of records, besides contacts and leads, that the user can create.

        :return: dictionaries with `model`, `name`, `icon` and `needs_contact`
        :rtype: list(dict)
        """
        self.env["telephony.agent"]._ensure_own_agent()
        return self.env["telephony.linked.model"]._get_creatable()

    @api.model
    @check_arguments
    def action_create_record(self, uuid, res_model):
        """Return the action that opens a new record for a call; saving it links the call.

        :param str uuid: a call of the current user, or one that rings at the user
        :param str res_model: one of the models of `get_creatable`
        :raise UserError: the user cannot create such a record
        :rtype: dict
        """
        call_sudo = self._get_mine_or_ringing_sudo(uuid)
        linked = self.env["telephony.linked.model"]
        if res_model not in (row["model"] for row in linked._get_creatable()):
            raise UserError(self.env._("You cannot create this kind of record."))
        return {
            "type": "ir.actions.act_window",
            "res_model": res_model,
            "views": [(False, "form")],
            "context": linked._get_defaults(res_model, call_sudo),
        }

    @api.model
    @check_arguments
    def find_records(self, uuid, term=""):
        """Return the records that a call may be linked to, such as open opportunities.

        :param str uuid: a call of the current user
        :param str term: part of a name; if empty, records with the customer's number are returned
        :return: dictionaries with `model`, `id`, `name`, `detail` and `icon`; only readable
            records
        :rtype: list(dict)
        """
        call_sudo, _part_sudo = self._get_part_sudo(uuid)
        linked = self.env["telephony.linked.model"]
        companies = Domain("company_id", "in", (call_sudo.company_id.id, False))
        term = (term or "").strip()
        if term:
            partners = self.env["res.partner"].search(
                companies & Domain("complete_name", "ilike", term), limit=FOUND
            )
            about = Domain("name", "ilike", term) | Domain("partner_id.name", "ilike", term)
            others = linked._find_named(term, call_sudo.company_id)
        else:
            number = call_sudo.customer_number
            partners = self.env["res.partner"]._telephony_find(number, call_sudo.company_id)
            about = Domain("partner_id", "in", (partners | call_sudo.partner_id).ids)
            if number:
                about |= Domain("phone_sanitized", "=", number)
            others = linked._find_of_customer(call_sudo.partner_id, number, call_sudo.company_id)
        leads = self.env["crm.lead"]
        if leads.has_access("read"):
            leads = leads.search(
                companies & Domain("won_status", "=", "pending") & about, limit=FOUND
            )
        return (
            [
                {
                    "model": partner._name,
                    "id": partner.id,
                    "name": partner.name or partner.display_name,
                    "detail": partner.parent_name or partner.phone or False,
                    "icon": linked._get_linked_models()[partner._name].icon,
                }
                for partner in partners
            ]
            + [
                {
                    "model": lead._name,
                    "id": lead.id,
                    "name": lead.name,
                    "detail": lead.stage_id.name or False,
                    "icon": linked._get_linked_models()[lead._name].icon,
                }
                for lead in leads
            ]
            + [linked._to_row(record) for record in others]
        )

    @api.model
    @door()
    @check_arguments
    def link_record(self, uuid, res_model, res_id):
        """Link a call, and its log note in the chatter, to a record.

        :param str uuid: a call of the current user
        :param str res_model: `res.partner`, `crm.lead` or another of `telephony.linked.model`
        :param int res_id: a record the user may read
        :raise UserError: the record is of another model
        :return: see `_to_client`
        :rtype: dict
        """
        call_sudo, part_sudo = self._get_part_sudo(uuid)
        call_sudo._check_not_anonymized()
        if part_sudo != call_sudo and call_sudo._get_linked_records():
            raise AccessError(self.env._("Only the last phone user of a call can change its link."))
        if res_model not in self.env["telephony.linked.model"]._get_installed():
            raise UserError(self.env._("A call cannot be linked to this kind of record."))
        record = self.env[res_model].browse(res_id)
        self._check_linkable(record, call_sudo.company_id)
        call_sudo._link(record)
        return call_sudo._to_part(part_sudo)

    @api.model
    @check_arguments
    def get_classification(self, uuid):
        """Return the purpose and tags of a call, and those that the user may choose.

        :param str uuid: a call of the current user
        :return: `purposes` and `tags`: dictionaries with `id` and `name`; `purpose_id`; `tag_ids`
        :rtype: dict
        """
        call_sudo = self._get_mine_sudo(uuid).with_context(lang=self.env.lang, active_test=False)
        return {
            "purposes": [
                {"id": purpose.id, "name": purpose.name}
                for purpose in call_sudo._get_choices("purpose_id")
            ],
            "tags": [{"id": tag.id, "name": tag.name} for tag in call_sudo._get_choices("tag_ids")],
            "purpose_id": call_sudo.purpose_id.id,
            "tag_ids": call_sudo.tag_ids.ids,
        }

    # === BUSINESS METHODS === #

    @api.model
    def _check_linkable(self, record, company):
        """Check that the current user may link a call to a record.

        :param record: a record of `telephony.linked.model`
        :param company: the company of the call
        :raise UserError: the record does not exist, or belongs to another company
        :raise AccessError: the user may not read the record
        """
        if not record.exists():
            raise UserError(self.env._("This record no longer exists."))
        record.check_access("read")
        if not self._is_of_company(record, company):
            raise UserError(
                self.env._(
                    "“%(record)s” belongs to a different company than the call.",
                    record=record.display_name,
                )
            )

    @api.model
    def _log_by_hand(self, company, values):
        """Create a call that the current user had outside of Odoo.

        :param company: a company in which the user is a phone user
        :param dict values: field values of the call
        :raise UserError: the company has no account, or a value does not fit the call
        :return: the call, as superuser
        """
        # sudo: telephony.account - only the company's own one, as the owner of the call
        account_sudo = self.env["telephony.account"].sudo()._get_of_company(company)
        if not account_sudo:
            raise UserError(self.env._("Connect a Twilio account in the settings first."))
        links = {name: values[name] for name in CORRECTABLE if values.get(name)}
        values = {name: value for name, value in values.items() if name not in links}
        # sudo: telephony.call - users create calls with these values only
        call_sudo = self.sudo().create(
            {
                **values,
                "account_id": account_sudo.id,
                "state": "ended",
                "user_id": self.env.uid,
                "via": False,
                "is_logged": True,
            }
        )
        # As a correction: with the same checks.
        self.browse(call_sudo.id)._check_correction(links)
        call_sudo.write(links)
        call_sudo._on_logged()
        return call_sudo

    def _on_logged(self):
        """React to a call logged by hand. Note: `self.ensure_one()`"""
        self.ensure_one()
        self._post_log()
        self._notify()

    def _check_correction(self, vals):
        self.check_access("write")
        self._check_note(vals.get("note") or "")
        for call in self:
            if call.state != "ended":
                raise UserError(self.env._("A call can be edited after it has ended."))
            call._check_not_anonymized()
            for name in LINK_FIELDS.intersection(vals):
                record = self.env[self._fields[name].comodel_name].browse(vals[name] or [])
                if record and record != call[name]:
                    self._check_linkable(record, call.company_id)
        owner = self.env["crm.lead"].browse(vals.get("lead_id") or []).partner_id
        if owner and "partner_id" not in vals:
            vals = {**vals, "partner_id": owner.id}
        return super()._check_correction(vals)

    def _on_corrected(self, names):
        """Update what shows the call: log note, completed activity and pages."""
        for call in self:
            if LINK_FIELDS.intersection(names):
                call._on_linked()
            else:
                call._notify()
            call._update_log()

    def _link(self, record):
        """Link the call to a record. Note: `self.ensure_one()`"""
        self.ensure_one()
        values = {"res_model": False, "res_id": False, "lead_id": False}
        if record._name == "res.partner":
            values["partner_id"] = record.id
        elif record._name == "crm.lead":
            values["lead_id"] = record.id
            values["partner_id"] = record.partner_id.id or self.partner_id.id
        else:
            values |= self.env["telephony.linked.model"]._prepare_values(record, self.company_id)
            values["partner_id"] = values["partner_id"] or self.partner_id.id
        self.write(values)
        self._on_linked()

    def _get_choices(self, name):
        """Return the records that this call may have in a field; an archived one stays.

        Note: `self.ensure_one()`

        :param str name: `purpose_id` or `tag_ids`
        """
        self.ensure_one()
        domain = self[name]._get_choices_domain(self.company_id)
        return self[name].search(domain) | self.with_context(active_test=False)[name]

    def _classify(self, values):
        """Set the purpose or the tags that the user has chosen. Note: `self.ensure_one()`

        :param dict values: `purpose_id`, an identifier or False, and `tag_ids`, a list of them
        :raise AccessError: the call has another user
        :raise UserError: one of them does not exist, or belongs to another company
        """
        self.ensure_one()
        if self.user_id != self.env.user:
            raise AccessError(self.env._("This is not your call."))
        self._check_not_anonymized()
        if "purpose_id" in values:
            purpose_id = values["purpose_id"]
            self.purpose_id = self._get_chosen("purpose_id", [purpose_id] if purpose_id else [])
        if "tag_ids" in values:
            self.tag_ids = self._get_chosen("tag_ids", values["tag_ids"] or [])
        self._update_log()

    def _get_chosen(self, name, record_ids):
        """Return the records that the user has chosen among `_get_choices`.

        :param str name: `purpose_id` or `tag_ids`
        :param list record_ids: identifiers
        :raise UserError: one of them cannot be chosen
        """
        if not set(record_ids) <= set(self._get_choices(name).ids):
            raise UserError(self.env._("This purpose or tag cannot be used for this call."))
        return self[name].browse(record_ids)

    def _on_linked(self):
        """React to a new link of this call. Note: `self.ensure_one()`"""
        self.ensure_one()
        self._move_log()
        # The contact may have the tag *Do not record*.
        self._on_interruption_changed()
        self._notify()

    @api.model
    def _link_created(self, uuid, record):
        """Link a call to the record just created for it.

        :param str uuid: the uuid sent by the page; anything but an own call is ignored
        :param record: a new record; a contact or an opportunity only for an unknown customer
        """
        if not is_text(uuid):
            return
        call_sudo = self._find_sudo(uuid)
        offered_sudo = call_sudo._get_open_offers().agent_id.user_id
        is_mine = self.env.user in (call_sudo.user_id or offered_sudo)
        if (
            is_mine
            and not call_sudo._is_linked_like(record)
            and self._is_of_company(record, call_sudo.company_id)
        ):
            call_sudo._link(record)

    def _is_linked_like(self, record):
        """Return whether the call has a record of its own already, of the kind of a new one."""
        if record._name in ("res.partner", "crm.lead"):
            return bool(self.partner_id or self.lead_id)
        return bool(self.res_id)

    def _move_log(self):
        """Move the log notes to the records that these calls are linked to now."""
        self.filtered(lambda call: call.state == "ended")._sync_log()

    # ---------------------------------------------------------
    # LOG
    # ---------------------------------------------------------

    # The records linked to a call, and the log notes in their chatter.

    def _get_log_body(self, record):
        """Return the log note of a call: direction, result, duration, user and summary.

        :param record: the record in whose chatter it stands; it names the other ones
        """
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
        if self.diverted_from:
            number = self._format_number(self.diverted_from)
            parts.append(self.env._("diverted from %(number)s", number=number))
        if self.attestation == "failed":
            parts.append(self.env._("number verification failed"))
        parts += filter(None, [self.purpose_id.name, self.disposition_id.name])
        if self.is_logged:
            parts.append(self.env._("logged by hand"))
        if self.duration:
            parts.append(self.duration_display)
        names = [name for name, _since in self._get_served_by()]
        if len(names) > 1:
            parts.append(" → ".join(names))
        elif self.user_id:
            parts.append(self.user_id.name)
        body = Markup('<p><i class="fa %s" role="img"></i> %s</p>') % (icon, " · ".join(parts))
        for line in [*(self.note or "").splitlines(), *self._get_part_lines()]:
            body += Markup("<p>%s</p>") % line
        for recording in self.recording_ids.filtered(
            lambda recording: recording.kind == "conversation" and recording.state == "stored"
        ):
            # The client shows the player here, to users who may hear the recording.
            body += Markup("<p>%s</p>") % recording._get_html_link(self.env._("Play the recording"))
        for other in self._get_logging_records():
            if other != record:
                link = other._get_html_link(self._get_log_title(other))
                body += Markup("<p>%s</p>") % self.env._("Also logged on %(record)s", record=link)
        return body

    def _get_logging_records(self):
        """Return the linked records of this call that have a chatter."""
        return [record for record in self._get_linked_records() if hasattr(record, "_message_log")]

    def _get_part_lines(self):
        """Return what the agents say who left this call before, as far as the note lacks it."""
        lines = []
        for transfer in self.transfer_ids.filtered(lambda transfer: transfer._get_part_user()):
            texts = transfer._get_part_texts()
            if transfer.note and transfer.note not in (self.note or ""):
                texts.append(transfer.note)
            if len(list(filter(None, texts))) > 1:
                lines.append(" · ".join(filter(None, texts)))
        return lines

    def _get_log_title(self, record):
        """Return how a note names another record, whose name its readers may not know."""
        if record._name == "res.partner":
            return record.display_name
        return self.env["ir.model"]._get(record._name).name

    def _get_follow_ups(self):
        return [self._post_log, *super()._get_follow_ups()]

    def _on_late_answer(self, is_news):
        super()._on_late_answer(is_news)
        self._update_log()

    def _on_late_outcome(self):
        super()._on_late_outcome()
        self._update_log()

    def _on_recording_stored(self, recording):
        super()._on_recording_stored(recording)
        if recording.kind != "voicemail":
            self._update_log()

    def _on_note_changed(self):
        super()._on_note_changed()
        self._update_log()

    def _post_log(self):
        """Log these ended calls on each of their records, without e-mail."""
        # A canceled queue callback has no legs: the customer was not dialed.
        self.filtered(
            lambda call: (call.leg_ids or call.is_logged) and not call.message_id
        )._sync_log(is_new=True)

    def _sync_log(self, is_new=False):
        """Have exactly one log note of each call on each record that it is linked to.

        :param bool is_new: whether the calls have no notes yet
        """
        for call in self:
            wanted = logged = self.env["mail.message"]
            if not is_new:
                logged = call._get_log_notes()
            notes = {(note.model, note.res_id): note for note in logged}
            moment = logged[:1].date
            for record in call._get_logging_records():
                note = notes.pop((record._name, record.id), None)
                wanted += note or call._log_on(record, moment)
            call._drop_log_notes(wanted.concat(*notes.values()) - wanted)
            if wanted or call.message_id:
                call.message_id = wanted[:1]
            if wanted[1:] or notes:
                call.other_message_ids = wanted[1:]
            if moment:
                call._update_log()

    def _log_on(self, record, moment):
        """Log this ended call on a record. Note: `self.ensure_one()`

        :param record: the record
        :param datetime moment: when it was logged on another record; empty if it is new
        :return: the note (`mail.message`)
        """
        self.ensure_one()
        author = self.user_id.partner_id or self._get_robot()
        call = self._in_log_lang()
        note = record.with_context(lang=call.env.lang, telephony_rules_later=True)._message_log(
            body=call._get_log_body(record),
            author_id=author.id,
            message_type="notification",
        )
        if moment:
            note.date = moment
        return note

    def _in_log_lang(self):
        """Return this call in the language of its log notes. Note: `self.ensure_one()`"""
        lang = self.user_id.lang or self.company_id._telephony_get_lang()
        return self.with_context(lang=lang)

    def _get_log_notes(self):
        """Return the log notes of these calls, the one on the most specific record first."""
        return self.message_id | self.other_message_ids

    def _drop_log_notes(self, notes):
        """Delete log notes, also from the page of the calls' users."""
        for user in self.user_id if notes else ():
            user._bus_send("mail.message/delete", {"message_ids": notes.ids})
        notes.unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_running(self):
        if not self.env.su and any(call.state != "ended" for call in self):
            raise UserError(self.env._("A call can be deleted after it has ended."))

    @api.ondelete(at_uninstall=False)
    def _unlink_log(self):
        # sudo: telephony.call - the right to delete a call includes its log notes
        calls_sudo = self.sudo()
        calls_sudo._drop_log_notes(calls_sudo._get_log_notes())

    @api.model
    def _get_robot(self):
        """Return the contact that writes for the system. Unlike `env.ref`, this needs no query."""
        robot = self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")
        return self.env["res.partner"].browse(robot or [])

    def _update_log(self):
        """Update the log notes when the summary or the result is saved after the end."""
        for call in self.filtered(lambda call: call.state == "ended"):
            notes = call._get_log_notes()
            for note in notes:
                record = self.env[note.model].browse(note.res_id)
                note.body = call._in_log_lang()._get_log_body(record)
            if notes and call.user_id:
                # The chatter may be open in the user's page.
                Store(bus_channel=call.user_id).add(notes, ["body"]).bus_send()

    @check_one
    def action_open_record(self):
        """Open the record that a call is about, as its opportunity or its contact.

        A record that the user may not read is skipped.
        """
        for record in self._get_linked_records():
            if record.has_access("read"):
                return record._get_records_action(context={})
        return False

    # ---------------------------------------------------------
    # CARD
    # ---------------------------------------------------------

    # The customer's card: possible contacts, recent history and open records.

    # === RPC === #

    @api.model
    @check_arguments
    def get_card(self, uuid):
        """Return the card of the current user's own call, or of one that rings at the user.

        :param str uuid: the call
        :raise AccessError: the call belongs to another user
        :return: see `_get_card`
        :rtype: dict
        """
        return self.browse(self._get_mine_or_ringing_sudo(uuid).id)._get_card()

    @api.model
    @door()
    @check_arguments
    def choose_contact(self, uuid, partner_id):
        """Set which of several contacts with the same number is calling, even while it rings.

        :param str uuid: a call of the current user, or one that rings at the user
        :param int partner_id: a contact that has the customer's number
        :raise AccessError: the call belongs to another user, or the contact may not be read
        :raise UserError: the contact has another number
        :return: `call` and its `card`
        :rtype: dict
        """
        call_sudo = self._get_mine_or_ringing_sudo(uuid)
        partner = (
            self.env["res.partner"]
            ._telephony_find(call_sudo.customer_number, call_sudo.company_id)
            .filtered(lambda partner: partner.id == partner_id)
        )
        if not partner:
            raise UserError(self.env._("This contact does not have the number of the call."))
        lead = self.env["crm.lead"]._telephony_find(partner, False, call_sudo.company_id)
        call_sudo.write({"partner_id": partner.id, "lead_id": lead.id})
        call_sudo._move_log()
        call_sudo._notify()
        return {
            "call": call_sudo._to_client_for_me(),
            "card": self.browse(call_sudo.id)._get_card(),
        }

    @api.model
    def _get_mine_or_ringing_sudo(self, uuid):
        call_sudo = self._find_sudo(uuid)
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent(call_sudo.company_id)
        is_ringing = not call_sudo.user_id and (agent_sudo in call_sudo._get_open_offers().agent_id)
        if not call_sudo or not (is_ringing or call_sudo.user_id == self.env.user):
            raise AccessError(self.env._("This is not your call."))
        return call_sudo

    # === CONTENT OF THE CARD === #

    def _get_card(self):
        """Return the details of the customer's card that the current user may read.

        Note: `self.ensure_one()`

        :rtype: dict
        """
        self.ensure_one()
        # sudo: telephony.call - it rings at this user, or is the user's own
        call_sudo = self.sudo()
        leads = self.env["crm.lead"]
        if call_sudo.partner_id and leads.has_access("read"):
            leads = leads.search(
                [
                    ("partner_id", "=", call_sudo.partner_id.id),
                    ("won_status", "=", "pending"),
                ],
                limit=ROWS,
            )
        return {
            "last_call": call_sudo._get_last_call(),
            "opportunities": [
                {"id": lead.id, "name": lead.name, "stage": lead.stage_id.name or False}
                for lead in leads
            ],
            "records": self._get_card_records(call_sudo),
            "activities": self._get_card_activities(call_sudo.partner_id, leads),
            "matches": self._get_card_matches(call_sudo),
            "route": call_sudo._get_route(),
        }

    def _get_last_call(self):
        last = self.search(
            [
                ("id", "!=", self.id),
                ("customer_number", "=", self.customer_number),
                ("customer_number", "!=", False),
                ("state", "=", "ended"),
                ("company_id", "=", self.company_id.id),
            ],
            limit=1,
        )
        return (
            {
                "date": fields.Datetime.to_string(last.started_at),
                "direction": last.direction,
                "user_name": last.outcome == "answered" and last.user_id.name,
                "end_message": last._get_end_message(),
            }
            if last
            else False
        )

    def _get_card_matches(self, call_sudo):
        """Return the contacts with this number if there are several, the most recent first."""
        partners = call_sudo.matching_partner_ids.with_env(self.env)._telephony_choose(
            call_sudo.company_id
        )
        if len(partners) < 2:
            return []
        return [
            {
                "id": partner.id,
                "name": partner.name or partner.display_name,
                "company_name": partner.commercial_company_name or False,
            }
            for partner in partners
        ]

    def _get_card_records(self, call_sudo):
        """Return the customer's open records of other models, such as orders and tasks."""
        linked = self.env["telephony.linked.model"]
        partner = self.env["res.partner"].browse(call_sudo.partner_id.id)
        records = linked._find_of_customer(partner, call_sudo.customer_number, call_sudo.company_id)
        return [linked._to_row(record) for record in records]

    def _get_card_activities(self, partner_sudo, leads):
        """Return the open activities of the customer, the most urgent first."""
        partner = self.env["res.partner"].browse(partner_sudo.id)
        domain = Domain("res_model", "=", "crm.lead") & Domain("res_id", "in", leads.ids)
        if partner and partner.has_access("read"):
            domain |= Domain("res_model", "=", "res.partner") & Domain("res_id", "=", partner.id)
        activities = self.env["mail.activity"].search(domain, order="date_deadline", limit=ROWS)
        return [
            {
                "id": activity.id,
                "name": activity.summary or activity.activity_type_id.name,
                "icon": activity.activity_type_id.icon or "fa-tasks",
                "date": fields.Date.to_string(activity.date_deadline),
                "user_name": activity.user_id.name or False,
                "record": {
                    "model": activity.res_model,
                    "id": activity.res_id,
                    "name": activity.res_name,
                },
            }
            for activity in activities
        ]

    def _get_route(self):
        """Return the route of an incoming call so far, as sentences."""
        if self.direction != "incoming":
            return []
        return self.timeline_ids.mapped("text")[-ROUTE_LINES:]

    # ---------------------------------------------------------
    # FOLLOW-UPS
    # ---------------------------------------------------------

    # Follow-ups: activities planned after a call.

    # === RPC === #

    @api.model
    @door()
    @check_arguments
    def schedule_follow_up(self, uuid, kind, values):
        """Schedule an activity after a call: on its opportunity, its contact, or the call itself.

        :param str uuid: a call that the current user has, or has handed over
        :param str kind: `call` or `task`
        :param dict values: `date` (`YYYY-MM-DD`), `summary`, and optionally `note` and `user_id`;
            `start` (`YYYY-MM-DD HH:MM:SS`, UTC) for a fixed hour, and `alarm_id` for a reminder
            before it; `res_model` (`res.partner` or `crm.lead`) and `name` to save an unknown
            customer in the same step
        :raise UserError: the date or time is invalid, the customer is known already, or the user
            cannot do the activity
        :raise AccessError: the current user may not create such a record
        :return: `activity_id`, and the `record` it is linked to
        :rtype: dict
        """
        call_sudo, _part_sudo = self._get_part_sudo(uuid)
        if kind not in ACTIVITY_TYPES:
            raise UserError(self.env._("A follow-up must be a call or a task."))
        date, start = self._get_follow_up_moment(values)
        if values.get("res_model"):
            call_sudo._save_customer(values["res_model"], values.get("name"))
        record = call_sudo._get_follow_up_record()
        assignee = self._get_assignee(values.get("user_id") or self.env.uid, record)
        # sudo: mail.activity - the user of the call may plan it, even if only the sales team may
        # edit the contact
        activity_sudo = record.sudo().activity_schedule(
            ACTIVITY_TYPES[kind],
            date_deadline=date,
            summary=(values.get("summary") or "").strip() or False,
            note=values.get("note") or False,
            user_id=assignee.id,
        )
        if start:
            alarm = self.env["calendar.alarm"].browse(values.get("alarm_id") or [])
            activity_sudo._schedule_telephony_event(start, alarm.exists())
        # The record may be open in another tab.
        call_sudo._notify_participants()
        return {
            "activity_id": activity_sudo.id,
            "record": {
                "model": record._name,
                "id": record.id,
                "name": record.display_name,
            },
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_assignee(self, user_id, record):
        """Return the user who is assigned to a follow-up.

        :param int user_id: an internal user
        :param record: the record of the follow-up, which that user has to be able to read
        :raise UserError: no such user
        """
        domain = [("id", "=", user_id), ("share", "=", False)]
        user = self.env["res.users"].search(domain) if isinstance(user_id, int) else None
        if not user or not record.with_user(user).has_access("read"):
            raise UserError(self.env._("The follow-up cannot be assigned to this person."))
        return user

    @api.model
    def _get_follow_up_moment(self, values):
        """Return the date of a follow-up, and the time if it has one.

        :param dict values: see `schedule_follow_up`
        :raise UserError: there is no date, or the time is not on it
        :return: the date in the user's time zone, and a naive datetime in UTC or None
        :rtype: tuple
        """
        try:
            date = fields.Date.to_date(values.get("date"))
            start = fields.Datetime.to_datetime(values.get("start") or None)
        except (TypeError, ValueError):
            date = start = None
        # No time zone is farther than 14 hours from UTC.
        noon = date and fields.Datetime.to_datetime(date).replace(hour=12)
        if not date or (start and abs((start - noon).total_seconds()) > 26 * 3600):
            raise UserError(self.env._("Choose the date of the follow-up."))
        return date, start

    def _save_customer(self, res_model, name):
        """Save the unknown customer of this call, with the current user's rights.

        Note: `self.ensure_one()`

        :param str res_model: `res.partner` or `crm.lead`
        :param str name: the customer's name; the number, if it is empty
        :raise UserError: the model is neither, or the customer is known already or hidden
        """
        self.ensure_one()
        if res_model not in ("res.partner", "crm.lead"):
            raise UserError(self.env._("A caller can only be saved as a contact or a lead."))
        if self._get_linked_records() or not self.customer_number:
            raise UserError(
                self.env._("This call has a contact or a lead already, or a hidden number.")
            )
        number = self._format_number(self.customer_number)
        name = (name or "").strip() or number
        values = {
            "phone": number,
            "city": self.caller_city,
            "country_id": self.caller_country_id.id,
            "name": name,
        }
        if res_model == "crm.lead":
            values |= {
                "name": self.env._("Call with %s", name),
                "contact_name": name if name != number else False,
                "company_id": self.company_id.id,
            }
        self._link(self._get_my_env()[res_model].create(values))

    def _get_my_env(self):
        """Return the environment of the current user, with that user's rights."""
        return self.env(user=self.env.uid, su=False)

    def _get_follow_up_record(self):
        """Return the most specific record of the call that the current user may read.

        Note: `self.ensure_one()`

        :return: the call itself, if there is none
        """
        self.ensure_one()
        for linked in [*self._get_linked_records(), self]:
            record = linked.with_env(self._get_my_env())
            # An order or ticket of another addon may have no activities.
            if record.has_access("read") and hasattr(record, "activity_schedule"):
                break
        return record

    # ---------------------------------------------------------
    # DUE CALLS
    # ---------------------------------------------------------

    # The calls an agent has to make: due activities, and callbacks to unknown callers.

    @api.model
    def due_calls(self):
        """Return the calls that the current user has to make, the most urgent first.

        :return: dictionaries with `key`, `activity_id`, `callback_id`, `record`, `name`, `number`,
            `number_display`, `summary`, `deadline` (`YYYY-MM-DD`), the hour `start` or False, if
            it `is_today` for the user, `state` (`overdue`, `today` or `planned`), `tried_at`, and
            the `reason` why it cannot be called
        :rtype: list(dict)
        """
        self.env["telephony.agent"]._ensure_own_agent()
        activities = self.env["mail.activity"].search(
            [
                ("user_id", "=", self.env.uid),
                ("activity_type_id.category", "=", "phonecall"),
                ("res_model", "!=", False),
            ],
            order="date_deadline, id",
            limit=DUE_COUNT,
        )
        callbacks = self.env["telephony.callback"].search(
            [
                ("user_id", "=", self.env.uid),
                ("state", "=", "open"),
                ("company_id", "in", self.env["telephony.agent"]._get_my_companies().ids),
            ],
            limit=DUE_COUNT,
        )
        of_activity = {
            callback.activity_id.id: callback for callback in callbacks if callback.activity_id
        }
        # sudo: telephony.call - only the last attempts at the user's own due calls, by any user
        tried = dict(
            self.sudo()._read_group(
                [("activity_id", "in", activities.ids)], ["activity_id"], ["started_at:max"]
            )
        )
        rows = [
            self._get_due_activity(
                activity, of_activity.get(activity.id, callbacks.browse()), tried
            )
            for activity in activities
        ] + [self._get_due_callback(callback) for callback in callbacks if not callback.activity_id]
        rank = {"overdue": 0, "today": 1, "planned": 2}
        return sorted(
            rows, key=lambda row: (rank[row["state"]], row["deadline"], row["start"] or "")
        )

    @api.model
    def _get_due_activity(self, activity, callback, tried):
        """Return the due-call entry of an activity.

        :param callback: the callback of the activity, possibly empty
        :param dict tried: activity -> time of the last attempt
        """
        record = self.env[activity.res_model].browse(activity.res_id)
        readable = record if record.exists() and record.has_access("read") else None
        owner, number = (
            (None, callback.customer_number) if callback else self._get_due_number(readable)
        )
        tried_at = max(filter(None, (tried.get(activity), callback.last_attempt_at)), default=None)
        return {
            "key": f"activity-{activity.id}",
            "activity_id": activity.id,
            "callback_id": callback.id,
            "record": {
                "model": record._name,
                "id": record.id,
                "name": readable.display_name,
            }
            if readable
            else False,
            "name": self._get_due_name(readable, owner) or activity.res_name or "",
            "summary": activity.summary or False,
            "deadline": fields.Date.to_string(activity.date_deadline),
            "start": fields.Datetime.to_string(activity.calendar_event_id.start) or False,
            "is_today": activity.date_deadline == fields.Date.context_today(activity),
            "state": "overdue" if callback.is_overdue else activity.state,
            **self._get_due_number_data(number, tried_at),
        }

    @api.model
    def _get_due_callback(self, callback):
        """Return the due-call entry of a callback without contact and opportunity."""
        today = fields.Date.context_today(callback)
        deadline = fields.Datetime.context_timestamp(callback, callback.due_at).date()
        state = "today" if deadline <= today else "planned"
        return {
            "key": f"callback-{callback.id}",
            "activity_id": False,
            "callback_id": callback.id,
            "record": {
                "model": callback._name,
                "id": callback.id,
                "name": callback.customer_display,
            },
            "name": callback.customer_display,
            "summary": callback._get_activity_summary(),
            "deadline": fields.Date.to_string(deadline),
            "start": False,
            "is_today": deadline == today,
            "state": "overdue" if callback.is_overdue else state,
            **self._get_due_number_data(callback.customer_number, callback.last_attempt_at),
        }

    @api.model
    def _get_due_number_data(self, number, tried_at):
        sanitized = self._normalize(number, self.env.company.country_id)
        return {
            "number": number or False,
            "number_display": self._format_number(sanitized) or number or False,
            "tried_at": fields.Datetime.to_string(tried_at) if tried_at else False,
            "reason": False if number else self.env._("This record has no phone number."),
        }

    @api.model
    def _get_due_number(self, record):
        """Return who to call about a record, and the number: its own, or else its contact's.

        :param record: a readable record, or None
        """
        if record is None:
            return None, False
        if record._name == "telephony.call":
            return record, record.customer_number
        partner = record.partner_id if "partner_id" in record._fields else None
        for owner in (record, partner):
            if not owner or not owner.has_access("read"):
                continue
            names = (
                owner._phone_get_number_fields()
                if hasattr(owner, "_phone_get_number_fields")
                else ["phone"]
            )
            for name in names:
                if name in owner._fields and owner[name]:
                    return owner, owner[name]
        return None, False

    @api.model
    def _get_due_name(self, record, owner):
        """Return the best known name of the person to call."""
        if record is None:
            return ""
        if record._name == "crm.lead":
            return record.partner_id.name or record.contact_name or record.partner_name
        if record._name == "telephony.call":
            return record.customer_display
        if owner and owner._name == "res.partner":
            return owner.name or owner.display_name
        return record.display_name

    # ---------------------------------------------------------
    # PRIVACY
    # ---------------------------------------------------------

    def _anonymize(self, user=None):
        self._drop_log_notes(self._get_log_notes())
        super()._anonymize(user)
        # Last, because the feedback follows every change of the call.
        self._forget_feedback()

    def _forget_feedback(self):
        """Remove the feedback of these calls from the activities that they completed."""
        activities = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            .search([("telephony_call_id", "in", self.ids)])
        )
        activities.telephony_message_id.unlink()
        activities.feedback = False

    def _forget_number(self, number):
        super()._forget_number(number)
        self._update_log()
