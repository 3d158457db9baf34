"""From 19.0.1.3.0 on, the record rules of callbacks have other names."""

RULES = {
    "telephony_callback_rule_company": "Callback: companies",
    "telephony_callback_rule_own": "Callback: own, missed by the user, or unassigned",
    "telephony_callback_rule_all": "Callback: all",
}


def migrate(cr, version):
    """Rename the record rules, which an upgrade leaves alone.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    for xmlid, name in RULES.items():
        cr.execute(
            """
            UPDATE ir_rule SET name = %s
              FROM ir_model_data
             WHERE ir_model_data.module = 'crm_telephony'
               AND ir_model_data.model = 'ir.rule'
               AND ir_model_data.name = %s
               AND ir_model_data.res_id = ir_rule.id
               AND ir_rule.name LIKE 'Owed call-back:%%'
            """,
            [name, xmlid],
        )
