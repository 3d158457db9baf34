"""Recordings, streamed only to users who may listen to them."""

from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, request, route

from odoo.addons.crm_telephony.models.arguments import is_id

# Destinations for which a browser plays a sound: a player, a page of its own, a script. A sound
# embedded in another way, as an image, is not played. Not every browser sends the header.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Dest
HEARD_AS = {None, "audio", "video", "document", "empty"}


class Recording(Controller):
    @route(
        "/telephony/recording/<int:recording_id>",
        type="http",
        auth="user",
        readonly=False,
        methods=["GET"],
    )
    def stream(self, recording_id, **params):
        """Stream a recording, or the requested part of it (HTTP range)."""
        http_request = request.httprequest
        is_heard = http_request.headers.get("Sec-Fetch-Dest") in HEARD_AS
        if not is_heard or not is_id(recording_id):
            raise request.not_found()
        recording = request.env["telephony.recording"].browse(recording_id)
        try:
            attachment_sudo = recording._open_for_listening(http_request.method == "GET")
        except (AccessError, MissingError):
            raise request.not_found() from None
        stream = request.env["ir.binary"]._get_stream_from(attachment_sudo)
        return stream.get_response(as_attachment=False)
