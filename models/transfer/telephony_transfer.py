import logging

from odoo import api, fields, models

from ...tools.transfer_states import OPEN_STATES, is_legal_transfer

_logger = logging.getLogger(__name__)


class TelephonyTransfer(models.Model):
    """One attempt to bring another party into a conversation.

    It stores the user, the target and the result. Only `_apply_event` changes the call itself.
    """

    _name = "telephony.transfer"
    _inherit = ["telephony.revision.mixin", "telephony.guard.mixin"]
    _description = "Call Transfer"
    _order = "id"
    _rec_name = "target_name"
    _rec_names_search = ["number", "agent_id.user_id.name", "queue_id.name"]
    # Fields that a page shows as part of the call.
    _shown_fields = frozenset({"expires_at", "state"})

    call_id = fields.Many2one(
        "telephony.call", required=True, ondelete="cascade", index=True, immutable=True
    )
    user_id = fields.Many2one(
        "res.users", "Transferred by", required=True, ondelete="restrict", index=True
    )
    mode = fields.Selection(
        [("blind", "Blind"), ("warm", "Consultation"), ("conference", "Three-Way Call")],
        required=True,
        readonly=True,
    )
    kind = fields.Selection(
        [("agent", "Phone User"), ("queue", "Queue"), ("number", "Number")],
        "Target Type",
        required=True,
        readonly=True,
    )
    agent_id = fields.Many2one(
        "telephony.agent",
        string="Phone User",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    queue_id = fields.Many2one("telephony.queue", readonly=True, ondelete="set null")
    number = fields.Char(readonly=True, help="With country code.")
    override_reason = fields.Char(
        readonly=True,
        help="Why an administrator called this number despite a rule.",
    )
    state = fields.Selection(
        [
            ("ringing", "Ringing"),
            ("joining", "Accepted"),
            ("talking", "Consulting"),
            ("conference", "Three-Way"),
            ("returning", "Returning"),
            ("done", "Completed"),
            ("canceled", "Canceled"),
            ("failed", "Not Answered"),
            ("left", "Left"),
            ("returned", "Returned"),
            ("lost", "Unanswered"),
        ],
        required=True,
        default="ringing",
        readonly=True,
    )
    started_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    # Deadline for the target to answer, or to connect after accepting.
    expires_at = fields.Datetime(readonly=True)
    ended_at = fields.Datetime(readonly=True)
    target_name = fields.Char("To", compute="_compute_target_name")

    _open_unique = models.UniqueIndex(
        f"(call_id) WHERE state IN {OPEN_STATES}", "This call is already being transferred."
    )
    _agent_index = models.Index(f"(agent_id) WHERE state IN {OPEN_STATES}")

    # === COMPUTE METHODS === #

    def _compute_target_name(self):
        for transfer in self:
            # sudo: telephony.transfer - the right to read a transfer includes its target
            transfer_sudo = transfer.sudo()
            transfer.target_name = {
                "agent": transfer_sudo.agent_id.user_id.name,
                "queue": transfer_sudo.queue_id.name,
                "number": self.env["telephony.call"]._format_number(transfer_sudo.number),
            }[transfer_sudo.kind] or self.env._("Someone")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        transfers = super().create(vals_list)
        transfers._get_shown()._raise_revision()
        return transfers

    # === BUSINESS METHODS === #

    def _get_shown(self):
        return self.call_id

    def _is_open(self):
        return bool(self) and self.state in OPEN_STATES

    def _get_phase_fact(self):
        """Return what this open transfer means for the phase of its call, see `CallFacts`."""
        if not self:
            return ""
        if self.mode == "blind" or self.state == "returning":
            return "returning" if self.state == "returning" else "blind"
        return "conference" if self.state == "conference" else "consultation"

    def _is_consultation(self):
        """Return whether the agent stays in the call during this transfer."""
        return self._is_open() and self.mode in ("warm", "conference")

    def _move_to(self, state):
        """Change the state as the state table allows. Note: `self.ensure_one()`

        :param str state: the new state
        :return: whether the state changed
        :rtype: bool
        """
        self.ensure_one()
        if not is_legal_transfer(self.state, state):
            _logger.info(
                "%s: a transfer cannot change from %s to %s",
                self.call_id.uuid,
                self.state,
                state,
            )
            return False
        values = {"state": state}
        if state not in OPEN_STATES:
            values["ended_at"] = fields.Datetime.now()
        if state not in ("ringing", "joining"):
            values["expires_at"] = False
        self.write(values)
        return True

    def _get_agent_of_user(self):
        """Return the agent who started this transfer."""
        return self.user_id._get_telephony_agents(self.call_id.company_id).filtered("active")

    def _to_client(self, user):
        """Return the data of this transfer for the softphone.

        :param user: the user who sees it
        :rtype: dict
        """
        self.ensure_one()
        to_text = fields.Datetime.to_string
        return {
            "id": self.id,
            "mode": self.mode,
            "kind": self.kind,
            "state": self.state,
            "target": self.target_name,
            "by": {"id": self.user_id.id, "name": self.user_id.name},
            "is_mine": self.user_id == user,
            "expires_at": to_text(self.expires_at) or False,
        }
