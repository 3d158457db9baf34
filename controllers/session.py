"""Whoever logs out cannot be called any more."""

from odoo import SUPERUSER_ID
from odoo.http import request, route

from odoo.addons.web.controllers.session import Session


def _is_readonly(controller, rule, args):
    # The base routes do not write, these do. Odoo only lets a function say so.
    return False


class TelephonySession(Session):
    @route(readonly=_is_readonly)
    def destroy(self):
        self._leave_telephone()
        return super().destroy()

    @route(readonly=_is_readonly)
    def logout(self, redirect="/odoo"):
        self._leave_telephone()
        return super().logout(redirect=redirect)

    def _leave_telephone(self):
        """Set the user offline while the session still tells who that is."""
        if request.db and request.session.uid:
            # Who logs out has no rights left: the row is found by the session's own user.
            users = request.env["res.users"].with_user(SUPERUSER_ID)
            users.browse(request.session.uid).telephony_agent_ids._force_offline()
            request.env.flush_all()
