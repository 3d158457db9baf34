"""The drawing of a flow: what the web client shows, and each change that it makes."""

from datetime import timedelta

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import LazyTranslate

from ...tools.local_day import midnight
from ..arguments import check_arguments
from .telephony_flow_step import EXIT_FIELDS
from .telephony_flow_step_check import EXITS

_lt = LazyTranslate(__name__)

# The icon of a kind of step, and what it does. Other addons add theirs; without, a kind is listed
# with its name. Lists, because the export of texts would take the icons of tuples for texts.
KINDS = {
    "hours": ["fa-clock-o", _lt("Decides by the business hours of a calendar")],
    "menu": ["fa-th", _lt("Plays a message, and lets the caller press a key")],
    "condition": ["fa-code-fork", _lt("Decides by the caller's contact or opportunity")],
    "ring": ["fa-bell-o", _lt("Rings one or more phone users")],
    "queue": ["fa-hourglass-half", _lt("The caller waits with music for a member of a queue")],
    "flow": ["fa-share", _lt("Continues at the first step of another flow")],
    "forward": ["fa-external-link", _lt("Calls a number outside, such as a mobile phone")],
    "voicemail": ["fa-envelope-o", _lt("Records a message from the caller")],
    "message": ["fa-bullhorn", _lt("Plays a message, then hangs up")],
    "reject": ["fa-ban", _lt("Rejects the call, without a message")],
}
# The exit of the flow itself: the beginning of a call.
START = "start"
# The exit of a menu that becomes a new key.
NEW_KEY = "key"
MENU_KEYS = "1234567890*#"
# Fields of a step that are not restored: they name the step, or belong to the addon.
KEPT_FIELDS = {"flow_id", "company_id", "key_ids", "condition_user_id"}
MOST_NAMES = 2


class TelephonyFlow(models.Model):
    """The drawing of a flow. Each change is stored at once."""

    _inherit = "telephony.flow"

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_removed_steps(self):
        """Only steps that callers reach, or are in, keep their target from being deleted."""
        # sudo: telephony.flow.step - only removed steps, which lead to these flows
        self.env["telephony.flow.step"].sudo()._delete_removed([("target_flow_id", "in", self.ids)])

    # === RPC === #

    @api.model
    @check_arguments
    def editor(self, flow_id):
        """Return everything that the drawing of a flow shows.

        :param int flow_id: flow that the user may read
        :raise UserError: the flow does not exist any more
        :return: flow payload
        :rtype: dict
        """
        return self._get_drawn(flow_id, "read")._to_editor()

    @api.model
    @check_arguments
    def live_steps(self, flow_id):
        """Return how many callers are in the steps of a flow now, and how many calls passed today.

        :param int flow_id: flow that the user may change
        :return: `steps`: identifier of a step, as text -> `now` and `today`
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        now, today = flow._get_callers(), flow._get_passed()
        return {
            "steps": {
                str(step.id): {"now": now.get(step, 0), "today": today.get(step, 0)}
                for step in flow.step_ids
            }
        }

    @api.model
    @check_arguments
    def add_step(self, flow_id, kind, step_id=None, exit_name=None):
        """Create a step behind an exit. It leads to the step that was there.

        :param int flow_id: flow that the user may change
        :param str kind: kind of the step
        :param int step_id: step that the exit belongs to; None for the start
        :param str exit_name: name of the exit; `start`, or `key` for a new key of a menu
        :return: `flow`, `step_id` and `touched` (identifiers); or `defaults`, if the kind has a
            setting that only a person can choose
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        origin = flow._get_own_step(step_id)
        steps = self.env["telephony.flow.step"]
        values = {
            "flow_id": flow.id,
            "kind": kind,
            "sequence": max(flow.step_ids.mapped("sequence"), default=0) + 10,
            **steps._get_new_values(flow, kind),
        }
        try:
            with self.env.cr.savepoint():
                step = steps.create(values)
                step.flush_recordset()
        except ValidationError:
            return {"defaults": {f"default_{name}": value for name, value in values.items()}}
        touched = flow._lead(origin, exit_name, step, inserts=True)
        return flow._to_change(touched, step_id=step.id)

    @api.model
    @check_arguments
    def connect_step(
        self, flow_id, step_id=None, exit_name=None, target_step_id=None, insert=False
    ):
        """Lead an exit to a step of the same flow, or to none.

        :param int flow_id: flow that the user may change
        :param int step_id: step that the exit belongs to; None for the start
        :param str exit_name: name of the exit; `start`, or `key` for a new key of a menu
        :param int target_step_id: step behind the exit; None for none
        :param bool insert: whether the target leads to the step that was behind the exit
        :return: `flow` and `touched`
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        origin, target = flow._get_own_step(step_id), flow._get_own_step(target_step_id)
        return flow._to_change(flow._lead(origin, exit_name, target, inserts=bool(insert)))

    @api.model
    @check_arguments
    def copy_step(self, flow_id, step_id):
        """Copy a step with its settings and keys. The copy leads to the same steps.

        :param int flow_id: flow that the user may change
        :param int step_id: step to copy
        :return: `flow`, `step_id` and `touched`
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        step = flow._get_own_step(step_id)
        step.ensure_one()
        twin = step.copy(
            {
                "name": flow._get_free_name(step.name),
                "sequence": max(flow.step_ids.mapped("sequence")) + 10,
                **{name: step[name].id for name in EXIT_FIELDS},
            }
        )
        targets = {key.key: key.target_step_id.id for key in step.key_ids}
        for key in twin.key_ids:
            key.target_step_id = targets[key.key]
        return flow._to_change(twin, step_id=twin.id)

    @api.model
    @check_arguments
    def remove_step(self, flow_id, step_id, target_step_id=None):
        """Take a step out of its flow. Callers who are in it stay there, and leave by its exits.

        :param int flow_id: flow that the user may change
        :param int step_id: step to remove
        :param int target_step_id: where the exits lead that lead to the step now; None: nowhere
        :return: `flow` and `touched`
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        step, target = flow._get_own_step(step_id), flow._get_own_step(target_step_id)
        step.ensure_one()
        was_first = step == flow._get_first_step()
        touched = step
        for origin in flow.step_ids - step:
            for name, _label, reached in origin._get_exits():
                if reached == step:
                    touched |= flow._lead(origin, name, target - origin)
        step.active = False
        if was_first and target:
            touched |= flow._lead(step.browse(), START, target)
        return flow._to_change(touched)

    @api.model
    @check_arguments
    def restore_steps(self, flow_id, values):
        """Set steps back to what they were, if nothing else has changed them since.

        :param int flow_id: flow that the user may change
        :param dict values: `before`, the settings that are expected, and `after`, those to store:
            identifier of a step -> name of a field -> value, as in the flow payload
        :raise UserError: another change came in between
        :return: `flow` and `touched`
        :rtype: dict
        """
        flow = self._get_drawn(flow_id, "write")
        before, after = (_read_rows(values.get(name)) for name in ("before", "after"))
        steps = self.env["telephony.flow.step"].browse(after).with_context(active_test=False)
        steps = steps.exists().filtered(lambda step: step.flow_id == flow)
        if before is None or after is None or set(steps.ids) != set(after):
            raise UserError(self.env._("This change cannot be undone any more."))
        rows = steps._to_rows()
        for step in steps:
            expected = before.get(step.id, {})
            if any(rows[step.id].get(name) != value for name, value in expected.items()):
                raise UserError(
                    self.env._(
                        "“%(step)s” has been changed since. Undo that change first, or edit the "
                        "step.",
                        step=step.name,
                    )
                )
        # A step has to exist again before others lead to it.
        try:
            for step in steps.sorted(lambda step: not after[step.id].get("active")):
                step._restore(after[step.id])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UserError(self.env._("This change cannot be undone any more.")) from error
        return flow._to_change(steps)

    # === BUSINESS METHODS === #

    def _get_drawn(self, flow_id, operation):
        """Return a flow that the user may read or write.

        :raise AccessError: the user may not
        :raise UserError: the flow does not exist any more
        """
        flow = self.browse(flow_id or 0).exists()
        if not flow:
            raise UserError(self.env._("This call flow no longer exists."))
        flow.check_access(operation)
        return flow

    def _get_own_step(self, step_id):
        """Return a step of this flow; empty without an identifier.

        :raise UserError: the step is not there any more
        """
        steps = self.env["telephony.flow.step"]
        if not step_id:
            return steps
        step = steps.browse(step_id) & self.step_ids
        if not step:
            raise UserError(
                self.env._("This step was removed meanwhile. The drawing shows the flow as it is.")
            )
        return step

    def _get_free_name(self, name):
        """Return a name that no step of this flow has."""
        names, wanted, count = set(self.step_ids.mapped("name")), name, 1
        while wanted in names:
            count += 1
            wanted = f"{name} {count}"
        return wanted

    def _lead(self, origin, name, target, inserts=False):
        """Lead an exit to a step.

        :param origin: the step that the exit belongs to; empty for the start
        :param str name: name of the exit
        :param target: the step behind it; empty for none
        :param bool inserts: whether the target leads to the step that was behind the exit
        :return: the steps that were changed, and the target
        """
        if not origin:
            return self._lead_start(target, inserts) if name == START else target
        former = origin._lead_exit(name, target)
        if inserts and former and former != target:
            main = target._get_exits()[:1]
            if main and not main[0][2]:
                target._lead_exit(main[0][0], former - target)
        return origin | target

    def _lead_start(self, target, inserts):
        """Make a step the first one; see `_lead`."""
        first = self._get_first_step()
        if target and target != first:
            target.sequence = first.sequence - 10 if first else target.sequence
            main = target._get_exits()[:1]
            if inserts and first and main and not main[0][2]:
                target._lead_exit(main[0][0], first)
        return target

    def _notify_drawn(self):
        """Make the open drawings of these flows read them again: one message a transaction."""
        announced = self.env.cr.precommit.data.setdefault("telephony_flows_drawn", set())
        # sudo: telephony.flow - only the company whose administrators are notified
        for flow in self.sudo().filtered(lambda flow: flow.id not in announced):
            announced.add(flow.id)
            self.env["bus.bus"]._sendone(
                (flow.company_id, "telephony_flows"),
                "telephony/flow_changed",
                {
                    "flow_id": flow.id,
                    "user_id": self.env.uid,
                    "by": self.env.user.name,
                    "stamp": str(self.env.cr.now()),
                },
            )

    # === PAYLOAD === #

    def _to_change(self, touched, **values):
        """Return the answer to a change.

        :param touched: the steps whose settings may have changed
        """
        return {"flow": self._to_editor(), "touched": touched.ids, **values}

    def _to_editor(self):
        """Return the flow payload. Note: `self.ensure_one()`"""
        self.ensure_one()
        steps = self.step_ids.sorted()
        problems = self._get_located_problems()
        rows, can_edit = steps._to_rows(), self.has_access("write")
        changed = self.with_context(active_test=False).step_ids.mapped("write_date")
        return {
            "id": self.id,
            "name": self.name,
            "can_edit": can_edit,
            # That of the message about the last change
            "stamp": str(max(changed, default="")),
            "first_id": self._get_first_step().id,
            "numbers": [{"id": n.id, "name": n.display_name} for n in self.number_ids],
            "problems": [sentence for found, sentence in problems if not found],
            "unsayable": self.language if can_edit and self._lacks_sentences() else False,
            "kinds": self._get_kinds(),
            "steps": [
                {
                    "id": step.id,
                    "name": step.name,
                    "kind": step.kind,
                    "summary": step._get_summary(),
                    "marks": step._get_marks(),
                    "exits": [
                        {"name": name, "label": label, "target": target.id}
                        for name, label, target in step._get_exits()
                    ],
                    "problems": [sentence for found, sentence in problems if step in found],
                    "values": rows[step.id],
                }
                for step in steps
            ],
        }

    def _get_callers(self):
        """Return the number of callers who are in the steps of this flow now.

        :rtype: dict
        """
        return dict(
            self.env["telephony.call"]._read_group(
                [
                    ("company_id", "=", self.company_id.id),
                    ("step_id", "in", self.step_ids.ids),
                    ("state", "in", ("routing", "ringing", "queued")),
                    ("user_id", "=", False),
                ],
                ["step_id"],
                ["__count"],
            )
        )

    def _get_passed(self):
        """Return the number of calls of today, in the user's time zone, that entered each step.

        :rtype: dict
        """
        return dict(
            self.env["telephony.call"]._read_group(
                [
                    ("company_id", "=", self.company_id.id),
                    ("passed_step_ids", "in", self.step_ids.ids),
                    ("started_at", ">=", midnight(self.env.tz)),
                ],
                ["passed_step_ids"],
                ["__count"],
            )
        )

    def _get_kinds(self):
        """Return the kinds of steps that can be added.

        :rtype: list(dict)
        """
        names = self.env["telephony.flow.step"]._fields["kind"]._description_selection(self.env)
        # The hints are marked for translation where they are defined.
        translate = self.env._
        kinds = []
        for kind, name in names:
            icon, hint = KINDS.get(kind, ("fa-puzzle-piece", ""))
            kinds.append(
                {
                    "kind": kind,
                    "name": name,
                    "icon": icon,
                    "hint": translate(hint) if hint else "",
                    "exits": len(EXITS.get(kind, ())),
                }
            )
        return kinds


class TelephonyFlowStep(models.Model):
    """What the drawing shows of a step, and how it is changed there."""

    _inherit = "telephony.flow.step"

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Return the form of a step, which other addons extend inside the form of the flow."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type != "form" or view:
            return arch, view
        flow_form = self.env.ref("crm_telephony.telephony_flow_view_form")
        flow_arch, view = self.env["telephony.flow"]._get_view(flow_form.id, "form", **options)
        form = flow_arch.find(".//field[@name='step_ids']/form")
        return etree.fromstring(etree.tostring(form, with_tail=False)), view

    @api.onchange("key_ids")
    def _onchange_key_ids(self):
        """Give a new key of a menu the next free one."""
        used = set()
        for line in self.key_ids:
            if line.key in used:
                line.key = next((key for key in MENU_KEYS if key not in used), line.key)
            used.add(line.key)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.flow_id._notify_drawn()
        return steps

    def write(self, vals):
        result = super().write(vals)
        self.flow_id._notify_drawn()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_notify_drawn(self):
        self.flow_id._notify_drawn()

    # === BUSINESS METHODS === #

    @api.model
    def _get_new_values(self, flow, kind):
        """Return the settings of a new step; `_get_new_<kind>_values` adds those of its kind."""
        name = dict(self._fields["kind"]._description_selection(self.env)).get(kind, kind)
        values = getattr(self, f"_get_new_{kind}_values", lambda _flow: {})(flow)
        return {"name": flow._get_free_name(name), **values}

    def _get_new_ring_values(self, flow):
        agents = self.env["telephony.agent"].search([("company_id", "=", flow.company_id.id)])
        return {"agent_ids": [Command.set(agents.ids)]}

    def _get_new_voicemail_values(self, flow):
        return self._get_new_ring_values(flow)

    def _get_new_hours_values(self, flow):
        return {"calendar_id": flow.company_id.resource_calendar_id.id}

    def _get_new_message_values(self, flow):
        text = self.env["telephony.speech"]._get_text(
            flow.company_id, flow.language, "no_one_available"
        )
        return {"message": text}

    def _get_new_queue_values(self, flow):
        queues = self.env["telephony.queue"].search(
            [("company_id", "=", flow.company_id.id)], limit=2
        )
        return {"queue_id": queues.id} if len(queues) == 1 else {}

    def _lead_exit(self, name, target):
        """Lead an exit of this step to another step. Note: `self.ensure_one()`

        :param str name: see `_get_exit`; or `key`, for a new key of a menu
        :param target: the step behind it; empty for none
        :raise UserError: this step has no such exit
        :return: the step that was behind the exit
        """
        self.ensure_one()
        if self.kind == "menu" and name == NEW_KEY:
            return self._add_key(target)
        if name not in {known for known, _label, _target in self._get_exits()}:
            raise UserError(
                self.env._("“%(step)s” does not have this exit any more.", step=self.name)
            )
        former = self._get_exit(name)
        if name.startswith("key:"):
            key = self.key_ids.filtered(lambda key: f"key:{key.key}" == name)
            key.target_step_id = target
        elif self._get_exit_field(name):
            self[self._get_exit_field(name)] = target
        return former

    def _add_key(self, target):
        """Add the next free key to a menu; see `_lead_exit`."""
        used = set(self.key_ids.mapped("key"))
        free = next((key for key in MENU_KEYS if key not in used), None)
        if free is None:
            raise UserError(self.env._("All keys of “%(step)s” are used.", step=self.name))
        label = target.name or self.env._("Key %(key)s", key=free)
        self.write(
            {
                "key_ids": [
                    Command.create({"key": free, "label": label, "target_step_id": target.id})
                ]
            }
        )
        return self.browse()

    def _get_summary(self):
        """Return the most important setting of this step, in a few words.

        `_get_summary_<kind>` returns it.

        :rtype: str
        """
        summarize = getattr(self, f"_get_summary_{self.kind}", None)
        return summarize() or "" if summarize else ""

    def _get_marks(self):
        """Return what the drawing shows of this step with an icon; other packages add theirs.

        :return: `icon` and `text` of each mark
        :rtype: list(dict)
        """
        return []

    def _get_summary_ring(self):
        names = self.agent_ids.mapped("display_name")
        if len(names) <= MOST_NAMES + 1:
            return ", ".join(names)
        return self.env._(
            "%(names)s and %(count)s more",
            names=", ".join(names[:MOST_NAMES]),
            count=len(names) - MOST_NAMES,
        )

    def _get_summary_voicemail(self):
        return self._get_summary_ring()

    def _get_summary_queue(self):
        return self.queue_id.name

    def _get_summary_flow(self):
        return self.target_flow_id.name

    def _get_summary_hours(self):
        return self.calendar_id.name

    def _get_summary_forward(self):
        return self.env["telephony.call"]._format_number(self.forward_number)

    def _get_summary_condition(self):
        names = dict(self._fields["condition_model"]._description_selection(self.env))
        return names.get(self.condition_model)

    def _get_summary_menu(self):
        return self.sound_id.name or (self.message or "").partition("\n")[0]

    def _get_summary_message(self):
        return self._get_summary_menu()

    # === UNDO === #

    @api.model
    def _get_row_fields(self):
        """Return the fields of a step that a person sets, and that an undo restores."""
        return [
            name
            for name, field in self._fields.items()
            if field.store
            and not (field.readonly or field.compute or field.related)
            and field.type not in ("binary", "one2many", "html")
            and name not in KEPT_FIELDS
            and name not in models.MAGIC_COLUMNS
        ]

    def _to_rows(self):
        """Return the settings of these steps, as an undo needs them.

        :return: identifier -> name of a field -> value
        :rtype: dict
        """
        keys_of = {
            step.id: [[key.key, key.label, key.target_step_id.id] for key in step.key_ids]
            for step in self
        }
        return {
            row.pop("id"): {**row, "keys": keys_of[row_id]}
            for row_id, row in [
                (row["id"], row) for row in self.read(self._get_row_fields(), load=None)
            ]
        }

    def _restore(self, row):
        """Store settings of `_to_rows`. Note: `self.ensure_one()`"""
        self.ensure_one()
        values = {name: row[name] for name in self._get_row_fields() if name in row}
        for name, value in values.items():
            if self._fields[name].type == "many2many":
                values[name] = [Command.set(value)]
        if "keys" in row:
            values["key_ids"] = [
                Command.clear(),
                *(
                    Command.create({"key": key, "label": label, "target_step_id": target})
                    for key, label, target in row["keys"]
                ),
            ]
        self.write(values)

    # === REMOVED STEPS === #

    @api.autovacuum
    def _gc_removed(self):
        """Delete the steps that were removed a day ago, and have no caller any more."""
        self._delete_removed([("write_date", "<", fields.Datetime.now() - timedelta(days=1))])

    @api.model
    def _delete_removed(self, domain):
        """Delete removed steps that have no caller any more. Their removal cannot be undone then.

        :param list domain: of these steps
        """
        steps = self.with_context(active_test=False).search([("active", "=", False), *domain])
        busy = self.env["telephony.call"].search(
            [("step_id", "in", steps.ids), ("state", "!=", "ended")]
        )
        (steps - busy.step_id).unlink()


class TelephonyQueue(models.Model):
    _inherit = "telephony.queue"

    @api.ondelete(at_uninstall=False)
    def _unlink_removed_steps(self):
        """Only steps that callers reach, or are in, keep their queue from being deleted."""
        # sudo: telephony.flow.step - only removed steps, which lead to these queues
        self.env["telephony.flow.step"].sudo()._delete_removed([("queue_id", "in", self.ids)])


class ResourceCalendar(models.Model):
    _inherit = "resource.calendar"

    @api.ondelete(at_uninstall=False)
    def _unlink_removed_steps(self):
        """Only steps that callers reach, or are in, keep their calendar from being deleted."""
        # sudo: telephony.flow.step - only removed steps, which decide by these calendars
        self.env["telephony.flow.step"].sudo()._delete_removed([("calendar_id", "in", self.ids)])


def _read_rows(rows):
    """Return the rows that a page sends, with numbers as keys; None if they are none.

    :param rows: what a page sent
    :rtype: dict | None
    """
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        return None
    if not all(isinstance(key, str) and key.isdecimal() and len(key) < 10 for key in rows):
        return None
    return {int(key): row for key, row in rows.items()}
