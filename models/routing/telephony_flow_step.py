from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import formatLang

from ...tools.language import LONGEST_TEXT
from ..arguments import check_one

EXIT_FIELDS = (
    "next_step_id",
    "else_step_id",
    "no_answer_step_id",
    "full_step_id",
    "not_available_step_id",
)

# Fields that decide what happens to a call, whose change open pages learn of.
SHOWN_FIELDS = {"agent_ids", "flow_id", "kind", "queue_id", "sequence", "target_flow_id"}


class TelephonyFlowStep(models.Model):
    """One step of a flow: its settings, and the steps behind its exits.

    An exit without a step plays a message and hangs up. The behavior of each kind of step is in
    `telephony_flow_step_engine.py`.
    """

    _name = "telephony.flow.step"
    _inherit = ["telephony.ring.strategy.mixin"]
    _description = "Call Flow Step"
    _order = "sequence, id"

    flow_id = fields.Many2one(
        "telephony.flow", required=True, ondelete="cascade", index=True, immutable=True
    )
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    active = fields.Boolean(
        default=True,
        help="A removed step is kept for the callers who are in it, and to undo the removal.",
    )
    kind = fields.Selection(
        [
            ("hours", "Business Hours"),
            ("menu", "Menu"),
            ("condition", "Caller Condition"),
            ("ring", "Ring Phone Users"),
            ("queue", "Queue"),
            ("flow", "Continue in Another Flow"),
            ("forward", "Forward to a Number"),
            ("voicemail", "Voicemail"),
            ("message", "Play Message and Hang Up"),
            ("reject", "Reject Call"),
        ],
        string="Type",
        required=True,
        default="ring",
    )
    # Ring
    agent_ids = fields.Many2many(
        "telephony.agent",
        string="Phone Users",
        check_company=True,
        help="Phone users to ring. For voicemail: users who can listen to the messages.",
    )
    ring_strategy = fields.Selection(
        [
            ("parallel", "All at Once"),
            ("sequential", "In List Order"),
            ("longest_idle", "Longest Idle First"),
            ("round_robin", "Round Robin"),
        ],
        required=True,
        default="parallel",
        help="In List Order: in the order of the list of phone users, which you can change by "
        "dragging. Longest Idle First: starts with the phone user whose last call ended, or "
        "who came online, the longest time ago. Round Robin: each call starts with the "
        "phone user after the one who was rung first for the previous call.",
    )
    owner_first = fields.Boolean(
        "Salesperson First",
        help="If available, ring the salesperson of the caller's opportunity or contact first.",
    )
    ring_seconds = fields.Integer(
        "Ring Time (Seconds)", default=20, help="How long each phone rings, from 5 to 120 seconds."
    )
    # Queue
    queue_id = fields.Many2one("telephony.queue", check_company=True, ondelete="restrict")
    # Another flow
    target_flow_id = fields.Many2one(
        "telephony.flow",
        check_company=True,
        ondelete="restrict",
        domain="[('id', '!=', flow_id)]",
        help="The call continues at the first step of this flow, in its language.",
    )
    # Hours
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Business Hours",
        ondelete="restrict",
        check_company=True,
        help="The calendar's time zone and public holidays apply.",
    )
    # Menu
    key_ids = fields.One2many("telephony.flow.key", "step_id", "Keys", copy=True)
    repeat = fields.Integer(default=2, help="How many times the menu is played.")
    # Forward
    forward_number = fields.Char("Forward To", help="With country code, e.g. +32470123456.")
    shows_caller = fields.Boolean(
        "Show the Caller's Number",
        help="The phone shows who is calling in place of your company's number. A caller with a "
        "hidden number is shown with your company's number.",
    )
    # Message
    message = fields.Text(help="Text that callers hear, in the language of the flow.")
    sound_id = fields.Many2one(
        "telephony.sound",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Played instead of the text. If Twilio cannot play it, callers hear the text.",
    )
    # Voicemail
    max_seconds = fields.Integer(
        "Maximum Length", default=180, help="Maximum length of a message, from 10 to 600 seconds."
    )
    # Exits
    next_step_id = fields.Many2one(
        "telephony.flow.step",
        "If Yes",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
        help="If open, or if the condition is met.",
    )
    else_step_id = fields.Many2one(
        "telephony.flow.step",
        "If No",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
        help="If closed, or if the condition is not met.",
    )
    no_answer_step_id = fields.Many2one(
        "telephony.flow.step",
        "If No Answer",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
    )
    full_step_id = fields.Many2one(
        "telephony.flow.step",
        "If the Queue Is Full",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
    )
    not_available_step_id = fields.Many2one(
        "telephony.flow.step",
        "If No One Is Available",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
    )

    _ring_seconds_range = models.Constraint(
        "CHECK (kind != 'ring' OR ring_seconds BETWEEN 5 AND 120)",
        "The ring time must be between 5 and 120 seconds.",
    )

    _repeat_range = models.Constraint(
        "CHECK (kind != 'menu' OR repeat BETWEEN 1 AND 10)",
        "A menu must be played one to ten times.",
    )

    _max_seconds_range = models.Constraint(
        "CHECK (kind != 'voicemail' OR max_seconds BETWEEN 10 AND 600)",
        "The maximum length must be between 10 and 600 seconds.",
    )

    @api.constrains("kind", "agent_ids")
    def _check_recipients(self):
        for step in self:
            if step.kind in ("ring", "voicemail") and not step.agent_ids:
                raise ValidationError(
                    self.env._("Choose the phone users of “%(name)s”.", name=step.name)
                )

    @api.constrains("kind", "calendar_id", "forward_number")
    def _check_decision(self):
        for step in self:
            if step.kind == "hours" and not step.calendar_id:
                raise ValidationError(
                    self.env._("Choose the business hours of “%(name)s”.", name=step.name)
                )
            if step.kind == "forward":
                number = step.forward_number or ""
                if (
                    number[:1] != "+"
                    or self.env["telephony.call"]._normalize(number, self.env["res.country"])
                    != number
                ):
                    raise ValidationError(
                        self.env._(
                            "Enter the number of “%(name)s” with its country code, e.g. "
                            "+32470123456.",
                            name=step.name,
                        )
                    )
                sentence = step._get_forward_refusal()
                if sentence:
                    raise ValidationError(
                        self.env._(
                            "“%(name)s” cannot forward calls. %(reason)s",
                            name=step.name,
                            reason=sentence,
                        )
                    )

    @api.constrains("kind", "queue_id")
    def _check_queue(self):
        for step in self:
            if step.kind == "queue" and not step.queue_id:
                raise ValidationError(self.env._("Choose the queue of “%(name)s”.", name=step.name))

    @api.constrains("kind", "target_flow_id")
    def _check_target_flow(self):
        for step in self:
            if step.kind == "flow" and not step.target_flow_id:
                raise ValidationError(
                    self.env._("Choose the flow in which “%(name)s” continues.", name=step.name)
                )

    @api.constrains(*EXIT_FIELDS)
    def _check_exits(self):
        for step in self:
            for name in EXIT_FIELDS:
                if step[name] and step[name].flow_id != step.flow_id:
                    raise ValidationError(
                        self.env._(
                            "“%(name)s” and the steps it leads to must be in the same flow.",
                            name=step.name,
                        )
                    )

    @api.constrains("message")
    def _check_message_length(self):
        for step in self:
            if len(step.message or "") > LONGEST_TEXT:
                raise ValidationError(
                    self.env._(
                        "The message of “%(name)s” is too long to be spoken: it may have at most "
                        "%(count)s characters.",
                        name=step.name,
                        count=formatLang(self.env, LONGEST_TEXT, digits=0),
                    )
                )

    @api.constrains("kind", "message", "sound_id")
    def _check_message(self):
        for step in self:
            if step.kind == "message" and not step.sound_id and not (step.message or "").strip():
                raise ValidationError(
                    self.env._("Enter the message that callers hear in “%(name)s”.", name=step.name)
                )

    # === COMPUTE METHODS === #

    @api.depends("name", "flow_id.name")
    @api.depends_context("telephony_with_flow")
    def _compute_display_name(self):
        """Show the flow, too, where steps of several flows are listed."""
        super()._compute_display_name()
        if self.env.context.get("telephony_with_flow"):
            for step in self:
                step.display_name = f"{step.flow_id.name} › {step.name}"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.flow_id._notify_changed()
        return steps

    def write(self, vals):
        is_shown = bool({*SHOWN_FIELDS, *EXIT_FIELDS} & vals.keys())
        if "agent_ids" in vals:
            # sudo: telephony.flow.step - only to notify the pages of those who are rung no more
            self.sudo().agent_ids._notify_rights()
        result = super().write(vals)
        if is_shown:
            self.flow_id._notify_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_agents(self):
        self.flow_id._notify_changed()

    # === BUSINESS METHODS === #

    def _get_exit(self, name):
        """Return the step behind an exit; empty if there is none.

        :param str name: `no_answer`, `not_available`, `full`, `yes`, `no`, `begin` (of another
            flow), or `key:` followed by a key
        """
        if name == "begin":
            flow = self.target_flow_id
            is_open = flow.active and flow.company_id == self.company_id
            return flow._get_first_step() if is_open else self.browse()
        if name.startswith("key:"):
            keys = self.key_ids.filtered(lambda key: f"key:{key.key}" == name)
            target = keys.target_step_id
        else:
            target = self[self._get_exit_field(name)]
        # Ignore removed steps and exits into another flow, whatever the tables contain.
        return target.filtered(lambda step: step.active and step.flow_id == self.flow_id)

    def _get_exit_field(self, name):
        """Return the field with the step behind an exit; None if the step has no such field.

        :param str name: see `_get_exit`; not a key
        :rtype: str | None
        """
        field = {"yes": "next_step_id", "no": "else_step_id"}.get(name, f"{name}_step_id")
        return field if field in self._fields else None


class TelephonyFlowKey(models.Model):
    """A key of a menu, and the step that it leads to."""

    _name = "telephony.flow.key"
    _inherit = ["telephony.guard.mixin"]
    _description = "Call Flow Menu Key"
    _order = "key"
    _rec_name = "key"

    step_id = fields.Many2one(
        "telephony.flow.step", required=True, ondelete="cascade", index=True, immutable=True
    )
    flow_id = fields.Many2one(related="step_id.flow_id")
    company_id = fields.Many2one(related="step_id.company_id", store=True)
    key = fields.Selection([(key, key) for key in "1234567890*#"], required=True, default="1")
    label = fields.Char(required=True, help="E.g. Sales. Shown in the timeline of the call.")
    target_step_id = fields.Many2one(
        "telephony.flow.step",
        "Goes To",
        domain="[('flow_id', '=', flow_id), ('id', '!=', step_id)]",
        ondelete="set null",
        check_company=True,
        copy=False,
    )

    _key_unique = models.Constraint(
        "UNIQUE (step_id, key)", "Each key can be used only once per menu. Choose a different key."
    )

    @api.constrains("target_step_id")
    def _check_target_step(self):
        for key in self:
            if key.target_step_id and key.target_step_id.flow_id != key.flow_id:
                raise ValidationError(
                    self.env._(
                        "Key %(key)s of “%(name)s” must lead to a step in the same flow.",
                        key=key.key,
                        name=key.step_id.name,
                    )
                )


class TelephonySound(models.Model):
    """The steps that play a sound."""

    _inherit = "telephony.sound"

    step_ids = fields.One2many("telephony.flow.step", "sound_id", "Steps")
    flow_count = fields.Integer("Call Flows", compute="_compute_flow_count")

    @api.depends("step_ids")
    def _compute_flow_count(self):
        for sound in self:
            sound.flow_count = len(sound.step_ids.flow_id)

    @check_one
    def action_view_flows(self):
        """Open the call flows that play this sound."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Call Flows"),
            "res_model": "telephony.flow",
            "views": [(False, "list"), (False, "form")],
            "domain": [("step_ids.sound_id", "=", self.id)],
        }

    def _get_uses(self):
        steps = self.with_context(active_test=False, telephony_with_flow=True).step_ids
        return [*super()._get_uses(), *(f"“{name}”" for name in steps.mapped("display_name"))]
