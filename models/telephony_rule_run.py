"""Automation rules on telephony records, run after the commit.

`base_automation` runs the actions of a rule inside `create` and `write`. A failing action would
undo the handling of a call; a slow one would keep the caller waiting. So the change only records a
pending run of the rule. A job performs it in a transaction of its own. The addon does not depend on
`base_automation`: its three methods are wrapped where it is installed.
"""

import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

RULES = "base.automation"
# Context key under which rules run at once: in the job, where a failure undoes nothing else.
NOW = "telephony_rules_now"
# Context keys under which rules of other models are deferred too: their records belong to a call,
# or a webhook writes them.
WAITING = {"telephony_rules_later", "telephony_account_id"}
# Hours for which repeated failures of a rule are recorded and logged only once.
SILENT_HOURS = 1
# Retention of failures (days).
KEPT_DAYS = 7
# Maximum length of a stored error.
ERROR_LENGTH = 200


def _make_process(origin):
    def _process(self, records, *args, **kwargs):
        runs = self.env["telephony.rule.run"]
        # Only `create` and `write` pass the former values; jobs, webhooks and deletions do not.
        if "old_values" in self.env.context and runs._is_for_later(records):
            return runs._record_pending_run(self, records)
        return origin(self, records, *args, **kwargs)

    return _process


def _make_filter(origin, get_nothing):
    def filter_records(self, records, *args, **kwargs):
        runs = self.env["telephony.rule.run"]
        if not runs._is_for_later(records):
            return origin(self, records, *args, **kwargs)
        with runs._guard(self, records, flush=False):
            return origin(self, records, *args, **kwargs)
        return get_nothing(records)

    return filter_records


WRAPPERS = {
    "_process": _make_process,
    "_filter_pre": lambda origin: _make_filter(origin, lambda records: records.browse()),
    "_filter_post_export_domain": lambda origin: _make_filter(
        origin, lambda records: (records.browse(), None)
    ),
}


class TelephonyRuleRun(models.Model):
    """A pending run of an automation rule for a record, or a failed one."""

    _name = "telephony.rule.run"
    _inherit = ["telephony.guard.mixin"]
    _description = "Automation Rule Run"
    _order = "id"
    _rec_name = "rule_name"

    # No Many2one: the model of the rules may not be installed.
    rule_id = fields.Integer("Automation Rule", required=True, readonly=True)
    rule_name = fields.Char(readonly=True)
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    user_id = fields.Many2one("res.users", readonly=True, ondelete="cascade")
    failed_at = fields.Datetime(readonly=True)
    error = fields.Char(readonly=True)

    _rule_index = models.Index("(rule_id, failed_at)")

    # === REGISTRY HOOKS === #

    def _register_hook(self):
        super()._register_hook()
        if RULES in self.env:
            rules = self.env.registry[RULES]
            for name, wrap in WRAPPERS.items():
                setattr(rules, name, wrap(getattr(rules, name)))

    def _unregister_hook(self):
        super()._unregister_hook()
        if RULES in self.env:
            rules = self.env.registry[RULES]
            for name in WRAPPERS.keys() & vars(rules).keys():
                delattr(rules, name)

    # === DEFERRAL === #

    @api.model
    def _is_for_later(self, records):
        """Return whether the rules of these records run after the commit.

        This is so for all telephony records, and for every record that a webhook writes.
        """
        context = records.env.context
        if context.get(NOW) or self.env.context.get(NOW):
            return False
        return records._name.startswith("telephony.") or not WAITING.isdisjoint(
            context.keys() | self.env.context.keys()
        )

    @api.model
    def _record_pending_run(self, rule, records):
        """Record a pending run of a rule for the records that have just met its conditions."""
        changed = records.filtered(rule._check_trigger_fields)
        if not changed:
            return
        self._insert(
            [
                (rule.id, rule.sudo().name, changed._name, res_id, self.env.uid, None, None)
                for res_id in changed.ids
            ]
        )
        # sudo: ir.cron - triggered, not changed
        self.env.ref("crm_telephony.ir_cron_run_rules").sudo()._trigger()

    @api.model
    def _insert(self, rows):
        # Raw SQL, because this table must not trigger rules itself.
        self.env.cr.execute(
            SQL(
                """INSERT INTO telephony_rule_run
                           (rule_id, rule_name, res_model, res_id, user_id, failed_at, error)
                    VALUES %s""",
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.invalidate_model(flush=False)

    @contextmanager
    def _guard(self, rule, records, flush=True):
        """Undo a failing block, and record the failure of the rule.

        :param rule: the automation rule
        :param records: records that the rule is evaluated for
        :param bool flush: whether to flush changes before and after the block
        """
        try:
            with self.env.cr.savepoint(flush=flush):
                yield
        except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError):
            raise
        except Exception as error:
            name = rule.sudo().name
            if self._note_failure(rule, records, error):
                _logger.warning(
                    "The automation rule “%s” failed for %s", name, records, exc_info=True
                )
            else:
                _logger.info("The automation rule “%s” failed again for %s", name, records)

    @api.model
    def _note_failure(self, rule, records, error):
        """Record the failure of a rule, unless it was recorded lately.

        :return: whether it was recorded
        :rtype: bool
        """
        # sudo: telephony.rule.run - rules write it, whichever user causes them to run
        runs_sudo = self.sudo()
        if runs_sudo.search_count(
            [
                ("rule_id", "=", rule.id),
                ("failed_at", ">", fields.Datetime.now() - timedelta(hours=SILENT_HOURS)),
            ],
            limit=1,
        ):
            return False
        [line, *_rest] = str(error).strip().splitlines() or [type(error).__name__]
        self._insert(
            [
                (
                    rule.id,
                    rule.sudo().name,
                    records._name,
                    records[:1].id or None,
                    self.env.uid,
                    fields.Datetime.now(),
                    line[:ERROR_LENGTH],
                )
            ]
        )
        return True

    # === AFTER THE COMMIT === #

    @api.model
    def _cron_run(self):
        """Run the pending rules, each for one record in a transaction of its own."""
        jobs = self.env["ir.cron"]
        waiting = self.search([("failed_at", "=", False)])
        jobs._commit_progress(remaining=len(waiting))
        for runs in waiting.grouped(lambda run: (run.rule_id, run.res_model, run.res_id)).values():
            count = len(runs)
            try:
                runs._run()
            except (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError):
                # The row remains, and the next run of the job tries it again.
                self.env.cr.rollback()
            if not jobs._commit_progress(count):
                break

    def _run(self):
        """Run one rule once for one record, however often it was recorded."""
        run = self[:1]
        rule_id, res_model, res_id, user = run.rule_id, run.res_model, run.res_id, run.user_id
        self.unlink()
        if RULES not in self.env or res_model not in self.env:
            return
        env = self.env(
            user=user.id,
            su=True,
            context={
                "lang": user.lang,
                "tz": user.tz,
                NOW: True,
                "__action_done": {},
            },
        )
        rule = env[RULES].browse(rule_id).exists().filtered("active")
        record = env[res_model].browse(res_id).exists()
        if not rule or not record:
            return
        if "company_id" in record._fields:
            companies = record.company_id.ids
            rule = rule.with_context(allowed_company_ids=companies)
            record = record.with_context(allowed_company_ids=companies)
        with self._guard(rule, record):
            rule._process(record)

    # === FAILURES === #

    @api.model
    def _get_failures(self):
        """Return the last failure of each rule that has not been changed since.

        :rtype: recordset
        """
        # sudo: telephony.rule.run, base.automation - shown to users who may repair the account
        runs_sudo = self.sudo().search(
            [
                ("failed_at", ">", fields.Datetime.now() - timedelta(days=KEPT_DAYS)),
            ]
        )
        if RULES not in self.env:
            return runs_sudo.browse()
        rules_sudo = self.env[RULES].sudo().search([("id", "in", runs_sudo.mapped("rule_id"))])
        changed_at = {rule.id: self._get_change(rule) for rule in rules_sudo}
        last = {run.rule_id: run for run in runs_sudo}
        return runs_sudo.browse(
            run.id
            for rule_id, run in last.items()
            if rule_id in changed_at and changed_at[rule_id] <= run.failed_at
        )

    @api.model
    def _get_change(self, rule):
        """Return when a rule or one of its actions was last changed, in whole seconds.

        Failures are recorded in whole seconds, and a rule may fail in the second of its change.
        """
        changed_at = max(rule.write_date, *rule.action_server_ids.mapped("write_date"))
        return changed_at.replace(microsecond=0)

    @api.autovacuum
    def _gc_old(self):
        self.search(
            [
                ("failed_at", "<", fields.Datetime.now() - timedelta(days=KEPT_DAYS)),
            ]
        ).unlink()
