from odoo import api, fields, models

from ...tools.language import to_language_tag
from .telephony_flow_step import EXIT_FIELDS

# Fields whose change the open pages of phone users learn of.
SHOWN_FIELDS = {"active", "name"}


class TelephonyFlow(models.Model):
    """A call flow: the steps of an incoming call."""

    _name = "telephony.flow"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Flow"
    _order = "name"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        immutable=True,
        default=lambda self: self.env.company,
    )
    language = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="Language of the messages that callers hear.",
    )
    step_ids = fields.One2many("telephony.flow.step", "flow_id", "Steps", copy=True)
    number_ids = fields.One2many("telephony.number", "flow_id", "Numbers")

    # === CRUD METHODS === #

    def copy(self, default=None):
        if "language" not in (default or {}):
            installed = dict(self.env["res.lang"].get_installed())
            lost = self.filtered(lambda flow: flow.language not in installed)
            if lost and len(self) > 1:
                return self.browse().concat(*(flow.copy(default) for flow in self))
            if lost:
                # Odoo refuses a deactivated language for a new record.
                default = {**(default or {}), "language": self.env.lang or "en_US"}
        copies = super().copy(default)
        for flow, copied in zip(self, copies, strict=True):
            if "step_ids" not in (default or {}):
                flow._copy_exits_to(copied)
        return copies

    def write(self, vals):
        result = super().write(vals)
        if SHOWN_FIELDS & vals.keys():
            self._notify_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_agents(self):
        self._notify_changed()

    # === BUSINESS METHODS === #

    def _notify_changed(self):
        """Make the open pages of those concerned read again what happens to incoming calls."""
        # sudo: telephony.flow - only to notify the pages, which read what they may read
        flows_sudo = self.sudo()
        (flows_sudo.number_ids.agent_ids | flows_sudo.step_ids.agent_ids)._notify_rights()

    def _copy_exits_to(self, copied):
        """Connect the steps of a copy in the same way as in this flow. Note: `self.ensure_one()`

        :param copied: the flow with the copied steps, in the order of their ids
        """
        steps = self.step_ids.sorted("id")
        twins = dict(zip(steps, copied.step_ids.sorted("id"), strict=True))
        for step, twin in twins.items():
            twin.write({name: twins[step[name]].id for name in EXIT_FIELDS if step[name] in twins})
            targets = {key.key: key.target_step_id for key in step.key_ids}
            for key in twin.key_ids:
                key.target_step_id = twins.get(targets[key.key], False)

    def _get_first_step(self):
        if not self.id:
            # A form is being edited, whose steps may not be saved yet.
            return self.step_ids.sorted()[:1]
        # `step_ids` would need a second query for the fields of the steps.
        return self.env["telephony.flow.step"].search_fetch([("flow_id", "=", self.id)], limit=1)

    def _get_speech_language(self):
        """Return the language of spoken texts in the provider's format, such as `en-US`."""
        return to_language_tag(self.language)
