"""Every menu, view, filter and record of the addon, clicked by Odoo's own crawler."""

from odoo.tests import HttpCase, tagged

SUCCESS = "clickbot test succeeded"
START = (
    "odoo.loader.modules.get('@web/webclient/clickbot/clickbot_loader')"
    ".startClickEverywhere('crm_telephony.telephony_menu_root');"
)


@tagged("post_install", "-at_install", "-standard", "click_all")
class TestClickEverywhere(HttpCase):
    # The crawler may end on a form with a record that it has begun.
    allow_end_on_form = True

    def click(self, login):
        """Run the crawler through the app as a user; an error or an open dialog fails."""
        self.env.ref("base.user_admin").tour_enabled = False
        self.browser_js(
            "/odoo",
            START,
            "odoo.isReady === true",
            login=login,
            timeout=600,
            success_signal=SUCCESS,
        )

    def test_as_administrator(self):
        """Z29, Z30: everything in an administrator's menus opens."""
        self.click("admin")

    def test_as_phone_user(self):
        """Z30: everything visible to an agent opens without an access error."""
        user = self.env.ref("base.user_demo")
        self.assertFalse(user.has_group("crm_telephony.group_supervisor"))
        user.group_ids += self.env.ref("crm_telephony.group_user")
        self.click("demo")
