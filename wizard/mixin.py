from odoo import api, models


class TelephonyWizardMixin(models.AbstractModel):
    """Dialog about records that its user may read.

    A dialog shows values of a record through related fields. So nothing is computed before the
    access to every record of the dialog is checked. Access rules restrict the dialog itself to the
    user who opened it.
    """

    _name = "telephony.wizard.mixin"
    _description = "Telephony Dialog"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self.new(vals)._check_related_access()
        wizards = super().create(vals_list)
        wizards._check_related_access()
        return wizards

    def write(self, vals):
        for wizard in self:
            self.new(vals, origin=wizard)._check_related_access()
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        self.new(values, origin=self)._check_related_access()
        if not values and not self:
            self.new(self.default_get(list(self._fields)))._check_related_access()
        return super().onchange(values, field_names, fields_spec)

    def _check_related_access(self):
        """Refuse records that the user may not read.

        :raise AccessError: the user may not read one of the records
        """
        if self.env.su:
            return
        for wizard in self:
            for field in wizard._fields.values():
                related = wizard[field.name]._origin if field.relational and field.store else None
                # A user without any right for the model leaves the field empty.
                if related:
                    related.check_access("read")
