"""Health check for monitoring: is the telephone working?"""

from odoo.http import Controller, request, route


class Health(Controller):
    @route("/telephony/health", type="http", auth="public", methods=["GET"], save_session=False)
    def health(self, **params):
        """Answer 200, or 503 if calls would be lost. Only an administrator receives the reasons.

        Other clients get one word, because details of a company's telephone are confidential.
        """
        health = request.env["telephony.account"]._get_health()
        if not request.env.user.has_group("crm_telephony.group_manager"):
            del health["checks"]
        status = 503 if health["status"] == "fail" else 200
        return request.make_json_response(
            health, headers={"Cache-Control": "no-store"}, status=status
        )
