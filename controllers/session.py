"""Logout, which sets the user's telephone offline."""

from odoo import SUPERUSER_ID
from odoo.http import request, route

from odoo.addons.web.controllers.session import Session


def _is_readonly(controller, rule, args):
    # Unlike the base routes, these write. Odoo accepts only a function here.
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
        """Set the user offline while the session still identifies the user."""
        if request.db and request.session.uid:
            # The user has no rights left at logout: the row is found by the session's user.
            users = request.env["res.users"].with_user(SUPERUSER_ID)
            users.browse(request.session.uid).telephony_agent_ids._force_offline()
            request.env.flush_all()
