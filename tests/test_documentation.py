"""The pages of the documentation, as Odoo shows them."""

from lxml import html

from odoo.tests import tagged

from ..controllers.documentation import get_pages
from .common import TelephonyHttpCase

DOCS = "/telephony/docs/"


@tagged("post_install", "-at_install")
class TestDocumentation(TelephonyHttpCase):
    def open_page(self, name):
        return self.url_open(f"{DOCS}{name}", allow_redirects=False)

    def get_title(self, name):
        return html.fromstring(self.open_page(name).text).findtext(".//h1")

    def test_page_is_in_the_language_of_the_user(self):
        """A page is shown in the user's language, and exactly as it was asked for."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.authenticate(self.ana.login, self.ana.login)
        self.assertEqual(self.get_title("user_guide"), "User guide")
        self.ana.lang = "zh_CN"
        self.assertEqual(self.get_title("user_guide"), "用户指南")
        self.assertEqual(self.get_title("user_guide.md"), "User guide")
        self.assertEqual(self.get_title("user_guide.zh_CN.md"), "用户指南")
        self.assertEqual(self.get_title("operations"), "Operations")

    def test_every_link_of_every_page_is_answered(self):
        """Pages and pictures to which a page leads are part of the installation."""
        self.authenticate(self.ana.login, self.ana.login)
        found, pages = set(), get_pages()
        self.assertIn("administration", pages)
        for name in pages:
            response = self.open_page(f"{name}.md")
            self.assertEqual(response.status_code, 200, name)
            tree = html.fromstring(response.text)
            addresses = {*tree.xpath("//main//a/@href"), *tree.xpath("//img/@src")}
            found |= {address.partition("#")[0] for address in addresses}
        own = {address for address in found if address.startswith("/")}
        self.assertTrue(own)
        known = {f"{DOCS}{name}.md" for name in pages}
        for address in own - known:
            with self.subTest(address):
                self.assertTrue(address.startswith("/crm_telephony/static/"))
                self.assertEqual(self.url_open(address).status_code, 200)

    def test_page_runs_nothing(self):
        """A browser executes no script in a page, and loads nothing from elsewhere."""
        self.authenticate(self.ana.login, self.ana.login)
        policy = self.open_page("user_guide").headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("script-src", policy)

    def test_only_pages_can_be_read(self):
        """No other file of the server can be named, however it is written."""
        self.authenticate(self.ana.login, self.ana.login)
        for name in (
            *("unknown", "__manifest__", "__manifest__.py", "models/__init__.py", "README.md/x"),
            *("../__manifest__.py", "%2e%2e/__manifest__.py", "..%2f..%2f..%2fetc/passwd"),
            *("//etc/passwd", "user_guide.md.md", "user_guide.", "dev/twilio_emulator/README"),
        ):
            with self.subTest(name):
                self.assertIn(self.open_page(name).status_code, (301, 308, 404))

    def test_page_needs_a_login(self):
        """A visitor without a login is asked for one."""
        response = self.open_page("administration")
        self.assertIn("/web/login", response.headers.get("Location", ""))
