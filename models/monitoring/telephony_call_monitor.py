import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers.base import CallEvent
from ...tools.call_states import CONNECT_SECONDS
from ..arguments import check_arguments

_logger = logging.getLogger(__name__)

# Who hears a supervisor: nobody, the phone user alone, or both.
MONITOR_MODES = ("listen", "whisper", "barge")


class TelephonyCallLeg(models.Model):
    _inherit = "telephony.call.leg"

    monitor_mode = fields.Selection(
        [("listen", "Listen"), ("whisper", "Whisper"), ("barge", "Barge in")],
        "Supervision",
        readonly=True,
        help="Who can hear the supervisor on this leg.",
    )

    provider_sound = fields.Char(
        "Twilio Audio Mode",
        readonly=True,
        help="How Twilio handles the supervisor's audio, as last confirmed.",
    )
    is_leaving = fields.Boolean(
        readonly=True, help="The supervisor left, and Twilio was asked to end this leg."
    )

    _monitoring_index = models.Index("(user_id) WHERE role = 'supervisor' AND status != 'ended'")

    def _get_monitoring_domain(self):
        """Return the domain of the legs on which somebody listens, or is about to."""
        limit = fields.Datetime.now() - timedelta(seconds=CONNECT_SECONDS)
        return Domain(
            [
                ("role", "=", "supervisor"),
                ("status", "!=", "ended"),
                ("is_leaving", "=", False),
            ]
        ) & (Domain("provider_leg_id", "!=", False) | Domain("initiated_at", ">", limit))

    def _get_monitoring_of(self, user):
        """Return the legs on which a user listens to calls of others, or is about to."""
        return self.search(self._get_monitoring_domain() & Domain("user_id", "=", user.id))


class TelephonyCall(models.Model):
    """Supervisors who listen to a conversation, whisper to the phone user, or take part.

    The supervisor is one more party of the conference, whose leaving changes nothing. The phone
    user always sees who is there and in which way.
    """

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @check_arguments
    def monitor(self, uuid, mode="listen"):
        """Prepare to listen to a running conversation; the browser then connects with `uuid`.

        :param str uuid: the call of somebody else
        :param str mode: `listen`, `whisper` or `barge`
        :raise AccessError: the user is no supervisor, or the call is not of the user's companies
        :raise UserError: it does not run, is the user's own, or the user is in a call
        :return: see `_to_monitor`
        :rtype: dict
        """
        agent_sudo = self._get_supervisor()
        self._check_monitor_mode(mode)
        call_sudo = self._find_monitored_sudo(uuid)
        if call_sudo.company_id != self.env.company:
            raise UserError(
                self.env._(
                    "Switch to the company %(company)s to monitor this call.",
                    company=call_sudo.company_id.name,
                )
            )
        if call_sudo.user_id == self.env.user:
            raise UserError(self.env._("This is your own call."))
        if call_sudo.state != "in_progress":
            raise UserError(self.env._("This call has ended."))
        if call_sudo.held_at:
            raise UserError(
                self.env._("The customer is on hold, so there is nothing to listen to.")
            )
        self._lock_with_calls_of(agent_sudo)
        # Whoever asks again, after a reload say, ends what the old page may still hear.
        self._end_monitoring(agent_sudo.user_id)
        released_sudo = agent_sudo._reserve()
        supervisors_sudo = call_sudo.leg_ids.filtered(lambda leg: leg.role == "supervisor")
        leg_sudo = call_sudo.leg_ids.create(
            {
                "call_id": call_sudo.id,
                "account_id": call_sudo.account_id.id,
                "role": "supervisor",
                "user_id": self.env.uid,
                "label": f"supervisor-{len(supervisors_sudo) + 1}",
                "monitor_mode": mode,
                # That the browser may connect is written before it does.
                "initiated_at": fields.Datetime.now(),
            }
        )
        released_sudo._advance_if_unoffered()
        agent_sudo._notify_change()
        return call_sudo._to_monitor(leg_sudo)

    @api.model
    @check_arguments
    def set_monitor_mode(self, uuid, mode):
        """Change who hears the supervisor.

        :param str uuid: the call that the user listens to
        :param str mode: `listen`, `whisper` or `barge`
        :raise UserError: the user does not listen to it
        :return: see `_to_monitor`
        :rtype: dict
        """
        self._get_supervisor()
        self._check_monitor_mode(mode)
        call_sudo = self._find_monitored_sudo(uuid)
        leg_sudo = call_sudo._get_supervisor_legs().filtered(
            lambda leg: leg.user_id == self.env.user
        )[-1:]
        if not leg_sudo:
            raise UserError(self.env._("You are no longer monitoring this call."))
        if leg_sudo.monitor_mode != mode:
            leg_sudo.monitor_mode = mode
            call_sudo._notify_monitored(leg_sudo)
            call_sudo.account_id._after_commit(call_sudo, "_send_monitor_request", leg_sudo.id)
        return call_sudo._to_monitor(leg_sudo)

    @api.model
    @check_arguments
    def stop_monitoring(self, uuid):
        """Leave a conversation that the user listens to; it goes on without the user.

        :param str uuid: the call
        """
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        self._end_monitoring(agent_sudo.user_id, self._find_sudo(uuid))
        return True

    # === CHECKS === #

    def _get_supervisor(self):
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        if not self.env.user.has_group("crm_telephony.group_supervisor"):
            raise AccessError(self.env._("Only supervisors can monitor other users' calls."))
        return agent_sudo

    def _find_monitored_sudo(self, uuid):
        call_sudo = self._find_sudo(uuid)
        if not call_sudo:
            raise AccessError(self.env._("This call does not exist."))
        return call_sudo

    def _check_monitor_mode(self, mode):
        if mode not in MONITOR_MODES:
            raise UserError(self.env._("Invalid mode: choose Listen, Whisper or Barge in."))

    # === FROM THE WEBHOOK OF THE BROWSER'S LEG === #

    def _process_supervisor(self, agent, provider_leg_id):
        """Let a supervisor's browser into the conference, if its user has asked for that.

        Note: `self.ensure_one()`

        :param agent: the phone user whose browser connects
        :param str provider_leg_id: the provider's identifier of its leg
        :return: a voice response, or nothing: then it is refused
        :rtype: list
        """
        self.ensure_one()
        leg = self._get_supervisor_legs().filtered(lambda leg: leg.user_id == agent.user_id)[-1:]
        user = agent.user_id
        if (
            not leg
            or self.state != "in_progress"
            or not user.active
            or not user.has_group("crm_telephony.group_supervisor")
        ):
            return []
        # The lock fails to serialize when another browser has just used it, and is tried again.
        self.env.cr.execute(
            SQL("SELECT id FROM telephony_call_leg WHERE id = %s FOR UPDATE", leg.id),
            log_exceptions=False,
        )
        if leg.provider_leg_id and leg.provider_leg_id != provider_leg_id:
            return []
        leg.provider_leg_id = provider_leg_id
        if leg._advance(CallEvent("leg", status="in_progress", at=fields.Datetime.now())):
            self._notify_monitored(leg)
        muted, coach = self._get_monitor_sound(leg)
        leg.provider_sound = f"{muted} {coach}"
        return [self._get_join(leg, ends_conference=False, muted=muted, coach=coach)]

    # === BUSINESS METHODS === #

    def _get_supervisor_legs(self):
        """Return the legs on which somebody listens to these calls, or is about to."""
        limit = fields.Datetime.now() - timedelta(seconds=CONNECT_SECONDS)
        return self.leg_ids.filtered(
            lambda leg: (
                leg.role == "supervisor"
                and leg._is_alive()
                and not leg.is_leaving
                and (leg.provider_leg_id or leg.initiated_at > limit)
            )
        )

    def _get_monitor_sound(self, leg):
        """Say how the provider treats what a supervisor says.

        Whoever whispers to a phone user that is not there is heard by nobody.

        :return: whether it is muted, and the leg of the only one who hears it, or an empty text
        :rtype: tuple(bool, str)
        """
        agent_legs = self._get_agent_legs().filtered(lambda leg: leg._is_connected())
        coach = agent_legs[-1:].provider_leg_id or ""
        if leg.monitor_mode == "barge":
            return False, ""
        if leg.monitor_mode == "whisper" and coach:
            return False, coach
        return True, ""

    def _notify_monitored(self, leg):
        """Somebody listens now, or does it in another way: write it down, and show it."""
        sentence = {
            "listen": self.env._("%(name)s started listening."),
            "whisper": self.env._("%(name)s started whispering to the phone user."),
            "barge": self.env._("%(name)s barged in."),
        }[leg.monitor_mode]
        self._add_trace(sentence % {"name": leg.user_id.name})
        self._notify_participants()

    def _end_monitoring(self, user, calls=None):
        """Let a user leave the conversations that the user listens to.

        :param user: the supervisor
        :param calls: only these calls; all of them when it is not given
        """
        # sudo: telephony.call.leg - only ever the given user's own legs
        legs_sudo = (
            self.env["telephony.call.leg"]
            .sudo()
            .search(
                [
                    ("role", "=", "supervisor"),
                    ("status", "!=", "ended"),
                    ("user_id", "=", user.id),
                ]
            )
        )
        if calls is not None:
            legs_sudo = legs_sudo.filtered(lambda leg: leg.call_id in calls)
        legs_sudo.call_id._release_supervisors(legs_sudo)

    def _release_supervisors(self, legs=None):
        """Let supervisors leave these calls.

        :param legs: only these legs; all of them when it is not given
        """
        for call in self:
            alive = (call.leg_ids if legs is None else legs & call.leg_ids).filtered(
                lambda leg: leg.role == "supervisor" and leg._is_alive()
            )
            for leg in alive:
                if leg.provider_leg_id:
                    # Shown until the provider says that it is gone.
                    leg.is_leaving = True
                    call.account_id._after_commit(
                        call, "_send_end_leg_request", leg.provider_leg_id
                    )
                else:
                    # No browser has connected: there is nothing to hang up.
                    leg._advance(
                        CallEvent(
                            "leg", status="ended", reason="canceled", at=fields.Datetime.now()
                        )
                    )
                    call._on_supervisor_left(leg)

    def _on_supervisor_moved(self, leg):
        if leg.status == "ended":
            self._on_supervisor_left(leg)
        else:
            self._notify_participants()

    def _on_supervisor_left(self, leg):
        """Somebody listens no more; nothing else changes."""
        leg.user_id._bus_send("telephony/monitoring_ended", {"uuid": self.uuid, "leg_id": leg.id})
        agents = leg.user_id._get_telephony_agents(self.company_id)
        agents._notify_change()
        agents._offer_waiting_calls()
        if self.state != "ended":
            self._notify_participants()

    def _sync_supervisors(self):
        """The phone user's leg has come or gone: whispers must reach the right one, or nobody."""
        for leg in self._get_supervisor_legs():
            if leg.provider_leg_id and leg.monitor_mode == "whisper":
                self.account_id._after_commit(self, "_send_monitor_request", leg.id)

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    def _send_monitor_request(self, leg_id):
        """Tell the provider who hears a supervisor now.

        :return: what has to be written about it
        """
        leg = self._get_supervisor_legs().filtered(lambda leg: leg.id == leg_id)
        if not leg.provider_leg_id or self.state != "in_progress":
            return None
        muted, coach = self._get_monitor_sound(leg)
        if self._send(
            "set_participant_sound",
            self.provider_conference_id or self.uuid,
            leg.provider_leg_id,
            muted,
            coach,
        ):
            return "_on_monitor_done", (leg_id, muted, coach)
        return "_on_monitor_failed", (leg_id,)

    def _on_monitor_done(self, leg_id, muted, coach):
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        leg.provider_sound = f"{muted} {coach}"

    def _on_monitor_failed(self, leg_id):
        """Nobody stays in a way of listening that the screens do not show."""
        self._release_supervisors(self.leg_ids.filtered(lambda leg: leg.id == leg_id))

    # === WHAT THE WEB CLIENT IS TOLD === #

    def _to_monitor(self, leg):
        """Return what a supervisor is shown of a conversation. Note: `self.ensure_one()`

        :param leg: the supervisor's own
        """
        return {**self._to_live(), "leg_id": leg.id, "mode": leg.monitor_mode}

    def _get_supervisors_data(self):
        """Return who listens to a call, and how; the phone user always sees it.

        :rtype: list(dict)
        """
        return [
            {"id": leg.id, "name": leg.user_id.name, "mode": leg.monitor_mode}
            for leg in self.leg_ids
            if leg.role == "supervisor" and leg.status == "in_progress"
        ]
