from odoo import api, fields, models
from odoo.fields import Domain

# Phone fields that common addons add without declaring them in `_phone_get_number_fields`:
# OCA's partner_phone_secondary.
UNDECLARED_FIELDS = ("phone2",)
INDEXED = "crm_telephony.indexed_phone_fields"
INDEXED_AT_ONCE = 500


class ResPartner(models.Model):
    """All numbers of a contact: the first is `phone_sanitized`, the others are rows of an index."""

    _inherit = "res.partner"

    telephony_number_ids = fields.One2many(
        "telephony.contact.number", "partner_id", groups=fields.NO_ACCESS, copy=False
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Index the further numbers of the contacts."""
        partners = super().create(vals_list)
        partners._telephony_index_numbers()
        return partners

    def write(self, vals):
        """Index the further numbers of the contacts if one may have changed."""
        result = super().write(vals)
        if not self._telephony_get_number_triggers().isdisjoint(vals):
            self._telephony_index_numbers()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _telephony_get_number_fields(self):
        """Return the stored fields that contain a number of a contact, the preferred one first.

        :rtype: list(str)
        """
        names = [*self._phone_get_number_fields(), *UNDECLARED_FIELDS]
        return [
            name
            for name in dict.fromkeys(names)
            if name in self._fields and self._fields[name].store
        ]

    @api.model
    def _telephony_get_number_triggers(self):
        return {*self._telephony_get_number_fields(), *self._phone_get_sanitize_triggers()}

    @api.model
    def _telephony_get_callable_domain(self):
        """Return the domain of the contacts that have any number."""
        return Domain.OR(Domain(name, "!=", False) for name in self._telephony_get_number_fields())

    def _telephony_get_numbers(self):
        """Return the numbers of a contact and the fields that contain them.

        Note: `self.ensure_one()`

        :return: E.164 -> name of the field
        :rtype: dict
        """
        self.ensure_one()
        names = self._telephony_get_number_fields()
        if len(names) < 2:
            return {self.phone_sanitized: names[0]} if self.phone_sanitized else {}
        numbers = {}
        for name in names:
            number = self._phone_format(fname=name)
            if number:
                numbers.setdefault(number, name)
        return numbers

    def _telephony_index_numbers(self):
        """Update the rows of the further numbers of these contacts."""
        if len(self._telephony_get_number_fields()) < 2:
            return
        # sudo: res.partner, telephony.contact.number - an index that only the look-up reads
        partners_sudo = self.sudo()
        wanted = {
            (partner_sudo.id, number)
            for partner_sudo in partners_sudo
            for number in partner_sudo._telephony_get_numbers()
            if number != partner_sudo.phone_sanitized
        }
        rows_sudo = partners_sudo.env["telephony.contact.number"].search(
            [("partner_id", "in", self.ids)]
        )
        kept_sudo = rows_sudo.filtered(lambda row: (row.partner_id.id, row.number) in wanted)
        (rows_sudo - kept_sudo).unlink()
        new = wanted - {(row_sudo.partner_id.id, row_sudo.number) for row_sudo in kept_sudo}
        rows_sudo.create(
            [{"partner_id": partner_id, "number": number} for partner_id, number in sorted(new)]
        )

    # === JOBS === #

    def _register_hook(self):
        """Index all contacts again if an addon has added or removed a phone field."""
        super()._register_hook()
        cron = self.env.ref("crm_telephony.ir_cron_index_numbers", raise_if_not_found=False)
        if cron and not self._telephony_is_indexed():
            cron._trigger()

    @api.model
    def _telephony_is_indexed(self):
        """Return whether the index has been built from the phone fields that there are now."""
        # sudo: ir.config_parameter - one value of the addon's own
        indexed = self.env["ir.config_parameter"].sudo().get_param(INDEXED)
        names = self._telephony_get_number_fields()
        return indexed == ",".join(names) or (not indexed and len(names) < 2)

    @api.model
    def _cron_telephony_index_numbers(self):
        """Index the numbers of all contacts, if the phone fields are no longer the indexed ones."""
        if self._telephony_is_indexed():
            return
        names = ",".join(self._telephony_get_number_fields())
        # sudo: ir.config_parameter - the addon's own values
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        # An interrupted run continues after its last contact.
        progress, _sign, last = (parameters_sudo.get_param(f"{INDEXED}.progress") or "").partition(
            ":"
        )
        last_id = int(last) if progress == names and last else 0
        if not last_id:
            self.env.cr.execute("DELETE FROM telephony_contact_number")
            self.env["telephony.contact.number"].invalidate_model()
        contacts = self.with_context(active_test=False)
        domain = self._telephony_get_callable_domain()
        while partners := contacts.search(
            domain & Domain("id", ">", last_id), limit=INDEXED_AT_ONCE, order="id"
        ):
            partners._telephony_index_numbers()
            last_id = partners[-1].id
            parameters_sudo.set_param(f"{INDEXED}.progress", f"{names}:{last_id}")
            if not self.env["ir.cron"]._commit_progress(len(partners)):
                return
        parameters_sudo.set_param(f"{INDEXED}.progress", False)
        parameters_sudo.set_param(INDEXED, names)
