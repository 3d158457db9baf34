"""Music of an exact length, for those who wait.

The carrier asks again when a sound ends, so the length of the sound is the timer of the waiting
room. These routes are public, because the carrier fetches sounds without a signature; there is
nothing in them but music.
"""

import functools
import io
import wave

from odoo.http import Controller, request, route
from odoo.tools import file_open

LONGEST = 300


def cut(source, seconds):
    """Repeat a WAV file from its beginning until it is exactly so long.

    :param bytes source: a WAV file
    :param int seconds: length of the result
    :return: a WAV file
    :rtype: bytes
    """
    with wave.open(io.BytesIO(source)) as sound:
        params, frames = sound.getparams(), sound.readframes(sound.getnframes())
    size = params.framerate * params.sampwidth * params.nchannels * seconds
    frames = (frames * (size // len(frames) + 1))[:size]
    result = io.BytesIO()
    with wave.open(result, "wb") as sound:
        sound.setparams(params)
        sound.writeframes(frames)
    return result.getvalue()


@functools.lru_cache(maxsize=64)
def _cut_own(seconds):
    with file_open("crm_telephony/static/src/audio/hold_music.wav", "rb") as file:
        return cut(file.read(), seconds)


class Sound(Controller):
    @route("/telephony/sound/hold_music/<int:seconds>.wav", type="http", auth="none",
           methods=["GET"], save_session=False)
    def hold_music(self, seconds, **params):
        """Our own music."""
        return self._answer(_cut_own(self._limit(seconds)))

    @route("/telephony/sound/<int:attachment_id>/<string:token>/<int:seconds>.wav", type="http",
           auth="public", methods=["GET"], save_session=False)
    def queue_music(self, attachment_id, token, seconds, **params):
        """The music of a queue; its address cannot be guessed."""
        attachment = request.env["ir.attachment"].browse(attachment_id)
        # sudo: ir.attachment - whoever has the token may hear the music
        attachment_sudo = attachment.sudo().exists()
        if not attachment_sudo or attachment_sudo.res_model != "telephony.queue" or not (
            attachment_sudo.access_token and attachment_sudo.access_token == token
        ):
            raise request.not_found()
        return self._answer(cut(attachment_sudo.raw, self._limit(seconds)))

    def _limit(self, seconds):
        return min(max(seconds, 1), LONGEST)

    def _answer(self, sound):
        return request.make_response(sound, headers=[
            ("Content-Type", "audio/wav"),
            ("Content-Length", str(len(sound))),
            ("Cache-Control", "public, max-age=86400"),
        ])
