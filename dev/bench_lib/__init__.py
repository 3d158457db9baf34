"""Measures the addon against Odoo's own code and a published addon. Run by dev/bench."""
