from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import formatLang

from ...tools.language import LONGEST_TEXT
from ..arguments import check_one
from ..gate import choose_inside

# The wait is estimated from the answered callers of the last hours: their maximum and minimum
# number.
ESTIMATE_HOURS, ESTIMATE_MOST, ESTIMATE_LEAST = 2, 20, 3
# A sound that is played whole is followed by a request, and by a gap.
SHORTEST_MUSIC = 5


class TelephonyQueue(models.Model):
    """A queue of callers, who wait with music for one of several agents in order of arrival."""

    _name = "telephony.queue"
    _inherit = ["telephony.ring.strategy.mixin"]
    _description = "Call Queue"
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
    agent_ids = fields.Many2many(
        "telephony.agent",
        string="Members",
        check_company=True,
        help="Phone users who receive the waiting calls. Any phone user can answer a caller from "
        "the queue.",
    )
    ring_strategy = fields.Selection(
        [
            ("longest_idle", "Longest Idle First"),
            ("round_robin", "Round Robin"),
            ("parallel", "All at Once"),
            ("sequential", "In List Order"),
        ],
        required=True,
        default="longest_idle",
    )
    ring_seconds = fields.Integer("Ring Time (Seconds)", default=20)
    limit_callers = fields.Boolean(default=True)
    max_callers = fields.Integer("Maximum Callers", default=10)
    limit_wait = fields.Boolean(default=True)
    max_wait = fields.Integer("Maximum Wait", default=300, help="In seconds, one hour at most.")
    music_sound_id = fields.Many2one(
        "telephony.sound",
        "Music",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Leave empty to play the default music. A WAV file is interrupted for the "
        "announcement and continues in a loop. An MP3 file or a web address is played to its end, "
        "and the announcement follows.",
    )
    announcement = fields.Text(
        translate=True,
        help="Played when the caller joins the queue and at regular intervals, "
        "in the language of the flow.",
    )
    announcement_sound_id = fields.Many2one(
        "telephony.sound",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="Played instead of the text. If Twilio cannot play it, callers hear the text.",
    )
    announcement_interval = fields.Integer(default=30)
    say_position = fields.Boolean("Announce Position", default=True)
    say_wait = fields.Boolean(
        "Announce Estimated Wait",
        help="Estimated from recently answered callers. Not announced until enough callers have "
        "been answered.",
    )
    callback_key = fields.Selection(
        [(key, key) for key in "1234567890*"],
        help="Callers who press this key can hang up, keep their place in the queue and are "
        "called back when it is their turn. Leave empty to disable.",
    )
    service_level_seconds = fields.Integer(
        "Target Answer Time",
        default=20,
        help="Seconds within which callers should be answered. Set 0 for no target.",
    )
    service_level_goal = fields.Integer(
        "Service Level Target",
        default=80,
        help="Percentage of callers to answer within the target answer time.",
    )
    amber_seconds = fields.Integer("Long Wait", default=180)
    red_seconds = fields.Integer("Critical Wait", default=300)
    waiting_count = fields.Integer("Waiting", compute="_compute_waiting_count")

    _ring_range = models.Constraint(
        "CHECK (ring_seconds BETWEEN 5 AND 120)", "The ring time must be between 5 and 120 seconds."
    )
    _interval_range = models.Constraint(
        "CHECK (announcement_interval BETWEEN 10 AND 300)",
        "The announcement interval must be between 10 and 300 seconds.",
    )
    _limits_positive = models.Constraint(
        "CHECK (max_callers > 0 AND max_wait > 0)",
        "Limits must be at least 1. To remove a limit, clear its checkbox.",
    )
    _service_level_range = models.Constraint(
        "CHECK (service_level_seconds >= 0 AND service_level_goal BETWEEN 0 AND 100)",
        "The target answer time cannot be negative, and the service level target must be between "
        "0 and 100.",
    )

    @api.constrains("music_sound_id")
    def _check_music(self):
        for queue in self:
            music = queue.music_sound_id
            is_whole = music.kind == "file" and not music.can_be_cut
            if is_whole and music.seconds < SHORTEST_MUSIC:
                raise ValidationError(
                    self.env._(
                        "“%(sound)s” is too short to be the music of “%(queue)s”: music must last "
                        "at least %(count)s seconds.",
                        sound=music.name,
                        queue=queue.name,
                        count=SHORTEST_MUSIC,
                    )
                )

    @api.constrains("announcement")
    def _check_announcement(self):
        for queue in self:
            if len(queue.announcement or "") > LONGEST_TEXT:
                raise ValidationError(
                    self.env._(
                        "The announcement is too long to be spoken: it may have at most %(count)s "
                        "characters.",
                        count=formatLang(self.env, LONGEST_TEXT, digits=0),
                    )
                )

    # === COMPUTE METHODS === #

    def _compute_waiting_count(self):
        # sudo: telephony.call - only the number of callers
        counts = dict(
            self.env["telephony.call"]
            .sudo()
            ._read_group(
                [("queue_id", "in", self.ids), ("state", "=", "queued")], ["queue_id"], ["__count"]
            )
        )
        for queue in self:
            queue.waiting_count = counts.get(queue, 0)

    # === BUSINESS METHODS === #

    def _get_waiting(self):
        """Return the waiting callers, the longest waiting first."""
        return self.env["telephony.call"].search(
            [
                ("queue_id", "in", self.ids),
                ("state", "=", "queued"),
                ("user_id", "=", False),
                # An unanswered queue callback is retried only after a delay.
                ("queue_callback_id", "not any", [("retry_at", ">", fields.Datetime.now())]),
            ],
            order="started_at, id",
        )

    def _is_full(self):
        """Return whether the maximum number of callers is reached. Note: `self.ensure_one()`"""
        self.ensure_one()
        if self.env.context.get("telephony_queues_full"):
            return True  # the simulation of a call flow
        return self.limit_callers and len(self._get_waiting()) >= self.max_callers

    def _estimate_wait(self, position):
        """Return the estimated wait, based on the wait of the latest answered callers.

        Note: `self.ensure_one()`

        :param int position: the caller's position, from 1
        :return: the seconds; None if too few callers were answered recently
        :rtype: int | None
        """
        self.ensure_one()
        calls = (
            self.env["telephony.call"]
            .search(
                [
                    ("queue_id", "=", self.id),
                    ("queue_position", ">", 0),
                    ("answered_at", ">", fields.Datetime.now() - timedelta(hours=ESTIMATE_HOURS)),
                ],
                order="answered_at desc",
                limit=ESTIMATE_MOST,
            )
            .filtered(
                # A caller who was transferred to the queue was answered before.
                lambda call: call.answered_at >= call.queued_at
            )
        )
        if len(calls) < ESTIMATE_LEAST:
            return None
        # The third caller waits for three conversations to end.
        seconds = sum((call.answered_at - call.queued_at).total_seconds() for call in calls)
        return round(position * seconds / sum(calls.mapped("queue_position")))

    def _get_reason_not_to_transfer(self, user):
        """Return why calls cannot be transferred to this queue; empty if possible.

        :param user: the user who transfers
        :rtype: str
        """
        self.ensure_one()
        if not self._has_reachable_agent():
            return self.env._("No one is available to take calls of “%(queue)s”.", queue=self.name)
        if self._is_full():
            return self.env._("“%(queue)s” is full.", queue=self.name)
        return ""

    def _has_reachable_agent(self):
        """Return whether any member is reachable, available or not. Note: `self.ensure_one()`"""
        self.ensure_one()
        return any(agent.state not in ("offline", "unreachable") for agent in self.agent_ids)

    def _dispatch(self):
        """Offer the waiting callers to the available members, the first caller first."""
        for queue in self:
            due = self.env["telephony.call"].search(
                [
                    ("queue_id", "=", queue.id),
                    ("state", "=", "queued"),
                    ("queue_callback_id", "!=", False),
                ]
            )
            choose_inside(due)._advance_queue_callbacks(fields.Datetime.now())
            free = queue.agent_ids._get_available()
            choices = []
            for call in choose_inside(queue._get_waiting()):
                if not free:
                    break
                if call._get_open_offers() or call.queue_callback_requested:
                    continue
                if call._awaits_line(fields.Datetime.now()):
                    continue
                willing = call.offer_ids._get_willing(free)
                if not willing:
                    continue
                chosen = queue._select_next_agents(queue.ring_strategy, queue.agent_ids, willing)
                choices.append((call, chosen))
                free -= chosen
            # Lock order: all calls before the first agent, as in `accept`; see `_lock`.
            self.env["telephony.call"].union(*(call for call, _chosen in choices))._lock()
            for call, chosen in choices:
                call.env["telephony.offer"]._make(call, chosen, queue.ring_seconds)


class TelephonySound(models.Model):
    """The queues that play a sound."""

    _inherit = "telephony.sound"

    music_queue_ids = fields.One2many("telephony.queue", "music_sound_id", "Music of")
    announcement_queue_ids = fields.One2many(
        "telephony.queue", "announcement_sound_id", "Announcement of"
    )
    queue_count = fields.Integer("Queues", compute="_compute_queue_count")

    @api.constrains("kind", "content")
    def _check_music(self):
        self.with_context(active_test=False).music_queue_ids._check_music()

    @api.depends("music_queue_ids", "announcement_queue_ids")
    def _compute_queue_count(self):
        for sound in self:
            sound.queue_count = len(sound.music_queue_ids | sound.announcement_queue_ids)

    @check_one
    def action_view_queues(self):
        """Open the queues that play this sound."""
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Queues"),
            "res_model": "telephony.queue",
            "views": [(False, "list"), (False, "form")],
            "domain": [
                "|",
                ("music_sound_id", "=", self.id),
                ("announcement_sound_id", "=", self.id),
            ],
        }

    def _get_uses(self):
        sound = self.with_context(active_test=False)
        queues = sound.music_queue_ids | sound.announcement_queue_ids
        return [*super()._get_uses(), *(f"“{name}”" for name in queues.mapped("display_name"))]
