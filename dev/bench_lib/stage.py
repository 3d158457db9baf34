"""Odoo, the emulated provider and agents, on a copy of the big database."""

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import database
from bench_lib import databases, world
from bench_lib.client import ACCOUNT_SID, AUTH_TOKEN
from bench_lib.setting import PORT
from bench_lib.webhooks import Server
from harness.emulator import SALES, SUPPORT, Emulator
from harness.places import free_ports
from places import say

NAME = f"{databases.PREFIX}_stage_{PORT}"
__all__ = ("NAME", "SALES", "SUPPORT", "Person", "Stage")


class Person:
    """An agent with a session, as a browser has one.

    :param dict facts: `user`, `agent`, `name`, `session_id`.
    """

    def __init__(self, facts):
        self.user, self.agent = facts["user"], facts["agent"]
        self.name = self.login = facts["name"]
        self.session_id = facts["session_id"]


class Stage:
    """The programs of one measurement; a context manager.

    :param setting: the run, see `bench_lib.setting`.
    :param bool pages: whether a browser will load the web client.
    :param dict emulator: options of the emulator.
    """

    def __init__(self, setting, pages=False, **emulator):
        self.setting, self.name, self.pages = setting, NAME, pages
        self.emulator = Emulator(
            "bench-emulator", account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, **emulator
        )

    def __enter__(self):
        if self.pages:
            self._make_bundles()
        # No connection may be open to a database that is being copied.
        self.setting.registries.forget(self.setting.big[0])
        self.setting.registries.forget(NAME)
        say(f"copying database '{self.setting.big[0]}'")
        database.copy(self.setting.big[0], NAME)
        world.clear(NAME)
        self.emulator.start()
        self.emulator.post("settings", cps=0, answer_delay=0, tone=900, auto_answer=None)
        return self

    def __exit__(self, *_error):
        self.emulator.stop()
        self.setting.registries.forget(NAME)
        database.drop(NAME)

    def _make_bundles(self):
        """Create the assets of every page, once for each state of the code because it is slow."""
        with self.setting.registries.cursor(self.setting.big[0]) as cursor:
            env = self.setting.registries.environment(cursor)
            bundle = env["ir.qweb"]._get_asset_bundle("web.assets_web", css=True, js=True)
            bundle.js()
            bundle.css()

    @contextmanager
    def env(self):
        """Open a transaction of the superuser, whose changes are visible to all servers."""
        with self.setting.registries.cursor(NAME) as cursor:
            env = self.setting.registries.environment(cursor)
            yield env
            env.cr.commit()
            env.registry.signal_changes()

    def ports(self, count):
        """Return free ports, whose third one after it is free, too (that of the bus)."""
        found = []
        while len(found) < count:
            [port] = free_ports(1)
            if port + 3 < 65536 and all(abs(port - other) > 3 for other in found):
                found.append(port)
        return found

    def serve(self, port, workers=0, log="bench-stage", jobs=0):
        """Return a server; a context manager."""
        return Server([NAME], port, self.setting.folder, workers, log, jobs)

    def connect(self, webhook_port, provider_port=None):
        """Connect the account with the emulator.

        :param int webhook_port: port of Odoo for the provider.
        :param int provider_port: port of the provider for Odoo and browsers, default: directly.
        """
        port = provider_port or self.emulator.port
        with self.env() as env:
            world.World(env).build()
            account = env["telephony.account"].search([("account_sid", "=", ACCOUNT_SID)])
            account.write(
                {
                    "account_sid": ACCOUNT_SID,
                    "auth_token": AUTH_TOKEN,
                    "webhook_base_url": f"http://127.0.0.1:{webhook_port}",
                    "api_base_url": f"http://127.0.0.1:{port}",
                    "voice_gateway": f"localhost:{port}",
                    "voice_sdk_url": f"http://localhost:{port}/sdk/twilio.js",
                    "api_key_sid": False,
                    "api_key_secret": False,
                    "twiml_app_sid": False,
                }
            )
            account.action_connect()
            env["res.company"].search([]).write(
                {
                    "telephony_wrap_up_seconds": 0,
                    "telephony_country_policy": "all",
                }
            )

    def route(self, number, **step):
        """Assign a flow of one step to a number.

        :param str number: one of ours.
        :param dict step: its values.
        """
        with self.env() as env:
            flow = env["telephony.flow"].create({"name": f"Bench {number}", "language": "en_US"})
            env["telephony.flow.step"].create({"name": "Step", "flow_id": flow.id, **step})
            env["telephony.number"].search([("number", "=", number)]).flow_id = flow

    def make_people(self, count, name, status="online", groups=("crm_telephony.group_user",)):
        """Create users with a session.

        :param int count: number of users.
        :param str name: beginning of their names.
        :param str status: of agents; None: they are not agents.
        :param groups: external names of their groups, besides that of salespeople.
        :return list: of `Person`.
        """
        with self.env() as env:
            rights = [env.ref(one).id for one in groups if status]
            rights.append(env.ref("sales_team.group_sale_salesman_all_leads").id)
            users = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    [
                        {
                            "name": f"{name} {number}",
                            "login": f"{name.lower()}_{number}",
                            "group_ids": [(6, 0, rights)],
                        }
                        for number in range(count)
                    ]
                )
            )
            agents = dict.fromkeys(users, 0)
            if status:
                agents = _make_agents(env, users, status)
                # Otherwise the phone opens with the steps of the first use.
                for user in users:
                    env["telephony.agent"].with_user(user).finish_set_up()
            env.flush_all()
            return [
                Person(
                    {
                        "user": user.id,
                        "agent": agents[user],
                        "name": user.name,
                        "session_id": _make_session(env, user),
                    }
                )
                for user in users
            ]


def _make_agents(env, users, status):
    numbers = env["telephony.number"].search([("number", "in", (SALES, SUPPORT))])
    agents = env["telephony.agent"].create(
        [
            {"user_id": user.id, "company_id": env.company.id, "number_ids": [(6, 0, numbers.ids)]}
            for user in users
        ]
    )
    agents.write({"status": status})
    # A page would renew it; these users have none, or one that is slow to begin.
    env["telephony.agent.lease"].create(
        [
            {
                "agent_id": agent.id,
                "client_uuid": f"page-of-{agent.id}",
                "expires_at": datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=2),
            }
            for agent in agents
        ]
    )
    return {agent.user_id: agent.id for agent in agents}


def _make_session(env, user):
    # Logging in would take a third of a second for each password.
    from odoo import http
    from odoo.service import security

    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=env.cr.dbname)
    user_env = env(user=user.id)
    session.uid, session.login = user.id, user.login
    session.context = dict(user_env["res.users"].context_get())
    session.session_token = security.compute_session_token(session, user_env)
    http.root.session_store.save(session)
    return session.sid
