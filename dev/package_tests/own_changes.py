"""Changes of a customer to calls, as with Studio. Run by `odoo shell` after `records.py`.

A field with a value, a view that inherits the form, and an automation rule on the field.
"""

from odoo import Command


def main(env):
    """Make the changes."""
    model_id = env["ir.model"]._get_id("telephony.call")
    env["ir.model.fields"].create(
        {
            "name": "x_budget",
            "model_id": model_id,
            "ttype": "integer",
            "field_description": "Budget",
        }
    )
    env["ir.ui.view"].create(
        {
            "name": "Budget",
            "model": "telephony.call",
            "inherit_id": env.ref("crm_telephony.telephony_call_view_form").id,
            "arch": '<field name="tag_ids" position="after"><field name="x_budget"/></field>',
        }
    )
    env["base.automation"].create(
        {
            "name": "Budget rule",
            "model_id": model_id,
            "trigger": "on_create_or_write",
            "filter_domain": "[('x_budget', '>', 1000)]",
            "action_server_ids": [
                Command.create(
                    {
                        "name": "Budget action",
                        "model_id": model_id,
                        "state": "code",
                        "code": "record.message_post(body='A large budget')",
                        "usage": "base_automation",
                    }
                )
            ],
        }
    )
    env["telephony.call"].search([("note", "=", "Wants desks.")]).x_budget = 500
    env.cr.commit()


main(env)  # noqa: F821  # given by the shell
