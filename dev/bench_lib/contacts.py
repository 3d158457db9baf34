"""Contacts and leads by the million, as Odoo itself would have stored them.

They are written by SQL, because the ORM would take an hour. Then a sample is computed again through
the ORM, and a difference is an error.
"""

import time
from contextlib import closing, contextmanager

import psycopg2

from places import say

#: Contacts for each lead.
CONTACTS_PER_LEAD = 5
#: Writings of a contact's number, in the order in which contacts are made.
WRITINGS = ("E.164", "international", "national")
#: Rows of each kind that are computed again.
SAMPLE = 200

# Per country: code, E.164, international and national writing of a seven-digit number "d" (whose
# first digit is 2 to 9), as usual there in Odoo.
_PLANS = (
    (
        "BE",
        "'+3247' || d",
        (
            "'+32 47' || left(d, 1) || ' ' || substr(d, 2, 2) || ' ' || substr(d, 4, 2) || ' '"
            " || right(d, 2)"
        ),
        (
            "'047' || left(d, 1) || ' ' || substr(d, 2, 2) || ' ' || substr(d, 4, 2) || ' '"
            " || right(d, 2)"
        ),
    ),
    (
        "FR",
        "'+3361' || d",
        (
            "'+33 6 1' || left(d, 1) || ' ' || substr(d, 2, 2) || ' ' || substr(d, 4, 2) || ' '"
            " || right(d, 2)"
        ),
        (
            "'06 1' || left(d, 1) || ' ' || substr(d, 2, 2) || ' ' || substr(d, 4, 2) || ' '"
            " || right(d, 2)"
        ),
    ),
    ("NL", "'+3162' || d", "'+31 6 2' || d", "'06 2' || d"),
    (
        "US",
        "'+1212' || d",
        "'+1 212-' || left(d, 3) || '-' || right(d, 4)",
        "'(212) ' || left(d, 3) || '-' || right(d, 4)",
    ),
)
# Numbers do not come in the order of the contacts. The factor has no divisor in common with the
# modulus, so that no number comes twice.
_DIGITS = "((({i} / 4)::bigint * 7654321 + 1234567) %% 8000000 + 2000000)::text"

_INSERT_CONTACTS = """
    INSERT INTO res_partner (
        id, name, complete_name, commercial_company_name, type, active, is_company, partner_share,
        parent_id, commercial_partner_id, country_id, city, zip, street, email, email_normalized,
        lang, phone, phone_sanitized, create_uid, write_uid, create_date, write_date
    )
    SELECT
        %(base)s + i,
        contact.name,
        CASE WHEN is_company THEN contact.name ELSE company || ', ' || contact.name END,
        company, 'contact', TRUE, is_company, TRUE,
        CASE WHEN is_company THEN NULL ELSE %(base)s + i - i %% 10 END,
        %(base)s + i - i %% 10,
        country.id, 'City ' || i %% 500, (1000 + i %% 9000)::text, 'Street ' || i %% 200,
        'p' || i || '@example.com', 'p' || i || '@example.com', 'en_US',
        CASE i / 4 %% 3 WHEN 0 THEN e164 WHEN 1 THEN international ELSE national END,
        e164, 1, 1, moment, moment
      FROM (
        SELECT
            i,
            i %% 10 = 0 AS is_company,
            CASE WHEN i %% 10 = 0 THEN 'Company ' || i / 10 ELSE 'Person ' || i END AS name,
            'Company ' || i / 10 AS company,
            now() AT TIME ZONE 'UTC' - (i %% 1000000) * interval '1 minute' AS moment,
            {digits} AS d
          FROM generate_series(0, %(count)s - 1) AS i
      ) AS contact
      JOIN (VALUES {codes}) AS plan(position, code) ON plan.position = i %% 4
      JOIN res_country AS country ON country.code = plan.code
     CROSS JOIN LATERAL (SELECT
        CASE plan.position {e164} END AS e164,
        CASE plan.position {international} END AS international,
        CASE plan.position {national} END AS national
     ) AS written
"""

# Every other lead belongs to a contact; the others belong to persons without a contact.
_INSERT_LEADS = """
    INSERT INTO crm_lead (
        id, name, type, active, won_status, partner_id, contact_name, stage_id, country_id, phone,
        phone_sanitized, phone_state, priority, probability, automated_probability, create_uid,
        write_uid, create_date, write_date, date_last_stage_update
    )
    SELECT
        %(base)s + j, 'Lead ' || j, CASE j %% 2 WHEN 0 THEN 'opportunity' ELSE 'lead' END, TRUE,
        'pending',
        CASE j %% 2 WHEN 0 THEN contact.id END, 'Person ' || j,
        (SELECT id FROM crm_stage WHERE NOT is_won ORDER BY sequence, id LIMIT 1),
        CASE j %% 2 WHEN 0 THEN contact.country_id ELSE belgium.id END,
        CASE j %% 2 WHEN 0 THEN contact.phone ELSE
            CASE j / 2 %% 3
                WHEN 0 THEN '+3248' || d
                WHEN 1 THEN '+32 48' || left(d, 1) || ' ' || substr(d, 2, 2) || ' '
                    || substr(d, 4, 2) || ' ' || right(d, 2)
                ELSE '048' || left(d, 1) || ' ' || substr(d, 2, 2) || ' '
                    || substr(d, 4, 2) || ' ' || right(d, 2)
            END
        END,
        CASE j %% 2 WHEN 0 THEN contact.phone_sanitized ELSE '+3248' || d END,
        'correct', '0', 10, 10, 1, 1, moment, moment, moment
      FROM (
        SELECT
            j,
            now() AT TIME ZONE 'UTC' - (j %% 500000) * interval '1 minute' AS moment,
            {digits} AS d
          FROM generate_series(0, %(count)s - 1) AS j
      ) AS lead
      JOIN res_partner AS contact ON contact.id = %(contacts)s + j * %(per_lead)s
      JOIN res_country AS belgium ON belgium.code = 'BE'
"""


class WrongContacts(Exception):
    """The rows written by SQL differ from those of Odoo."""


def fill(name, count):
    """Write contacts and leads into a database that has none of them yet.

    :param str name: the database.
    :param int count: number of contacts; there is one lead for every five.
    :return dict: the first identifiers, `contacts` and `leads`.
    """
    started = time.monotonic()
    with filling(name, "res_partner", "crm_lead") as cursor:
        contacts = fill_table(cursor, "res_partner", _contacts_query(), count, {})
        leads = fill_table(
            cursor,
            "crm_lead",
            _INSERT_LEADS.format(digits=_DIGITS.format(i="j * 4")),
            count // CONTACTS_PER_LEAD,
            {"contacts": contacts, "per_lead": CONTACTS_PER_LEAD},
        )
    say(f"{count} contacts are in database '{name}' ({time.monotonic() - started:.0f} s)")
    return {"contacts": contacts, "leads": leads}


@contextmanager
def filling(name, *tables):
    """Open a transaction for millions of rows, and clean up after it.

    :param str name: the database.
    :param tables: tables to fill.
    :return: a cursor.
    """
    # Only the owner of the cluster may skip the check of millions of foreign keys.
    with closing(psycopg2.connect(dbname=name, user="postgres")) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica; SET work_mem = '256MB'")
            yield cursor
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"VACUUM ANALYZE {table}")


def _contacts_query():
    def cases(column):
        return " ".join(f"WHEN {i} THEN {plan[column]}" for i, plan in enumerate(_PLANS))

    return _INSERT_CONTACTS.format(
        digits=_DIGITS.format(i="i"),
        codes=", ".join(f"({i}, '{plan[0]}')" for i, plan in enumerate(_PLANS)),
        e164=cases(1),
        international=cases(2),
        national=cases(3),
    )


def fill_table(cursor, table, query, count, parameters):
    """Insert rows without their indexes, which are much quicker to build at the end.

    :param cursor: that of `filling`.
    :param str query: inserts the rows; `base` is the first identifier.
    :param int count: number of inserted rows.
    :param dict parameters: further ones of the query.
    :return int: `base`.
    """
    cursor.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
            WHERE indrelid = %s::regclass AND NOT indisunique""",
        [table],
    )
    indexes = cursor.fetchall()
    for index, _definition in indexes:
        cursor.execute(f"DROP INDEX {index}")
    cursor.execute(f"SELECT max(id) FROM {table}")
    # A round number, so that a contact's company can be computed.
    base = ((cursor.fetchone()[0] or 0) // 1000 + 1) * 1000
    cursor.execute(query, {"base": base, "count": count, **parameters})
    if cursor.rowcount != count:
        raise WrongContacts(f"{cursor.rowcount} rows in place of {count} were written to {table}")
    cursor.execute(f"SELECT setval('{table}_id_seq', %s)", [base + count])
    for _index, definition in indexes:
        cursor.execute(definition)
    return base


def check(env, first, count):
    """Compute a sample again through the ORM.

    :param env: an environment of the superuser; its transaction is rolled back.
    :param dict first: result of `fill`.
    :param int count: number of contacts.
    :raise WrongContacts: when a stored number is not the one Odoo computes.
    """
    for model, base, rows in (
        ("res.partner", first["contacts"], count),
        ("crm.lead", first["leads"], count // CONTACTS_PER_LEAD),
    ):
        # The step is odd, so that every country and writing is in the sample.
        step = max(1, rows // SAMPLE) | 1
        records = env[model].browse([base + i for i in range(0, rows, step)])
        stored = {record: record.phone_sanitized for record in records}
        records._compute_phone_sanitized()
        wrong = [record for record in records if record.phone_sanitized != stored[record]]
        if wrong or len(records) < min(rows, SAMPLE) * 0.9:
            raise WrongContacts(
                f"{model}: {len(wrong)} of {len(records)} numbers are not as Odoo stores them, "
                f"as {wrong and (wrong[0].phone, stored[wrong[0]])}"
            )
        env.cr.rollback()
        env.invalidate_all(flush=False)
