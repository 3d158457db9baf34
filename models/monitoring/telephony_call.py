import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...providers.base import CallEvent
from ...providers.voice_response import HangUp, Redirect
from ...tools.call_states import CONNECT_SECONDS
from ..arguments import check_arguments
from ..call.after_commit import after_commit
from ..gate import door

_logger = logging.getLogger(__name__)

# Who hears the supervisor: no one, the agent only, or both.
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
        "Leaving", readonly=True, help="The supervisor left, and Twilio was asked to end this leg."
    )

    _monitoring_index = models.Index("(user_id) WHERE role = 'supervisor' AND status != 'ended'")

    def _get_monitoring_domain(self):
        """Return the domain of the legs of supervisors who monitor a call or are connecting."""
        limit = fields.Datetime.now() - timedelta(seconds=CONNECT_SECONDS)
        return Domain(
            [
                ("role", "=", "supervisor"),
                ("status", "!=", "ended"),
                ("is_leaving", "=", False),
            ]
        ) & (Domain("provider_leg_id", "!=", False) | Domain("initiated_at", ">", limit))

    def _get_monitoring_of(self, user):
        """Return the legs on which a user monitors calls, or is connecting to them."""
        return self.search(self._get_monitoring_domain() & Domain("user_id", "=", user.id))

    def _is_monitor_sound_wrong(self, now):
        """Return whether a supervisor may be audible to other parties than the screens show."""
        if self.role != "supervisor" or self.status != "in_progress" or self.is_leaving:
            return False
        muted, coach = self.call_id._get_monitor_sound(self)
        return self._is_settled(now) and self.provider_sound != f"{muted} {coach}"


class TelephonyCall(models.Model):
    """Supervisors who listen to a conversation, whisper to the agent, or barge in.

    The supervisor is an additional party of the conference, whose leaving changes nothing. The
    agent always sees who monitors the call, and in which mode.
    """

    _inherit = "telephony.call"

    # === RPC === #

    @api.model
    @door(routes=True)
    @check_arguments
    def monitor(self, uuid, mode="listen"):
        """Prepare to monitor an ongoing call; the browser then connects with `uuid`.

        :param str uuid: a call of another user
        :param str mode: `listen`, `whisper` or `barge`
        :raise AccessError: the user is no supervisor, or the call is not of the user's companies
        :raise UserError: the call is not in progress or is the user's own, or the user is in a call
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
        phase = call_sudo._get_phase()
        if phase.name == "held":
            raise UserError(
                self.env._("The customer is on hold, so there is nothing to listen to.")
            )
        if "supervisor" not in phase.admits:
            raise UserError(self.env._("This call has ended."))
        self._lock_with_calls_of(agent_sudo)
        # A repeated request, such as after a reload, ends the monitoring of the old page.
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
                # Record the permission before the browser connects.
                "initiated_at": fields.Datetime.now(),
            }
        )
        released_sudo._advance_if_unoffered()
        agent_sudo._notify_change()
        return call_sudo._to_monitor(leg_sudo)

    @api.model
    @door()
    @check_arguments
    def set_monitor_mode(self, uuid, mode):
        """Change who hears the supervisor.

        :param str uuid: the monitored call
        :param str mode: `listen`, `whisper` or `barge`
        :raise UserError: the user does not monitor the call
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
            call_sudo._send_monitor_request(leg_sudo.id)
        return call_sudo._to_monitor(leg_sudo)

    @api.model
    @door(routes=True)
    @check_arguments
    def stop_monitoring(self, uuid):
        """Leave a monitored call, which continues without the user.

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

    def _get_role_of(self, agent):
        is_supervisor = self.user_id != agent.user_id and self._get_leg_to_connect(agent)
        return "supervisor" if is_supervisor else super()._get_role_of(agent)

    def _get_leg_to_connect(self, agent):
        """Return the leg on which a supervisor's browser connects, if the user has requested it.

        Note: `self.ensure_one()`
        """
        self.ensure_one()
        user = agent.user_id
        leg = self._get_supervisor_legs().filtered(lambda leg: leg.user_id == user)[-1:]
        may_monitor = leg and user.active and user.has_group("crm_telephony.group_supervisor")
        return leg if may_monitor else leg.browse()

    def _admit_supervisor(self, agent, provider_leg_id):
        leg = self._get_leg_to_connect(agent)
        # If another browser has just used the leg, the lock fails to serialize and the request is
        # retried.
        self.env.cr.execute(
            SQL("SELECT id FROM telephony_call_leg WHERE id = %s FOR UPDATE", leg.id),
            log_exceptions=False,
        )
        if leg.provider_leg_id and leg.provider_leg_id != provider_leg_id:
            return self._refuse_browser("another browser monitors the call")
        if leg.joined_at:
            # The conference has ended, or the supervisor was removed from it.
            return [HangUp()]
        leg.provider_leg_id = provider_leg_id
        if leg._advance(CallEvent("leg", status="in_progress", at=fields.Datetime.now())):
            self._notify_monitored(leg)
        muted, coach = self._get_monitor_sound(leg)
        leg.provider_sound = f"{muted} {coach}"
        return [
            self._get_join(leg, ends_conference=False, muted=muted, coach=coach),
            # The leg to coach may have left meanwhile: then the join fails, and is tried without.
            Redirect(self.account_id._get_webhook_url("client", uuid=self.uuid)),
        ]

    # === BUSINESS METHODS === #

    def _get_supervisor_legs(self):
        """Return the legs of supervisors who monitor these calls or are connecting."""
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
        """Return the audio settings of a supervisor's leg.

        A supervisor who whispers while no agent is connected is muted.

        :return: whether the leg is muted, and the leg id of the only listener, or an empty string
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
        """Log and show that a supervisor monitors the call, or has changed the mode."""
        self._add_timeline(f"monitoring_{leg.monitor_mode}", name=leg.user_id.name)
        self._notify_participants()

    def _end_monitoring(self, user, calls=None):
        """End the monitoring by a user.

        :param user: the supervisor
        :param calls: only these calls; all by default
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
        """Disconnect supervisors from these calls.

        :param legs: only these legs; all by default
        """
        for call in self:
            alive = (call.leg_ids if legs is None else legs & call.leg_ids).filtered(
                lambda leg: leg.role == "supervisor" and leg._is_alive()
            )
            for leg in alive:
                if leg.provider_leg_id:
                    # The leg is shown until the provider reports its end.
                    leg.is_leaving = True
                    call._send_end_leg_request(leg.id)
                else:
                    # No browser has connected, so there is nothing to hang up.
                    leg._advance(
                        CallEvent(
                            "leg", status="ended", reason="canceled", at=fields.Datetime.now()
                        )
                    )
                    call._on_supervisor_left(leg)

    def _on_agent_moved(self, leg, event):
        self._sync_supervisors()
        return super()._on_agent_moved(leg, event)

    def _on_supervisor_moved(self, leg, _event):
        if leg.status == "ended":
            self._on_supervisor_left(leg)
        else:
            self._notify_participants()

    def _on_supervisor_left(self, leg):
        """Notify the supervisor and the participants of the end of the monitoring."""
        leg.user_id._bus_send("telephony/monitoring_ended", {"uuid": self.uuid, "leg_id": leg.id})
        agents = leg.user_id._get_telephony_agents(self.company_id)
        agents._notify_change()
        agents._offer_waiting_calls()
        if self.state != "ended":
            self._notify_participants()

    def _get_reactions(self):
        return [self._end_all_monitoring, *super()._get_reactions()]

    def _apply_transferred(self, event):
        if event.data["mode"] == "blind":
            # The conference ends when the customer leaves it.
            self._release_supervisors()
        return super()._apply_transferred(event)

    def _apply_handed_over(self, event):
        state = super()._apply_handed_over(event)
        self._sync_supervisors()
        return state

    def _end_all_monitoring(self):
        """End the monitoring with the conversation."""
        if self.state != "in_progress":
            self._release_supervisors()

    def _on_agent_connected(self):
        self._sync_supervisors()
        super()._on_agent_connected()

    def _sync_supervisors(self):
        """Update whispering supervisors after the agent's leg has changed.

        A whisper must reach the current agent only.
        """
        for leg in self._get_supervisor_legs():
            if leg.provider_leg_id and leg.monitor_mode == "whisper":
                self._send_monitor_request(leg.id)

    # === REQUESTS TO THE PROVIDER, AFTER COMMIT === #

    @after_commit("leg_ids.monitor_mode", leg_missing="_is_monitor_sound_wrong")
    def _send_monitor_request(self, leg_id):
        """Send the audio settings of a supervisor's leg to the provider.

        :return: the `_on_…` method to run and its arguments, or None
        """
        leg = self._get_supervisor_legs().filtered(lambda leg: leg.id == leg_id)
        if not leg.provider_leg_id or self.state != "in_progress":
            return None
        muted, coach = self._get_monitor_sound(leg)
        conference = self._fetch_conference()
        if conference and self._send(
            "set_participant_sound",
            conference,
            leg.provider_leg_id,
            muted,
            coach,
        ):
            return self._on_monitor_done, (leg_id, muted, coach)
        return self._on_monitor_failed, (leg_id,)

    def _on_monitor_done(self, leg_id, muted, coach):
        leg = self.leg_ids.filtered(lambda leg: leg.id == leg_id)
        leg.provider_sound = f"{muted} {coach}"

    def _on_monitor_failed(self, leg_id):
        """Disconnect the supervisor, so that the mode never differs from the one shown."""
        self._release_supervisors(self.leg_ids.filtered(lambda leg: leg.id == leg_id))

    # === DATA FOR THE WEB CLIENT === #

    def _to_monitor(self, leg):
        """Return the data of a monitored call for the supervisor. Note: `self.ensure_one()`

        :param leg: the supervisor's own leg
        """
        return {**self._to_live(), "leg_id": leg.id, "mode": leg.monitor_mode}

    def _to_client_one(self, env):
        return {
            **super()._to_client_one(env),
            # The agent always sees who monitors the call, and in which mode.
            "supervisors": [
                {"id": leg.id, "name": leg.user_id.name, "mode": leg.monitor_mode}
                for leg in self.leg_ids
                if leg.role == "supervisor" and leg.status == "in_progress"
            ],
        }
