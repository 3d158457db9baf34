"""Many simultaneous agents without browsers: each has a session and a name."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import requests

import database

_MARK = "CROWD:"
# In Odoo's shell, because hashing so many passwords would take a minute.
_MAKE = """
import json
from datetime import datetime, timedelta
from odoo import http
from odoo.service import security

users = env["res.users"].with_context(no_reset_password=True).create([
    {{
        "name": f"Racer {{number}}", "login": f"racer_{{number}}",
        "group_ids": [(6, 0, [env.ref("crm_telephony.group_user").id])],
    }}
    for number in range({count})
])
agents = env["telephony.agent"].create([
    {{"user_id": user.id, "company_id": env.company.id}} for user in users
])
agents.write({{"status": "online"}})
env["telephony.agent.lease"].create([
    {{
        "agent_id": agent.id, "client_uuid": f"page-of-{{agent.id}}",
        "expires_at": datetime.utcnow() + timedelta(minutes=30),
    }}
    for agent in agents
])
env.cr.commit()
crowd = []
for agent in agents:
    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=env.cr.dbname)
    user_env = env(user=agent.user_id.id)
    session.uid, session.login = agent.user_id.id, agent.user_id.login
    session.context = dict(user_env["res.users"].context_get())
    session.session_token = security.compute_session_token(session, user_env)
    http.root.session_store.save(session)
    crowd.append({{
        "session": session.sid, "name": agent.user_id.name, "user": agent.user_id.id,
        "agent": agent.id, "identity": agent.identity,
    }})
print("\\n" + {mark!r} + json.dumps(crowd))
"""


class Racer:
    """One of many agents.

    :param str url: the server of this agent's page.
    :param dict facts: `session`, `name`, `user`, `agent`, `identity`.
    """

    def __init__(self, url, facts):
        self.url, self.name, self.user = url, facts["name"], facts["user"]
        self.agent, self.identity = facts["agent"], facts["identity"]
        self.http = requests.Session()
        self.http.cookies.set("session_id", facts["session"])

    def call(self, method, *args):
        """Call a method of `telephony.call` and return the server's whole answer."""
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": self.user,
            "params": {
                "model": "telephony.call",
                "method": method,
                "args": args,
                "kwargs": {},
            },
        }
        url = f"{self.url}/web/dataset/call_kw/telephony.call/{method}"
        return self.http.post(url, json=body, timeout=60).json()


def make_crowd(name, count, urls):
    """Create online agents, spread over servers.

    :param str name: the servers' database.
    :param list urls: the servers' addresses.
    :return: a list of `Racer`.
    """
    output = database.run_shell(name, _MAKE.format(count=count, mark=_MARK), log="e2e-crowd.log")
    [line] = [line for line in output.splitlines() if _MARK in line]
    crowd = json.loads(line.split(_MARK, 1)[1])
    return [Racer(urls[number % len(urls)], facts) for number, facts in enumerate(crowd)]


def all_at_once(racers, act):
    """Run the same function for all racers at the same moment.

    :param act: function of a racer.
    :return: the results, in the order of the racers.
    """
    start = Barrier(len(racers))

    def run(racer):
        start.wait(30)
        return act(racer)

    with ThreadPoolExecutor(len(racers)) as pool:
        return list(pool.map(run, racers))
