"""The records of one run: account, numbers, agents, calls, text messages.

All of them are written before the measurement, and those of an earlier run are removed first.
"""

import itertools
import json
import uuid
from contextlib import closing
from datetime import timedelta

import psycopg2

from bench_lib.client import ACCOUNT_SID, AUTH_TOKEN, BASE_URL

#: Our numbers: one that rings at an agent, one without an online agent.
RINGING, NOBODY = "+3225550190", "+3225550191"
#: Agents who call out, so that two simultaneous reports seldom concern the same one.
PEOPLE = 24
#: Records of the runs; removed before the next one, so that each begins alike.
_OWN_TABLES = ("telephony_callback", "sms_tracker", "sms_sms", "bus_bus")
_CALL_TABLES = ("telephony_call", "telephony_call_event", "telephony_call_leg", "telephony_offer")


def clear(name, old_calls=0):
    """Remove the records of an earlier run from a database.

    :param int old_calls: the last identifier of the calls that stay.
    """
    with closing(psycopg2.connect(dbname=name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM telephony_call_event WHERE call_id IS NULL")
            # With all their records.
            cursor.execute("DELETE FROM telephony_call WHERE id > %s", [old_calls])
            for table in _OWN_TABLES:
                cursor.execute(f"DELETE FROM {table}")
            cursor.execute("DELETE FROM mail_activity WHERE automated")
            cursor.execute("DELETE FROM mail_message WHERE model IN ('res.partner', 'crm.lead')")
            for table in (
                *_OWN_TABLES,
                *_CALL_TABLES,
                "mail_activity",
                "mail_message",
                "mail_notification",
            ):
                cursor.execute(f"VACUUM ANALYZE {table}")


class World:
    """The set-up in one database.

    :param env: an environment of the superuser.
    """

    def __init__(self, env):
        self.env = env(context={**env.context, "lang": "en_US", "tracking_disable": True})
        self.company = env.ref("base.main_company")

    def build(self):
        """Create or update account, numbers, flows and agents."""
        settings = self.env["ir.config_parameter"]
        settings.set_param("web.base.url", BASE_URL)
        settings.set_param("web.base.url.freeze", "True")
        self.company.write(
            {
                "sms_provider": "twilio",
                "sms_twilio_account_sid": ACCOUNT_SID,
                "sms_twilio_auth_token": AUTH_TOKEN,
                # Its contacts live in several countries.
                "telephony_country_policy": "all",
            }
        )
        self.account = self._ensure(
            "telephony.account",
            [("account_sid", "=", ACCOUNT_SID)],
            {
                "name": "Bench",
                "company_id": self.company.id,
                "account_sid": ACCOUNT_SID,
                "auth_token": AUTH_TOKEN,
                "webhook_base_url": BASE_URL,
                # No server listens there: a request to the provider would be an error in the log.
                "api_base_url": "http://127.0.0.1:9",
                "state": "connected",
            },
        )
        self.callers = [
            self._ensure_agent(f"Carl{number or ''} Caller", "offline") for number in range(PEOPLE)
        ]
        self.caller = self.callers[0]
        self._ensure_number(RINGING, self._ensure_agent("Rita Ringing", "online"))
        self._ensure_number(NOBODY, self._ensure_agent("Nora Nobody", "offline"))

    def _ensure(self, model, domain, values):
        record = self.env[model].with_context(active_test=False).search(domain, limit=1)
        if record:
            record.write(values)
            return record
        return record.create(values)

    def _ensure_agent(self, name, status):
        login = f"bench_{name.split()[0].lower()}"
        user = self._ensure(
            "res.users",
            [("login", "=", login)],
            {
                "name": name,
                "login": login,
                "email": f"{login}@example.com",
                "company_id": self.company.id,
                "company_ids": [(6, 0, self.company.ids)],
                "group_ids": [(4, self.env.ref("sales_team.group_sale_salesman_all_leads").id)],
            },
        )
        agent = self._ensure(
            "telephony.agent",
            [("user_id", "=", user.id)],
            {
                "user_id": user.id,
                "company_id": self.company.id,
                "status": status,
                "missed_offers": 0,
            },
        )
        agent.lease_ids.unlink()
        if status == "online":
            self.env["telephony.agent.lease"].create(
                {
                    "agent_id": agent.id,
                    "client_uuid": str(uuid.uuid4()),
                    "expires_at": self.env.cr.now() + timedelta(days=1),
                }
            )
        return agent

    def _ensure_number(self, number, agent):
        flow = self._ensure(
            "telephony.flow",
            [("name", "=", number)],
            {
                "name": number,
                "company_id": self.company.id,
                "language": "en_US",
            },
        )
        flow.step_ids.unlink()
        sorry, ring = self.env["telephony.flow.step"].create(
            [
                {
                    "flow_id": flow.id,
                    "sequence": 20,
                    "name": "Sorry",
                    "kind": "message",
                    "message": "All our colleagues are busy. Please call again later.",
                },
                {
                    "flow_id": flow.id,
                    "sequence": 10,
                    "name": "Ring",
                    "kind": "ring",
                    "agent_ids": [(6, 0, agent.ids)],
                },
            ]
        )
        ring.write({"no_answer_step_id": sorry.id, "not_available_step_id": sorry.id})
        self._ensure(
            "telephony.number",
            [("account_id", "=", self.account.id), ("number", "=", number)],
            {
                "name": f"Number of {agent.user_id.name}",
                "number": number,
                "account_id": self.account.id,
                "flow_id": flow.id,
                "agent_ids": [(4, agent.id)],
            },
        )

    def make_outgoing_calls(self, contacts):
        """Write one ongoing call to each contact, whose customer's leg is just being dialed.

        :param contacts: recordset of contacts.
        :return list: the provider's identifiers of the customers' legs.
        """
        number = self.env["telephony.number"].search([("number", "=", RINGING)])
        sids = [make_sid() for _contact in contacts]
        self.env["telephony.call"].create(
            [
                {
                    "account_id": self.account.id,
                    "direction": "outgoing",
                    "number_id": number.id,
                    "from_number": number.number,
                    "to_number": contact.phone_sanitized,
                    "customer_number": contact.phone_sanitized,
                    "partner_id": contact.id,
                    "user_id": agent.user_id.id,
                    "leg_ids": [
                        (
                            0,
                            0,
                            {
                                "account_id": self.account.id,
                                "role": "customer",
                                "label": "customer",
                                "number": contact.phone_sanitized,
                                "provider_leg_id": sid,
                            },
                        ),
                        (
                            0,
                            0,
                            {
                                "account_id": self.account.id,
                                "role": "agent",
                                "label": "agent-1",
                                "user_id": agent.user_id.id,
                                "provider_leg_id": make_sid(),
                                "status": "in_progress",
                            },
                        ),
                    ],
                }
                for contact, sid, agent in zip(
                    contacts, sids, itertools.cycle(self.callers), strict=False
                )
            ]
        )
        return sids

    def make_text_messages(self, contacts):
        """Write one text message to each contact, as Odoo does after Twilio has accepted it.

        :param contacts: recordset of contacts.
        :return list: the identifiers in the addresses of their webhooks.
        """
        author = self.caller.user_id.partner_id
        messages = self.env["mail.message"].create(
            [
                {
                    "model": "res.partner",
                    "res_id": contact.id,
                    "message_type": "sms",
                    "body": "Your order is on its way.",
                    "author_id": author.id,
                    "subtype_id": self.env.ref("mail.mt_note").id,
                    "record_company_id": self.company.id,
                }
                for contact in contacts
            ]
        )
        texts = self.env["sms.sms"].create(
            [
                {
                    "number": contact.phone_sanitized,
                    "body": "Your order is on its way.",
                    "partner_id": contact.id,
                    "mail_message_id": message.id,
                    "state": "process",
                }
                for contact, message in zip(contacts, messages, strict=True)
            ]
        )
        notifications = self.env["mail.notification"].create(
            [
                {
                    "mail_message_id": message.id,
                    "res_partner_id": contact.id,
                    "notification_type": "sms",
                    "notification_status": "process",
                    "author_id": author.id,
                    "is_read": True,
                }
                for contact, message in zip(contacts, messages, strict=True)
            ]
        )
        self.env["sms.tracker"].create(
            [
                {"sms_uuid": text.uuid, "mail_notification_id": notification.id}
                for text, notification in zip(texts, notifications, strict=True)
            ]
        )
        return texts.mapped("uuid")

    def verify(self, expected):
        """Compare the database after the webhooks with its required contents.

        :param dict expected: `incoming` (contact's id by leg), `outgoing` (legs), `messages`.
        :return list: sentences about differences.
        """
        problems = []
        self.env.invalidate_all()
        calls = self.env["telephony.call"]
        incoming = calls.search([("provider_call_id", "in", list(expected["incoming"]))])
        wrong = [
            call.uuid
            for call in incoming
            if call.partner_id.id != expected["incoming"][call.provider_call_id]
            or call.state != "ended"
        ]
        if wrong or len(incoming) != len(expected["incoming"]):
            problems.append(f"{len(wrong)} of {len(incoming)} incoming calls are wrong")
        outgoing = calls.search([("leg_ids.provider_leg_id", "in", expected["outgoing"])])
        answered = outgoing.filtered(lambda call: call.outcome == "answered" and call.message_id)
        if len(answered) != len(expected["outgoing"]):
            problems.append(f"{len(answered)} of {len(expected['outgoing'])} calls were answered")
        trackers = self.env["sms.tracker"].search([("sms_uuid", "in", expected["messages"])])
        states = set(trackers.mail_notification_id.mapped("notification_status"))
        if expected["messages"] and states != {"sent"}:
            problems.append(f"text messages are {json.dumps(sorted(states))}")
        return problems


def make_sid():
    """Return a new identifier of a call in Twilio's form."""
    return "CA" + uuid.uuid4().hex
