"""Answer by which this database recognizes itself behind its public address."""

from odoo.http import Controller, request, route


class Ping(Controller):
    @route(
        "/telephony/twilio/ping", type="http", auth="public", methods=["GET"], save_session=False
    )
    def ping(self, question="", **params):
        """Return an answer that only this database can compute. It reveals no secret."""
        answer = request.env["telephony.account"]._answer_ping(question[:64])
        return request.make_response(answer, headers=[("Content-Type", "text/plain")])
