"""Sounds for the provider, with a content type that it plays.

The provider fetches sounds without a signature, so these routes are public; they return only sounds
that every caller hears. A server in front of Odoo may deliver `/static/` itself, with any content
type, so no sound for the provider is there.

Music has an exact length: the provider sends its next request when a sound ends. So the length of
the sound is the timer of the waiting room. Music is generated while it is sent. So it costs only a
few kilobytes of memory, whatever length is requested.
"""

import io

from odoo.http import Controller, request, route
from odoo.tools import consteq, file_open

from ..tools.sound_file import WAV, get_type
from ..tools.wav import Loop

LONGEST = 300
# Sounds of the addon: files of `static/src/audio`.
SOUNDS = ("hold_music", "ringback", "ringback_tone")
ROUTE = {"type": "http", "methods": ["GET"], "save_session": False}


def _open_own(name):
    return file_open(f"crm_telephony/static/src/audio/{name}.wav", "rb")


def _find_upload(attachment_id, token):
    """Return the stream of a sound of the audio library; its URL cannot be guessed.

    :raise NotFound: there is no such sound, or the token is wrong
    """
    # sudo: ir.attachment - the token gives access to the sound
    attachment_sudo = request.env["ir.attachment"].browse(attachment_id).sudo().exists()
    if (
        not attachment_sudo
        or attachment_sudo.res_model != "telephony.sound"
        or attachment_sudo.res_field != "content"
        or not consteq((attachment_sudo.access_token or "").encode(), token.encode())
    ):
        raise request.not_found()
    stream = request.env["ir.binary"]._get_stream_from(attachment_sudo)
    return open(stream.path, "rb") if stream.type == "path" else io.BytesIO(stream.data)


def _answer(content, kind, size):
    return request.make_response(
        content,
        headers=[
            ("Content-Type", kind),
            ("Content-Length", str(size)),
            ("Cache-Control", "public, max-age=86400"),
        ],
    )


class Sound(Controller):
    @route("/telephony/sound/<string:name>.wav", auth="none", **ROUTE)
    def own_sound(self, name, **params):
        """Return one of the addon's own sounds."""
        if name not in SOUNDS:
            raise request.not_found()
        with _open_own(name) as file:
            content = file.read()
        return _answer(content, WAV, len(content))

    @route("/telephony/sound/hold_music/<int:seconds>.wav", auth="none", **ROUTE)
    def hold_music(self, seconds, **params):
        """Stream the addon's own music."""
        return self._play(_open_own("hold_music"), seconds)

    @route("/telephony/sound/<int:attachment_id>/<string:token>", auth="public", **ROUTE)
    def library_sound(self, attachment_id, token, **params):
        """Return a sound of the audio library."""
        with _find_upload(attachment_id, token) as file:
            content = file.read()
        return _answer(content, get_type(content) or "application/octet-stream", len(content))

    @route(
        "/telephony/sound/<int:attachment_id>/<string:token>/<int:seconds>.wav",
        auth="public",
        **ROUTE,
    )
    def library_music(self, attachment_id, token, seconds, **params):
        """Stream a sound of the audio library as music of an exact length."""
        return self._play(_find_upload(attachment_id, token), seconds)

    def _play(self, file, seconds):
        sound = Loop(file, min(max(seconds, 1), LONGEST))
        response = _answer(sound.play(), WAV, sound.size)
        response.call_on_close(file.close)
        return response
