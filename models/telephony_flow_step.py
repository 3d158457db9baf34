import base64

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.mimetypes import guess_mimetype

from .telephony_call_state import CallEvent
from .telephony_document import HangUp, Play, Record, Reject, Say


class TelephonyFlowStep(models.Model):
    """One step of a flow. `_enter` says what the caller hears, or by which exit the call leaves.

    An exit without a step of its own leads to a polite message and the end.
    """

    _name = "telephony.flow.step"
    _description = "Call Flow Step"
    _order = "sequence, id"
    _check_company_auto = True

    flow_id = fields.Many2one("telephony.flow", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    kind = fields.Selection(
        [
            ("ring", "Ring Phone Users"),
            ("queue", "Wait in a Queue"),
            ("voicemail", "Take a Message"),
            ("message", "Say a Message and Hang Up"),
            ("reject", "Reject without Answering"),
        ],
        required=True,
        default="ring",
    )
    # Ring
    agent_ids = fields.Many2many(
        "telephony.agent",
        string="Phone Users",
        check_company=True,
        help="Those who are rung; for a message: those who may hear it.",
    )
    ring_order = fields.Selection(
        [("parallel", "All at Once"), ("sequential", "One after the Other")],
        "Order",
        required=True,
        default="parallel",
    )
    timeout = fields.Integer(
        "Seconds", default=20, help="How long each phone rings: 5 to 120 seconds."
    )
    # Queue
    queue_id = fields.Many2one("telephony.queue", check_company=True, ondelete="restrict")
    # Message
    message = fields.Text(help="What the caller hears, in the language of the flow.")
    audio = fields.Binary(
        "Audio File", attachment=True, help="Played in place of the text: MP3 or WAV."
    )
    audio_name = fields.Char()
    # Voicemail
    max_seconds = fields.Integer(
        "Longest Message", default=180, help="Seconds a caller may speak: 10 to 600."
    )
    # Exits
    timeout_step_id = fields.Many2one(
        "telephony.flow.step",
        "If Nobody Answers",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
    )
    full_step_id = fields.Many2one(
        "telephony.flow.step",
        "If the Queue Is Full",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
    )
    not_available_step_id = fields.Many2one(
        "telephony.flow.step",
        "If Nobody Is Available",
        domain="[('flow_id', '=', flow_id), ('id', '!=', id)]",
        ondelete="set null",
    )

    _timeout_range = models.Constraint(
        "CHECK (kind != 'ring' OR timeout BETWEEN 5 AND 120)",
        "A phone rings for 5 to 120 seconds.",
    )

    _max_seconds_range = models.Constraint(
        "CHECK (kind != 'voicemail' OR max_seconds BETWEEN 10 AND 600)",
        "A message lasts 10 to 600 seconds.",
    )

    @api.constrains("kind", "agent_ids")
    def _check_recipients(self):
        for step in self:
            if step.kind in ("ring", "voicemail") and not step.agent_ids:
                raise ValidationError(_("Choose the phone users of “%(name)s”.", name=step.name))

    @api.constrains("kind", "queue_id")
    def _check_queue(self):
        for step in self:
            if step.kind == "queue" and not step.queue_id:
                raise ValidationError(_("Choose the queue of “%(name)s”.", name=step.name))

    @api.constrains("audio")
    def _check_audio(self):
        for step in self.filtered("audio"):
            mimetype = guess_mimetype(base64.b64decode(step.audio), default="")
            if not mimetype.startswith("audio/"):
                raise ValidationError(_("The audio file has to be an MP3 or WAV file."))

    @api.constrains("kind", "message", "audio")
    def _check_message(self):
        for step in self:
            if step.kind == "message" and not step.audio and not (step.message or "").strip():
                raise ValidationError(_("Write what the caller hears in “%(name)s”.",
                                        name=step.name))

    def _get_exit(self, name):
        """Return the step behind an exit.

        :param str name: `timeout`, `not_available` or `full`
        """
        return self[f"{name}_step_id"]

    def _enter(self, call):
        """Begin this step for a call. Note: `self.ensure_one()`

        :param call: the call, as superuser
        :return: a document, or the name of the exit by which the call leaves at once
        :rtype: list | str
        """
        self.ensure_one()
        return getattr(self, f"_enter_{self.kind}")(call)

    def _enter_ring(self, call):
        agents = self._get_next_agents(call)
        if not agents:
            call._add_trace(_("“%(step)s”: nobody is available.", step=self.name))
            return "not_available"
        call._offer_to(agents, self.timeout)
        return call._get_waiting_document()

    def _enter_queue(self, call):
        queue = self.queue_id
        if not queue._has_anybody():
            call._add_trace(_("“%(queue)s”: nobody is there.", queue=queue.name))
            return "not_available"
        if queue._is_full():
            call._add_trace(_("“%(queue)s” is full.", queue=queue.name))
            return "full"
        now = fields.Datetime.now()
        call.write({"queue_id": queue.id, "queued_at": now, "announced_at": False})
        call._add_trace(_("Waits in “%(queue)s”.", queue=queue.name))
        call._apply_event(CallEvent("queued", at=now))
        queue._dispatch()
        return call._get_waiting_document()

    def _enter_message(self, call):
        call._add_trace(_("“%(step)s”: the caller hears a message.", step=self.name))
        return [*self._get_prompt(self.message), HangUp()]

    def _enter_reject(self, call):
        call._add_trace(_("“%(step)s”: the call is rejected.", step=self.name))
        if call.offer_ids:
            # The caller waited, so the call is answered already and cannot be refused any more.
            return [HangUp()]
        return [Reject()]

    def _enter_voicemail(self, call):
        call._add_trace(_("“%(step)s”: the caller is asked for a message.", step=self.name))
        call.recipient_ids = self.agent_ids.user_id
        text = self.message or self._say(
            "Nobody is available at the moment. Please leave a message after the tone."
        )
        url = call.account_id._get_webhook_url
        return [
            *self._get_prompt(text),
            Record(
                self.max_seconds, url("step", call=call.uuid), url("recording", call=call.uuid)
            ),
            HangUp(),
        ]

    def _get_prompt(self, text):
        """Return what is played: the audio file, or else the text."""
        if self.audio:
            return [Play(self._get_audio_url())]
        return [Say(text, self.flow_id._get_speech_language())]

    def _get_audio_url(self):
        """Return the public, unguessable address of the audio file."""
        attachment = self.env["ir.attachment"].search([
            ("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", "audio")
        ], limit=1)
        access_token = attachment.generate_access_token()[0]
        account = self.flow_id.number_ids.account_id[:1]
        return (
            f"{account._get_base_url()}/web/content/{attachment.id}?access_token={access_token}"
        )

    def _say(self, text):
        """Translate a sentence of ours into the flow's language."""
        return self.with_context(lang=self.flow_id.language).env._(text)

    def _get_next_agents(self, call):
        """Return whom to ring next: everybody at once, or the next one who was not rung yet."""
        available = self.agent_ids._get_available()
        if self.ring_order == "parallel":
            return available
        rung = call.offer_ids.filtered(
            lambda offer: offer.create_date >= (call.step_entered_at or call.create_date)
        ).agent_id
        return (available - rung)[:1]
