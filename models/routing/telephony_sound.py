import base64
import binascii
import logging
import math
import os
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.sound_file import WAV, convert, get_seconds, get_type
from ...tools.wav import get_seconds as get_wav_seconds
from ...tools.web_address import is_public_address

# The provider fetches a whole file before it plays the first second of it.
MOST_BYTES = 20 * 1024 * 1024
# What changes the sound that callers hear.
SOUND_FIELDS = {"kind", "content", "url"}
# For how long callers hear something else after the provider could not play a sound, and for how
# long administrators see it.
DOUBT, SHOWN = timedelta(minutes=10), timedelta(days=1)

_logger = logging.getLogger(__name__)


class TelephonySound(models.Model):
    """A sound of the audio library, which steps of call flows and queues play.

    A web address is fetched by the provider, and by the browser of who listens to it; never by this
    server, whose network it would disclose.
    """

    _name = "telephony.sound"
    _inherit = ["telephony.guard.mixin"]
    _description = "Sound"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        immutable=True,
        default=lambda self: self.env.company,
    )
    kind = fields.Selection(
        [("file", "File"), ("url", "Web Address")], "Source", required=True, default="file"
    )
    content = fields.Binary(
        "Sound File",
        attachment=True,
        help="An MP3 file or a WAV file (PCM, 16 bit). Other kinds of files are converted if the "
        "Python library “av” is installed on the Odoo server.",
    )
    content_name = fields.Char("File Name")
    url = fields.Char(
        "Web Address",
        help="Twilio fetches the sound from this public https address during each call.",
    )
    seconds = fields.Float(compute="_compute_file", store=True)
    duration_display = fields.Char("Duration", compute="_compute_duration_display")
    failed_at = fields.Datetime(
        "Last Failure",
        readonly=True,
        copy=False,
        help="When Twilio could not play this sound. For the next ten minutes, callers hear the "
        "text or the default music instead.",
    )
    # Only a WAV file can be cut to the exact length that the wait of a caller needs.
    can_be_cut = fields.Boolean(compute="_compute_file", store=True)

    @api.constrains("kind", "content", "url")
    def _check_sound(self):
        for sound in self:
            if sound.kind == "file" and not sound.content:
                raise ValidationError(
                    self.env._("Record or upload the sound “%(name)s”.", name=sound.name)
                )
            if sound.kind == "url" and not is_public_address(sound.url):
                raise ValidationError(
                    self.env._(
                        "Enter the web address of “%(name)s” as https://…, on a host that Twilio "
                        "can reach from the internet.",
                        name=sound.name,
                    )
                )

    # === COMPUTE METHODS === #

    @api.depends("kind", "content")
    def _compute_file(self):
        for sound in self:
            # A form shows sizes in place of files.
            whole = sound.with_context(bin_size=False, bin_size_content=False)
            content = _decode(whole.content) if sound.kind == "file" else b""
            sound.seconds = get_seconds(content)
            sound.can_be_cut = get_type(content) == WAV and get_wav_seconds(content) >= 1

    @api.depends("seconds")
    def _compute_duration_display(self):
        for sound in self:
            minutes, seconds = divmod(math.ceil(sound.seconds), 60)
            sound.duration_display = f"{minutes}:{seconds:02d}" if sound.seconds else False

    @api.onchange("content_name")
    def _onchange_content_name(self):
        if self.content_name and not self.name:
            self.name = os.path.splitext(self.content_name)[0]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._make_playable(vals) for vals in vals_list])

    def write(self, vals):
        result = super().write(self._make_playable(vals))
        if SOUND_FIELDS & vals.keys():
            # sudo: telephony.sound - a failure of the former sound, written by the addon itself
            self.sudo().filtered("failed_at").failed_at = False
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for sound in self:
            uses = sound._get_uses()
            if uses:
                raise UserError(
                    self.env._(
                        "“%(sound)s” is played by %(uses)s. Choose another sound there first, or "
                        "archive this one.",
                        sound=sound.name,
                        uses=", ".join(uses),
                    )
                )

    def _make_playable(self, vals):
        """Return the values of a record, with a new file converted if no provider plays it.

        :param dict vals: values to write
        :raise ValidationError: the file is no sound, too large, or cannot be converted
        :rtype: dict
        """
        if not vals.get("content"):
            return vals
        content = _decode(vals["content"])
        if len(content) > MOST_BYTES:
            raise ValidationError(
                self.env._(
                    "The sound file is too large for the phone: it may have at most %(size)s MB. "
                    "Upload it as MP3.",
                    size=MOST_BYTES // 1024**2,
                )
            )
        if get_type(content):
            return vals
        converted = convert(content)
        if not converted:
            raise ValidationError(
                self.env._(
                    "This sound cannot be played on the phone. Upload an MP3 file or a WAV file "
                    "(PCM, 16 bit). Other kinds of files are converted only if the Python library "
                    "“av” is installed on the Odoo server."
                )
            )
        values = {**vals, "content": base64.b64encode(converted)}
        if vals.get("content_name"):
            values["content_name"] = os.path.splitext(vals["content_name"])[0] + ".wav"
        return values

    # === BUSINESS METHODS === #

    def _get_uses(self):
        """Return the names of what plays this sound. Note: `self.ensure_one()`

        :rtype: list(str)
        """
        self.ensure_one()
        return []

    def _is_heard(self):
        """Return whether callers hear this sound.

        :return: False for no sound, for a file that is none, and after a failure
        :rtype: bool
        """
        return bool(self) and self._is_playable() and not self._has_failed(DOUBT)

    def _is_playable(self):
        """Return whether this is a sound at all, as far as known."""
        return self.kind == "url" or self.seconds > 0

    def _has_failed(self, period=SHOWN):
        """Return whether the provider could not play this sound within a period."""
        return bool(self.failed_at) and self.failed_at > fields.Datetime.now() - period

    def _doubt(self):
        """Replace these sounds for a while, because the provider could not play one of them.

        :return: the sounds that callers heard until now
        """
        heard = self.filtered(lambda sound: sound._is_heard())
        if heard:
            _logger.warning("Sounds %s: the provider cannot play one of them", heard.ids)
            heard.failed_at = fields.Datetime.now()
        return heard

    def _get_public_url(self, account, seconds=0):
        """Return the address from which the provider fetches this sound; it cannot be guessed.

        Note: `self.ensure_one()`

        :param account: account of the call
        :param int seconds: exact length of a sound that can be cut, repeated from its beginning;
            0 for the whole sound
        :rtype: str
        """
        self.ensure_one()
        if self.kind == "url":
            return self.url
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("res_field", "=", "content"),
            ],
            limit=1,
        )
        token = attachment.generate_access_token()[0]
        url = f"{account._get_base_url()}/telephony/sound/{attachment.id}/{token}"
        return f"{url}/{seconds}.wav" if seconds else url


def _decode(content):
    """Return the bytes of a file field; empty for anything else."""
    try:
        return base64.b64decode(content or b"")
    except (binascii.Error, TypeError, ValueError):
        return b""
