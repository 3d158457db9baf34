from ast import literal_eval

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import formatLang

# Maximum characters and comparisons of a condition. They also limit its nesting.
LENGTH, COMPARISONS = 2000, 50
LABELS = frozenset({"id", "name", "display_name", "complete_name", "code", "active"})
# Fields that a condition may use: those of the caller, and the names of linked records. None: each
# field that the author of the condition may read.
CONDITION_FIELDS = {
    "res.partner": None,
    "crm.lead": None,
    "crm.lost.reason": LABELS,
    "crm.stage": LABELS | {"is_won", "sequence"},
    "crm.tag": LABELS,
    "crm.team": LABELS,
    "res.company": LABELS,
    "res.country": LABELS,
    "res.country.group": LABELS,
    "res.country.state": LABELS | {"country_id"},
    "res.partner.category": LABELS | {"parent_id"},
    "res.partner.industry": LABELS,
    "res.users": LABELS | {"login"},
    "utm.campaign": LABELS,
    "utm.medium": LABELS,
    "utm.source": LABELS,
}
CONDITION_VALUES = {"kind", "condition_model", "condition_domain"}


class TelephonyFlowStep(models.Model):
    """The condition of a step: a domain on the caller, evaluated with its author's rights."""

    _inherit = "telephony.flow.step"

    condition_model = fields.Selection(
        [("res.partner", "Contact"), ("crm.lead", "Opportunity")],
        "Applies To",
        default="res.partner",
    )
    condition_domain = fields.Char("Condition", default="[]")
    condition_user_id = fields.Many2one(
        "res.users",
        "Condition Author",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The user who wrote the condition. It is evaluated with the access rights of this "
        "user.",
    )

    @api.constrains("kind", "condition_domain", "condition_model")
    def _check_condition(self):
        for step in self:
            if step.kind == "condition":
                step._check_condition_of(self.env.user)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.filtered(lambda step: step.kind == "condition")._note_condition_writer()
        return steps

    def write(self, vals):
        result = super().write(vals)
        if CONDITION_VALUES & vals.keys():
            self.filtered(lambda step: step.kind == "condition")._note_condition_writer()
        return result

    def _note_condition_writer(self):
        # sudo: telephony.flow.step - only the current user becomes the author, never another user
        self.sudo().condition_user_id = self.env.uid

    # === BUSINESS METHODS === #

    def _check_condition_of(self, user):
        """Check that a condition is valid, and uses only fields that its author may read.

        Note: `self.ensure_one()`

        :param user: the user with whose access rights the condition is evaluated
        :raise ValidationError: the condition is refused
        """
        self.ensure_one()
        model = self._with_condition_user(user, self.env[self.condition_model or "res.partner"])
        try:
            domain = self._parse_condition()
            if self._check_condition_domain(model, domain) > COMPARISONS:
                raise UserError(
                    self.env._("It has more than %(count)s criteria.", count=COMPARISONS)
                )
            domain.validate(model)
        except (
            UserError,
            RecursionError,
            MemoryError,
            ValueError,
            SyntaxError,
            TypeError,
            KeyError,
            AttributeError,
            NotImplementedError,
        ) as error:
            if isinstance(error, UserError):
                raise ValidationError(
                    self.env._(
                        "The condition of “%(name)s” is not allowed. %(reason)s",
                        name=self.name,
                        reason=error.args[0],
                    )
                ) from error
            raise ValidationError(
                self.env._("The condition of “%(name)s” is not valid.", name=self.name)
            ) from error

    def _parse_condition(self):
        text = self.condition_domain or "[]"
        if len(text) > LENGTH:
            raise UserError(
                self.env._(
                    "It is longer than %(length)s characters.",
                    length=formatLang(self.env, LENGTH, digits=0),
                )
            )
        return Domain(literal_eval(text))

    def _check_condition_domain(self, model, domain):
        """Check the fields of a condition, including those in nested domains.

        :param model: the model, in the environment of the condition's author
        :param Domain domain: the domain on that model
        :return: the number of comparisons
        :rtype: int
        :raise UserError: the condition uses a forbidden field
        """
        count = 0
        for condition in domain.iter_conditions():
            count += 1
            comodel = self._check_condition_path(model, condition.field_expr)
            if condition.operator in ("any", "not any"):
                count += self._check_condition_domain(comodel, Domain(condition.value))
        return count

    def _check_condition_path(self, model, path):
        """Check that a condition may use every field on a path.

        :param model: the model at the beginning of the path
        :param str path: the field path, such as `country_id.code`
        :return: the model of the last field; None if it is not relational
        :raise UserError: the path contains a forbidden field
        """
        field = comodel = None
        for name in path.split("."):
            if field is not None and comodel is None:
                # A date part or a property belongs to the preceding field.
                if field.type in ("date", "datetime", "properties"):
                    return None
                raise UserError(self._explain_condition_field(path))
            target = model if comodel is None else comodel
            allowed = CONDITION_FIELDS.get(target._name, frozenset())
            field = target._fields.get(name)
            is_allowed = field is not None and (allowed is None or name in allowed)
            if (
                not is_allowed
                or not target.has_access("read")
                or (not target._has_field_access(field, "read"))
            ):
                raise UserError(self._explain_condition_field(path))
            comodel = model.env[field.comodel_name] if field.relational else None
            if comodel is not None and comodel._name not in CONDITION_FIELDS:
                raise UserError(self._explain_condition_field(path))
        return comodel

    def _with_condition_user(self, user, records):
        """Return the records in the environment of a user, limited to the company of this step."""
        return records.with_env(
            self.env(
                user=user.id,
                su=False,
                context={
                    **self.env.context,
                    "allowed_company_ids": self.company_id.ids,
                },
            )
        )

    def _explain_condition_field(self, path):
        return self.env._(
            "“%(field)s” cannot be used. Conditions can only use fields of the contact or the "
            "opportunity that you can read, and the names of their linked records.",
            field=path,
        )

    def _get_condition_problem(self, company):
        """Return why the condition cannot be evaluated for calls of a company; None if it can.

        Note: `self.ensure_one()`

        :param company: the company of the calls
        :return: code and values of a sentence of the timeline
        :rtype: tuple(str, dict) | None
        """
        self.ensure_one()
        # sudo: res.users - only whether the author of the condition still has access
        user_sudo = self.condition_user_id.sudo()
        if not user_sudo:
            return "condition_without_author", {"step": self.name}
        if user_sudo.id != SUPERUSER_ID and not (
            user_sudo.active and company in user_sudo.company_ids
        ):
            return "condition_author_left", {
                "step": self.name,
                "user": user_sudo.name,
                "company": company.name,
            }
        try:
            self._check_condition_of(user_sudo)
        except ValidationError:
            return "condition_author_restricted", {"step": self.name, "user": user_sudo.name}
        return None

    def _is_condition_met(self, record):
        """Return whether the caller meets the condition, with the access rights of its author.

        In a simulation, the user who runs it needs access to the caller, too.

        :param record: the contact or the opportunity, possibly empty
        :raise AccessError: the record may not be read
        :rtype: bool
        """
        if not record:
            return False
        users = self.condition_user_id
        if "telephony_moment" in self.env.context:
            users |= self.env.user
        for user in users:
            own = self._with_condition_user(user, record)
            own.check_access("read")
            if not own.filtered_domain(self._parse_condition()):
                return False
        return True

    # === ENGINE === #

    def _enter_condition(self, call):
        record = call.lead_id if self.condition_model == "crm.lead" else call.partner_id
        is_met, problem = False, self._get_condition_problem(call.company_id)
        if not problem:
            try:
                is_met = self._is_condition_met(record)
            except AccessError:
                problem = "condition_unreadable", {"step": self.name}
        result = "condition_met" if is_met else "condition_not_met"
        code, values = problem or (result, {"step": self.name})
        call._add_timeline(code, **values)
        return "yes" if is_met else "no"

    def _check_problems_condition(self):
        problem = self._get_condition_problem(self.company_id)
        if problem:
            yield self.env["telephony.call.timeline"]._render(*problem)
