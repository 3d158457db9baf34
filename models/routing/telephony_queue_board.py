from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models

from ...tools.local_day import midnight
from ..call.telephony_call_report import MISSED_OUTCOMES

# The page asks again when something changes that nobody tells; never more often than this.
RECHECK_SECONDS = 60
FIGURES = (
    "answered",
    "missed",
    "abandoned",
    "voicemail",
    "level_count",
    "in_target_count",
    "wait_total",
    "wait_count",
)


class TelephonyQueue(models.Model):
    """The supervisors' board: what goes on now, and how today has gone so far."""

    _inherit = "telephony.queue"

    # === RPC === #

    @api.model
    def board(self):
        """Return everything the supervisors' board shows, for the companies the page shows.

        Today begins at midnight in the user's time zone. The number of queries is always the
        same, however many calls, queues and phone users there are.

        :raise AccessError: the user is no supervisor
        :return: `now`, `recheck_at`, `total` and `queues` (figures), `agents` and their `states`,
            and the `domains` of the calls behind the figures
        :rtype: dict
        """
        agents = self.env["telephony.agent"]
        agents._check_supervisor()
        now = fields.Datetime.now()
        today, tomorrow = midnight(self.env.tz), midnight(self.env.tz, 1)
        agents = agents.search([("company_id", "in", self.env.companies.ids)])
        talking = self._get_board_running()
        rows = self._get_board_rows(today)
        to_text = fields.Datetime.to_string
        return {
            "now": to_text(now),
            "recheck_at": to_text(
                max(
                    now + timedelta(seconds=RECHECK_SECONDS),
                    min(filter(None, [agents._get_reachable_until(), tomorrow])),
                )
            ),
            "total": {
                **self._sum_board_rows(rows),
                "talking": len(talking.filtered(lambda call: call.state == "in_progress")),
            },
            "queues": rows,
            "agents": agents._to_board(
                # Of two calls, the one that is not on hold.
                {call.user_id: call for call in talking.sorted("held_at", reverse=True)},
                self._get_board_last_ends(today),
            ),
            "states": agents._get_board_states(),
            "domains": self._get_board_domains(today),
            "is_manager": self.env.user.has_group("crm_telephony.group_manager"),
        }

    # === WHAT IS COUNTED === #

    @api.model
    def _get_board_domains(self, today):
        """Return which calls are behind each figure.

        :param datetime today: when today began (UTC)
        :rtype: dict
        """
        companies = ("company_id", "in", self.env.companies.ids)
        incoming = [
            companies,
            ("direction", "=", "incoming"),
            ("started_at", ">=", fields.Datetime.to_string(today)),
        ]
        unanswered = [*incoming, ("answered_at", "=", False)]
        return {
            "waiting": [companies, ("state", "=", "queued"), ("user_id", "=", False)],
            "talking": [companies, ("state", "=", "in_progress")],
            "answered": [*incoming, ("answered_at", "!=", False)],
            "missed": [*unanswered, ("outcome", "in", MISSED_OUTCOMES)],
            "abandoned": [*unanswered, ("outcome", "=", "abandoned")],
            "voicemail": [*unanswered, ("outcome", "=", "voicemail")],
            # Of the report: it knows who counts for the service level.
            "level": [*incoming, ("level_count", "=", 1)],
        }

    @api.model
    def _get_board_rows(self, today):
        """Return a line for each queue, and one for the calls without a queue.

        :param datetime today: when today began (UTC)
        :rtype: list(dict)
        """
        figures = self._get_board_figures(today)
        waiting = {
            queue: (count, since)
            for queue, count, since in self.env["telephony.call"]._read_group(
                self._get_board_domains(today)["waiting"],
                ["queue_id"],
                ["__count", "started_at:min"],
            )
        }
        queues = self.search([("company_id", "in", self.env.companies.ids)])
        # A queue may have been archived while calls of today had been in it.
        queues |= self.browse(queue.id for queue in figures.keys() | waiting.keys() if queue)
        rows = [queue._to_board(figures[queue], waiting.get(queue)) for queue in queues]
        nowhere = self.browse()
        if nowhere in figures or nowhere in waiting:
            rows.append(
                {
                    **nowhere._to_board(figures[nowhere], waiting.get(nowhere)),
                    "id": False,
                    "name": self.env._("No queue"),
                }
            )
        return [self._finish_board_row(row) for row in rows]

    @api.model
    def _get_board_figures(self, today):
        """Count the incoming calls of today.

        :param datetime today: when today began (UTC)
        :return: queue, or none -> figure -> number
        :rtype: dict
        """
        figures = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        groups = self.env["telephony.call.report"]._read_group(
            [
                ("company_id", "in", self.env.companies.ids),
                ("direction", "=", "incoming"),
                ("started_at", ">=", today),
            ],
            ["queue_id", "outcome"],
            [
                "__count",
                "answered_count:sum",
                "level_count:sum",
                "in_target_count:sum",
                "wait_seconds:sum",
                "wait_seconds:count",
            ],
        )
        for queue, outcome, count, answered, level, in_target, waited, waits in groups:
            row = figures[queue]
            kind = "missed" if outcome in MISSED_OUTCOMES else outcome
            if kind in ("missed", "abandoned", "voicemail"):
                row[kind] += count - answered
            row["answered"] += answered
            row["level_count"] += level
            row["in_target_count"] += in_target
            row["wait_total"] += waited or 0
            row["wait_count"] += waits
        return figures

    def _get_board_head(self):
        """Return what a line says of its queue, or of calls without one."""
        return {
            "id": self.id,
            "name": self.name,
            "target_seconds": self.service_level_seconds,
            "goal": self.service_level_goal if self.service_level_seconds else 0,
            "amber_seconds": self.amber_seconds,
            "red_seconds": self.red_seconds,
        }

    def _to_board(self, figures, waiting):
        """Return the line of one queue, or of the calls without one.

        :param dict figures: see `FIGURES`
        :param tuple waiting: how many wait, and since when the first of them does; or None
        """
        count, since = waiting or (0, False)
        return {
            **self._get_board_head(),
            **figures,
            "waiting": count,
            "waiting_since": fields.Datetime.to_string(since) or False,
        }

    @api.model
    def _sum_board_rows(self, rows):
        """Return the line of all queues together."""
        total = {name: sum(row[name] for row in rows) for name in (*FIGURES, "waiting")}
        total["waiting_since"] = min(
            (row["waiting_since"] for row in rows if row["waiting_since"]), default=False
        )
        return self._finish_board_row(total)

    @api.model
    def _finish_board_row(self, row):
        """Add what follows from the sums: the service level (%), and the average wait (seconds)."""
        levels, waits = row["level_count"], row["wait_count"]
        row["service_level"] = 100 * row["in_target_count"] / levels if levels else False
        row["average_wait"] = row["wait_total"] / waits if waits else False
        return row

    @api.model
    def _get_board_running(self):
        """Return the running calls that somebody has."""
        return self.env["telephony.call"].search(
            [
                ("company_id", "in", self.env.companies.ids),
                ("state", "!=", "ended"),
                ("user_id", "!=", False),
            ],
            order="started_at",
        )

    @api.model
    def _get_board_last_ends(self, today):
        """Return since when those who had a call today are free.

        :param datetime today: when today began (UTC)
        :return: user -> moment (UTC)
        :rtype: dict
        """
        return dict(
            self.env["telephony.call"]._read_group(
                [
                    ("company_id", "in", self.env.companies.ids),
                    ("state", "=", "ended"),
                    ("started_at", ">=", today),
                    ("user_id", "!=", False),
                ],
                ["user_id"],
                ["ended_at:max"],
            )
        )
