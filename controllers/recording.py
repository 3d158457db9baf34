"""Recordings, streamed only to those who may hear them."""

from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, request, route

from odoo.addons.crm_telephony.models.telephony_arguments import is_id


class Recording(Controller):
    @route("/telephony/recording/<int:recording_id>", type="http", auth="user", readonly=False)
    def stream(self, recording_id, **params):
        """Stream one recording, or the part of it that is asked for (HTTP range)."""
        if not is_id(recording_id):
            raise request.not_found()
        recording = request.env["telephony.recording"].browse(recording_id)
        try:
            attachment_sudo = recording._open_for_listening()
        except (AccessError, MissingError):
            raise request.not_found() from None
        stream = request.env["ir.binary"]._get_stream_from(attachment_sudo)
        return stream.get_response(as_attachment=False)
