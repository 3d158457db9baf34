from dataclasses import dataclass

from odoo import api, models
from odoo.fields import Domain

# Maximum number of records of one model that are offered at the same time.
FOUND = 3
CONTACT, LEAD = "res.partner", "crm.lead"


@dataclass(frozen=True)
class LinkedModel:
    """What calls need to know about a model whose records they can be linked to.

    The model has a chatter, because calls are logged there. Fields that it lacks are ignored.

    :param str icon: of Font Awesome
    :param tuple open_domain: conditions of the records that a customer probably calls about
    :param str partner_field: the customer's contact
    :param tuple number_fields: stored and indexed fields with a number of the record's own, in
        E.164. A caller who is no contact is recognized by it
    :param str name_field: the customer's name, for a record without a contact
    :param str phone_field: the field that gets the number of an unknown caller
    :param str subject_field: the field that gets a subject when a record is created during a call
    :param bool needs_partner: whether only a known contact can have such a record
    :param bool is_automatic: whether an incoming call is linked to the customer's only open record
    """

    icon: str = "fa-file-o"
    open_domain: tuple = ()
    partner_field: str = "partner_id"
    number_fields: tuple = ()
    name_field: str = ""
    phone_field: str = ""
    subject_field: str = ""
    needs_partner: bool = False
    is_automatic: bool = False


class TelephonyLinkedModel(models.AbstractModel):
    """The models whose records calls can be linked to, as far as they are installed.

    Contacts and opportunities have fields of their own on the call. The records of all other
    models are in its fields `res_model` and `res_id`.
    """

    _name = "telephony.linked.model"
    _description = "Models That Calls Are Linked To"

    @api.model
    def _get_linked_models(self):
        """Return the models by their names. Another addon adds its own with `super()`.

        A model that is not installed is ignored, so the addon need not depend on it.

        :rtype: dict
        """
        return {
            CONTACT: LinkedModel(icon="fa-user-o", partner_field=""),
            LEAD: LinkedModel(icon="fa-star-o", open_domain=(("won_status", "=", "pending"),)),
            "sale.order": LinkedModel(
                icon="fa-file-text-o",
                open_domain=(("state", "in", ("draft", "sent", "sale")),),
                needs_partner=True,
            ),
            "project.task": LinkedModel(
                icon="fa-tasks",
                open_domain=(("is_closed", "=", False), ("project_id", "!=", False)),
                subject_field="name",
            ),
            "hr.applicant": LinkedModel(
                icon="fa-id-card-o",
                open_domain=(("application_status", "=", "ongoing"),),
                number_fields=("partner_phone_sanitized",),
                name_field="partner_name",
                phone_field="partner_phone",
            ),
        }

    @api.model
    def _get_installed(self):
        """Return the installed ones of the models, by their names."""
        return {
            name: linked
            for name, linked in self._get_linked_models().items()
            if name in self.env and not self.env[name]._abstract
        }

    @api.model
    def _get_others(self):
        """Return the installed models except contacts and opportunities, by their names."""
        own = (CONTACT, LEAD)
        return {name: one for name, one in self._get_installed().items() if name not in own}

    @api.model
    def _get_label(self, name):
        """Return the name of a model as users see it."""
        # sudo: ir.model - the name of a model is no secret
        return self.env["ir.model"].sudo()._get(name).name

    # === LOOK-UP === #

    @api.model
    def _find_open(self, name, company, condition):
        """Return open records of a model that the user may read.

        :param str name: an installed model
        :param company: the company of the call
        :param Domain condition: what they have in common with the call
        """
        records = self.env[name]
        if not records.has_access("read"):
            return records
        domain = condition & Domain(self._get_linked_models()[name].open_domain)
        if "company_id" in records._fields:
            domain &= Domain("company_id", "in", (company.id, False))
        return records.search(domain, limit=FOUND)

    @api.model
    def _get_customer_domain(self, linked, partner, number):
        """Return the domain of a customer's records.

        :param LinkedModel linked: the model
        :param partner: the customer, possibly empty
        :param str number: E.164, possibly empty
        """
        domain = Domain.FALSE
        if partner and linked.partner_field:
            domain |= Domain(linked.partner_field, "=", partner.id)
        if number:
            domain |= Domain.OR(Domain(field, "=", number) for field in linked.number_fields)
        return domain

    @api.model
    def _find_of_customer(self, partner, number, company, is_automatic=False):
        """Return the customer's open records that the user may read, except opportunities.

        :param partner: the customer, possibly empty
        :param str number: E.164, possibly empty
        :param company: the company of the call
        :param bool is_automatic: only records to which calls are linked automatically
        :rtype: list
        """
        return [
            record
            for name, linked in self._get_others().items()
            if linked.is_automatic or not is_automatic
            if not (domain := self._get_customer_domain(linked, partner, number)).is_false()
            for record in self._find_open(name, company, domain)
        ]

    @api.model
    def _prepare_incoming(self, partner, lead, number, company):
        """Return the values that link an incoming call to the record that the caller can only mean.

        It is the only open record of the models to which calls are linked automatically, or, for a
        caller who is neither contact nor lead, the only open record with the caller's number.

        :param partner: the customer, possibly empty
        :param lead: the customer's only open opportunity, possibly empty
        :param str number: E.164, possibly empty
        :param company: the company of the call
        :rtype: dict
        """
        is_known = bool(partner or lead)
        # sudo: hr.applicant, … - the link does not depend on who takes the call
        found = self.sudo()._find_of_customer(partner, number, company, is_known)
        if len(found) != 1:
            return {}
        values = self._prepare_values(found[0], company)
        return {**values, "partner_id": partner.id or values["partner_id"]}

    @api.model
    def _prepare_outgoing(self, record, company):
        """Return the values that link a call to the record from which it is made.

        The only open opportunity of the customer has nothing to do with such a record.

        :param record: a record that the user may read, or None
        :param company: the company of the call
        :rtype: dict
        """
        if record is None or record._name not in self._get_others():
            return {}
        if not self.env["telephony.call"]._is_of_company(record, company):
            return {}
        return {"res_model": record._name, "res_id": record.id, "lead_id": False}

    @api.model
    def _find_named(self, term, company):
        """Return the open records whose name contains a text, except contacts and opportunities.

        :param str term: part of a name
        :param company: the company of the call
        :rtype: list
        """
        return [
            record
            for name in self._get_others()
            for record in self._find_open(name, company, Domain("display_name", "ilike", term))
        ]

    # === OF ONE RECORD === #

    @api.model
    def _get_record(self, name, record_id):
        """Return a record that still exists of a model that is still installed, or None."""
        if name not in self._get_others():
            return None
        return self.env[name].browse(record_id).exists() or None

    @api.model
    def _get_kind(self, record):
        """Return the icon of a record of another model, and the name of the model."""
        return {
            "icon": self._get_linked_models()[record._name].icon,
            "detail": self._get_label(record._name),
        }

    @api.model
    def _get_partner(self, record):
        """Return the customer of a linked record, possibly empty."""
        linked = self._get_linked_models()[record._name]
        field = record._fields.get(linked.partner_field)
        is_partner = field and field.type == "many2one" and field.comodel_name == CONTACT
        return record[field.name] if is_partner else self.env[CONTACT]

    @api.model
    def _get_customer_name(self, record):
        """Return the customer's name of a linked record without a contact, or an empty text."""
        name = self._get_linked_models()[record._name].name_field
        return (record[name] or "") if name in record._fields else ""

    @api.model
    def _to_row(self, record):
        """Return what the softphone shows of a linked record.

        :rtype: dict
        """
        return {
            "model": record._name,
            "id": record.id,
            "name": record.display_name,
            **self._get_kind(record),
        }

    @api.model
    def _prepare_values(self, record, company):
        """Return the values that link a call to a record of another model.

        :param record: the record
        :param company: the company of the call
        """
        # sudo: sale.order, … - who may read the record may link a call to it and to its customer
        partner_sudo = self._get_partner(record.sudo())
        is_own = self.env["telephony.call"]._is_of_company(partner_sudo, company)
        return {
            "res_model": record._name,
            "res_id": record.id,
            "partner_id": is_own and partner_sudo.id,
        }

    @api.model
    def _unlink_calls(self, names, domain=()):
        """Remove the links of calls to records that will no longer exist.

        :param list names: the models of the records
        :param domain: further conditions of the calls
        """
        # sudo: telephony.call - users cannot write calls; these lose their record
        self.env["telephony.call"].sudo().search([("res_model", "in", names), *domain]).write(
            {"res_model": False, "res_id": False}
        )

    # === CREATION === #

    @api.model
    def _get_creatable(self):
        """Return the other models of which the user can create records during a call.

        :return: dictionaries with `model`, `name` (of the model), `icon` and `needs_contact`
        :rtype: list(dict)
        """
        return [
            {
                "model": name,
                "name": self._get_label(name),
                "icon": linked.icon,
                "needs_contact": linked.needs_partner,
            }
            for name, linked in self._get_others().items()
            if self.env[name].has_access("create")
        ]

    @api.model
    def _get_defaults(self, name, call_sudo):
        """Return the context of a new record, with its defaults for a call.

        The agent checks what the telephone network says before saving it.

        :param str name: an installed model
        :param call_sudo: a call of the user, or one that rings at the user
        :rtype: dict
        """
        linked = self._get_linked_models()[name]
        number = call_sudo._format_number(call_sudo.customer_number)
        partner_sudo = call_sudo.partner_id
        values = {
            linked.subject_field: self.env._("Call with %s", call_sudo.customer_display),
            linked.partner_field: partner_sudo.id,
        }
        if not partner_sudo:
            values |= {linked.phone_field: number, linked.name_field: call_sudo.caller_name}
        fields = self.env[name]._fields
        defaults = {
            f"default_{field}": value
            for field, value in values.items()
            if value and field in fields
        }
        return {**defaults, "telephony_call": call_sudo.uuid}
