"""Findings 12, 13: a window belongs to its user, and shows only records this user may see."""

from functools import partial

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import TelephonyCase

SECRET = "Zoe Secret of Beta"
RULES = "odoo.addons.base.models.ir_rule"


@tagged("post_install", "-at_install")
class TestOwnWindows(TelephonyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        system = cls.env.ref("base.group_system")
        cls.max.group_ids += system
        cls.other = cls._make_user("mia", "crm_telephony.group_manager,base.group_system")
        partner_b = cls.env["res.partner"].create(
            {
                "name": SECRET,
                "company_id": cls.company_b.id,
            }
        )
        cls.foreign = {"telephony.account": cls.account_b, "telephony.number": cls.number_b}
        cls.own = {"telephony.account": cls.account, "telephony.number": cls.number}
        cls.own["telephony.flow"] = cls.flow
        cls.foreign["telephony.flow"] = cls.env["telephony.flow"].create(
            {
                "name": SECRET,
                "company_id": cls.company_b.id,
                "language": "en_US",
            }
        )
        for found, company, partner in (
            (cls.own, cls.company_a, cls.partner),
            (cls.foreign, cls.company_b, partner_b),
        ):
            found["telephony.callback"] = cls.env["telephony.callback"].create(
                {
                    "company_id": company.id,
                    "customer_number": "+32470999002",
                    "kind": "missed",
                    "partner_id": partner.id,
                    "first_at": "2026-01-01 00:00:00",
                    "last_at": "2026-01-01 00:00:00",
                    "due_at": "2026-01-01 00:00:00",
                }
            )
        cls.number_b.name = cls.account_b.name = SECRET

    def get_models(self):
        return [
            name
            for name in sorted(self.env.registry)
            if name.startswith("telephony.")
            and self.env[name].is_transient()
            and not self.env[name]._abstract
            # A test call is made by the server alone, see `test_test_call`.
            and self.as_user(self.max, name).has_access("create")
        ]

    def make_value(self, field):
        """Return a value for a required field."""
        if field.type == "selection":
            return field.get_values(self.env)[0]
        if field.type == "many2one":
            return self.max.id if field.comodel_name == "res.users" else self.belgium.id
        return "2026-01-01 00:00:00" if field.type == "datetime" else "x"

    def make_window(self, name):
        """Open a window of a model as `max`."""
        model = self.as_user(self.max, name)
        vals = {}
        for field in model._fields.values():
            if field.type == "many2one" and field.comodel_name in self.own:
                vals[field.name] = self.own[field.comodel_name].id
            elif field.type == "many2one" and field.comodel_name in self.get_models():
                # A row of a window belongs to it; the window may also point to one of its rows.
                if field.required:
                    vals[field.name] = self.make_window(field.comodel_name).id
            elif field.required and field.name not in model.default_get([field.name]):
                vals[field.name] = self.make_value(field)
        if not model.has_access("create"):
            # Only the addon's own code opens this window, for the current user.
            return model.sudo().create(vals).sudo(False)
        return model.create(vals)

    def test_window_of_somebody_else_is_not_there(self):
        """Every window of the addon, found by introspection, is invisible to other users."""
        self.assertGreaterEqual(len(self.get_models()), 8)
        for name in self.get_models():
            window = self.make_window(name)
            others = self.as_user(self.other, name)
            with self.subTest(name), mute_logger(RULES):
                self.assertEqual(window.search([("id", "=", window.id)]), window)
                self.assertFalse(others.search([("id", "=", window.id)]))
                stranger = others.browse(window.id)
                for act in (
                    partial(stranger.read, ["display_name"]),
                    partial(stranger.web_read, {"display_name": {}}),
                    partial(stranger.write, {"create_date": False}),
                    stranger.unlink,
                ):
                    with self.assertRaises(AccessError):
                        act()

    def test_window_about_a_record_of_another_company_is_refused(self):
        """Creating, writing, opening or changing a window reveals nothing about the record."""
        tried = 0
        for name in self.get_models():
            window = self.make_window(name)
            model = window.browse()
            # What only the addon's own code may change has a sentence of its own.
            refusal = AccessError if model.has_access("create") else UserError
            for field in window._fields.values():
                if field.type != "many2one" or field.comodel_name not in self.foreign:
                    continue
                tried += 1
                vals = {field.name: self.foreign[field.comodel_name].id}
                spec = {
                    other: {}
                    for other, known in window._fields.items()
                    if known.type in ("char", "text")
                } | {field.name: {"fields": {"display_name": {}}}}
                opened = model.with_context(**{f"default_{field.name}": vals[field.name]})
                for way, act in {
                    "create": partial(model.create, vals),
                    "write": partial(window.write, vals),
                    "web_save": partial(window.web_save, vals, spec),
                    "new web_save": partial(model.web_save, vals, spec),
                    "onchange": partial(model.onchange, vals, [field.name], spec),
                    "default": partial(opened.onchange, {}, [], spec),
                }.items():
                    with (
                        self.subTest(model=name, field=field.name, way=way),
                        self.assertRaises(refusal),
                        self.env.cr.savepoint(),
                        mute_logger(RULES, "odoo.addons.base.models.ir_model"),
                    ):
                        act()
        self.assertGreaterEqual(tried, 6)

    def test_own_windows_go_on_working(self):
        wizard = self.as_user(self.max, "telephony.callback.cancel").create(
            {
                "callback_id": self.own["telephony.callback"].id,
                "reason": "Wrong number",
            }
        )
        self.assertEqual(wizard.customer_display, self.partner.display_name)
        wizard.action_confirm()
        self.assertEqual(self.own["telephony.callback"].state, "canceled")
        values = (
            self.as_user(self.max, "telephony.number.release")
            .with_context(default_number_id=self.number.id)
            .onchange({}, [], {"number_display": {}, "call_count": {}, "number_id": {}})["value"]
        )
        self.assertEqual(values["number_display"], self.number.display_name)
