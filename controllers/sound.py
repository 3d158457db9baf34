"""Music of an exact length for waiting callers.

The provider sends its next request when a sound ends. So the length of the sound is the timer of
the waiting room. These routes are public, because the provider fetches sounds without a signature;
they return only music. A response is generated while it is sent. So it costs only a few kilobytes
of memory, whatever length is requested.
"""

import io

from odoo.http import Controller, request, route
from odoo.tools import file_open

from ..tools.wav import Loop

LONGEST = 300


class Sound(Controller):
    @route(
        "/telephony/sound/hold_music/<int:seconds>.wav",
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
    )
    def hold_music(self, seconds, **params):
        """Stream the addon's own music."""
        return self._answer(
            file_open("crm_telephony/static/src/audio/hold_music.wav", "rb"), seconds
        )

    @route(
        "/telephony/sound/<int:attachment_id>/<string:token>/<int:seconds>.wav",
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
    )
    def queue_music(self, attachment_id, token, seconds, **params):
        """Stream the music of a queue; its URL cannot be guessed."""
        attachment = request.env["ir.attachment"].browse(attachment_id)
        # sudo: ir.attachment - the token gives access to the music
        attachment_sudo = attachment.sudo().exists()
        if (
            not attachment_sudo
            or attachment_sudo.res_model != "telephony.queue"
            or not (attachment_sudo.access_token and attachment_sudo.access_token == token)
        ):
            raise request.not_found()
        stream = request.env["ir.binary"]._get_stream_from(attachment_sudo)
        is_path = stream.type == "path"
        return self._answer(
            open(stream.path, "rb") if is_path else io.BytesIO(stream.data), seconds
        )

    def _answer(self, file, seconds):
        sound = Loop(file, min(max(seconds, 1), LONGEST))
        response = request.make_response(
            sound.play(),
            headers=[
                ("Content-Type", "audio/wav"),
                ("Content-Length", str(sound.size)),
                ("Cache-Control", "public, max-age=86400"),
            ],
        )
        response.call_on_close(file.close)
        return response
