"""Plain Python without Odoo: states, numbers, sounds and texts."""
