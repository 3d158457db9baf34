"""From 19.0.1.6.0 on, the announcement of recordings is one of the standard sentences."""

from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Keep the companies' own announcement, in each language in which it was spoken until now.

    :param cr: database cursor of the upgrade
    :param str version: the version installed before
    """
    if not column_exists(cr, "res_company", "telephony_announcement"):
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    accounts = env["telephony.account"]
    sequence = env["telephony.sentence"]._get_sequences()["recorded"]
    cr.execute("""
        SELECT company.id, company.telephony_announcement, spoken.lang
          FROM res_company AS company
          JOIN (SELECT company_id, language AS lang FROM telephony_flow
                 UNION
                SELECT company.id, COALESCE(partner.lang, 'en_US')
                  FROM res_company AS company
                  JOIN res_partner AS partner ON partner.id = company.partner_id
               ) AS spoken ON spoken.company_id = company.id
         WHERE company.telephony_announcement != ''
    """)
    for company_id, text, lang in cr.fetchall():
        account = accounts._get_of_company(env["res.company"].browse(company_id))
        # A text with braces, which is refused now, is spoken as before.
        cr.execute(
            """INSERT INTO telephony_sentence (company_id, lang, code, place, sequence, text)
               VALUES (%s, %s, 'recorded', 'recording', %s, %s)
                   ON CONFLICT (company_id, lang, code) DO NOTHING""",
            (company_id, account._get_spoken_lang(lang) if account else lang, sequence, text),
        )
    env.registry.clear_cache()
