from odoo import api, models
from odoo.exceptions import AccessError, UserError


class TelephonyGuardMixin(models.AbstractModel):
    """Rules for every write to a telephony record, through any interface.

    * A related record belongs to the same company (`check_company=True` on the field).
    * A field with `immutable=True` keeps its initial value. Access rules check only the values
      before a change; a change of company, flow or call would bypass them.
    * Users write the fields that a form can write. A `readonly` field belongs to the addon's own
      code, which writes it as superuser.
    """

    _name = "telephony.guard.mixin"
    _description = "Telephony Record Guard"
    _check_company_auto = True

    @api.model
    def _valid_field_parameter(self, field, name):
        return name == "immutable" or super()._valid_field_parameter(field, name)

    @api.model
    def _has_field_access(self, field, operation):
        is_kept = operation == "write" and field.readonly and not self.env.su
        return not is_kept and super()._has_field_access(field, operation)

    @api.model
    def _check_field_access(self, field, operation):
        if (
            operation == "write"
            and super()._has_field_access(field, operation)
            and (not self._has_field_access(field, operation))
        ):
            raise AccessError(
                self.env._(
                    "The field “%(field)s” of “%(model)s” is managed by the system and cannot be "
                    "edited.",
                    field=field._description_string(self.env),
                    model=self._description,
                )
            )
        super()._check_field_access(field, operation)

    def write(self, vals):
        for name in vals:
            if getattr(self._fields.get(name), "immutable", False):
                self._check_unchanged(self._fields[name], vals[name])
        return super().write(vals)

    def _check_unchanged(self, field, value):
        """Refuse a change of an immutable field.

        :param field: an immutable field
        :param value: value to write
        :raise UserError: the value differs from the stored one
        """
        # sudo: telephony.guard.mixin - values are compared and not returned
        for record_sudo in self.sudo():
            old = field.convert_to_cache(record_sudo[field.name], record_sudo)
            if field.convert_to_cache(value, record_sudo) != old:
                raise UserError(
                    self.env._(
                        "The field “%(field)s” of “%(model)s” cannot be changed after creation. "
                        "Create a new record instead.",
                        field=field._description_string(self.env),
                        model=self._description,
                    )
                )
