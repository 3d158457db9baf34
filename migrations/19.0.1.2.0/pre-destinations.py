"""Update companies before they get the destination rules of 19.0.1.2.0."""

from odoo.tools import sql


def migrate(cr, version):
    """Keep the countries and the shared-cost numbers that each company could call.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    if not sql.column_exists(cr, "res_company", "telephony_country_policy"):
        # An empty list meant every country.
        cr.execute("ALTER TABLE res_company ADD COLUMN telephony_country_policy varchar")
        cr.execute("""
            UPDATE res_company AS company
               SET telephony_country_policy = CASE
                   WHEN EXISTS (SELECT 1 FROM telephony_company_country_rel AS listed
                                 WHERE listed.res_company_id = company.id)
                   THEN 'listed' ELSE 'all' END
        """)
    if not sql.column_exists(cr, "res_company", "telephony_allow_shared_cost"):
        # Shared-cost numbers were refused together with premium numbers.
        cr.execute("ALTER TABLE res_company ADD COLUMN telephony_allow_shared_cost boolean")
        cr.execute("""
            UPDATE res_company
               SET telephony_allow_shared_cost = NOT coalesce(telephony_block_premium, false)
        """)
    # Verification calls are counted in the ledger of dialed legs.
    cr.execute("""
        ALTER TABLE telephony_caller_id
            DROP COLUMN IF EXISTS attempt_count,
            DROP COLUMN IF EXISTS attempts_since
    """)
