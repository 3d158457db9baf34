import logging
from datetime import timedelta
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...providers.voice_response import HangUp
from ..arguments import check_arguments
from .telephony_call_event import TEST

_logger = logging.getLogger(__name__)

# Seconds after which a page that has not connected must ask again.
EXPIRES_SECONDS = 60
# What is said in place of the values of a call.
EXAMPLES = {"name": "Anna Example", "user": "Max Example", "position": 3, "minutes": 3, "key": 1}


class TelephonySentence(models.Model):
    _inherit = "telephony.sentence"

    @api.model
    @check_arguments
    def play(self, sentence_id):
        """Prepare the playback of a sentence in the page of an administrator.

        The page connects with the `uuid` of the answer, as for a call. It hears the sentence as
        callers do, with the voice of the account.

        :param int sentence_id: row of the table
        :raise AccessError: the user may not change the sentence, or is no phone user
        :raise UserError: the sentence is that of another company, or the user is in a call
        :return: `uuid`
        :rtype: dict
        """
        row = self.browse(sentence_id)
        row.check_access("write")
        agent_sudo = self.env["telephony.agent"]._ensure_own_agent()
        if row.company_id != self.env.company:
            # The page connects to the account of the company that it shows.
            raise UserError(
                self.env._(
                    "Switch to the company %(company)s to hear this sentence.",
                    company=row.company_id.name,
                )
            )
        agent_sudo._check_free()
        # sudo: telephony.sentence.playback - the row is the current user's own
        playback_sudo = self.env["telephony.sentence.playback"].sudo()
        return {"uuid": playback_sudo.create({"sentence_id": row.id, "user_id": self.env.uid}).uuid}

    @api.model
    def _get_examples(self):
        """Return the value of each placeholder in a playback.

        :return: keyed by the name of the placeholder; a value that is missing is spoken as “1”
        :rtype: dict
        """
        return EXAMPLES

    def _say_example(self, account):
        """Return the sentence with examples as the values of a call. Note: `self.ensure_one()`

        :param account: the account whose provider speaks
        :rtype: Say or Play
        """
        self.ensure_one()
        speech, examples = self.env["telephony.speech"], self._get_examples()
        values = {name: examples.get(name, 1) for name in speech._get_placeholders(self.code)}
        return speech._say(account, self.lang, self.code, **values)


class TelephonySentencePlayback(models.TransientModel):
    """A standard sentence that an administrator hears once in the own page. It is no call."""

    _name = "telephony.sentence.playback"
    _inherit = ["telephony.guard.mixin"]
    _description = "Playback of a Sentence"
    _rec_name = "uuid"
    # Hours; the rows are of no use after a minute.
    _transient_max_hours = 1.0

    uuid = fields.Char(required=True, readonly=True, default=lambda self: str(uuid4()), index=True)
    sentence_id = fields.Many2one(
        "telephony.sentence", required=True, readonly=True, ondelete="cascade"
    )
    user_id = fields.Many2one("res.users", required=True, readonly=True, ondelete="cascade")
    provider_leg_id = fields.Char("Twilio Call SID", readonly=True)

    @api.model
    def _play(self, account, agent, voice_request):
        """Return the sentence for a browser that connects with the uuid of a playback.

        Each playback is heard by one connection of its user, who must still be an administrator. A
        repeated request of this connection gets the same answer.

        :param account: account of the connection
        :param agent: agent of the browser; empty if the identity is unknown
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response; empty if there is no such playback
        :rtype: list
        """
        limit = fields.Datetime.now() - timedelta(seconds=EXPIRES_SECONDS)
        playback = self.search(
            [
                ("uuid", "=", voice_request.call_uuid),
                ("create_date", ">", limit),
                ("provider_leg_id", "in", [False, voice_request.leg_id]),
            ],
            limit=1,
        )
        row = playback.sentence_id
        if (
            not row
            or row.code not in row._get_purposes()
            or row.company_id != account.company_id
            or playback.user_id != agent.user_id
            or not agent._is_entitled()
            or not agent.user_id.has_group("crm_telephony.group_manager")
        ):
            return []
        playback.provider_leg_id = voice_request.leg_id
        _logger.info("Sentence %s (%s) is played to an administrator", row.code, row.lang)
        # The report about the end of this leg names no call of ours.
        self.env["telephony.call.event"]._record_once(
            account, f"{voice_request.leg_id}:voice", TEST
        )
        return [row._say_example(account), HangUp()]

    @api.model
    def _repeat(self, account, voice_request):
        """Return the text of a sentence whose sound the provider could not play in the page.

        :param account: account of the connection
        :param VoiceRequest voice_request: request of the provider
        :return: a voice response; empty if no sound was the reason
        :rtype: list
        """
        playback = self.search([("provider_leg_id", "=", voice_request.leg_id)], limit=1)
        row = playback.sentence_id.filtered(lambda row: row.company_id == account.company_id)
        speech = self.env["telephony.speech"]
        if not row or not speech._doubt(row.company_id, row.lang, [row.place]):
            return []
        return [row._say_example(account), HangUp()]
