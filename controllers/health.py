"""One word for monitoring: is the telephone working?"""

from odoo.http import Controller, request, route


class Health(Controller):
    @route("/telephony/health", type="http", auth="public", methods=["GET"], save_session=False)
    def health(self, **params):
        """Answer 200 or, when calls would be lost, 503. Only an administrator learns why.

        Outsiders get one word: which part of a company's telephone fails is nobody's business.
        """
        health = request.env["telephony.account"]._get_health()
        if not request.env.user.has_group("crm_telephony.group_manager"):
            del health["checks"]
        status = 503 if health["status"] == "fail" else 200
        return request.make_json_response(
            health, headers={"Cache-Control": "no-store"}, status=status
        )
