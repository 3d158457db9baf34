"""The set-up of a story by an administrator, and its restoration."""

from uuid import uuid4

from .emulator import SALES
from .places import REPO


class Arrangement:
    """Changes of the set-up that last for one story.

    :param World world: the story's surroundings.
    """

    def __init__(self, world):
        self.world, self.rpc = world, world.admin
        self._undo = []

    def undo(self):
        """Restore everything, the newest change first."""
        while self._undo:
            self._undo.pop()()

    def write(self, model, record_id, **values):
        """Change a record for the duration of the story."""
        [row] = self.rpc.call(model, "read", [record_id], list(values), load=False)
        old = {
            name: [(6, 0, v)] if isinstance(v, list) else v
            for name, v in row.items()
            if name in values
        }
        self._undo.append(lambda: self.rpc.call(model, "write", [record_id], old))
        self.rpc.call(model, "write", [record_id], values)

    def temporary(self, model, *ids):
        """Archive new records after the story."""
        self._undo.append(lambda: self._archive(model, ids))

    def agent_id(self, rpc):
        """Return the agent of a session."""
        [row] = self.rpc.search(
            "telephony.agent",
            [
                ("user_id", "=", rpc.uid),
                ("company_id", "=", self.rpc.ref("base.main_company")),
            ],
            ["id"],
        )
        return row["id"]

    def agent(self, rpc, **values):
        """Change an agent for the duration of the story."""
        agent_id = self.agent_id(rpc)
        if values:
            self.write("telephony.agent", agent_id, **values)
        return agent_id

    def phone_user(self, name):
        """Return the session of a further agent.

        :param str name: of the user
        """
        rpc = self.user(name, "crm_telephony.group_user", "sales_team.group_sale_salesman")
        company = self.rpc.ref("base.main_company")
        numbers = self.rpc.call("telephony.number", "search", [("company_id", "=", company)])
        self.rpc.create("telephony.agent", user_id=rpc.uid, number_ids=[(6, 0, numbers)])
        return rpc

    def user(self, name, *groups):
        """Return the session of a further user.

        A login belongs to one story, because the profile of a browser belongs to a login.

        :param str name: of the user
        :param str groups: external names
        """
        login = f"{name.lower()}-{uuid4().hex[:8]}"
        group_ids = [(6, 0, [self.rpc.ref(group) for group in groups])]
        user_id = self.rpc.create(
            "res.users", name=name, login=login, password=login, group_ids=group_ids
        )
        self._undo.append(lambda: self._archive_user(user_id))
        return self.world.server.rpc(login)

    def _archive(self, model, ids):
        # The story may have deleted some.
        left = self.rpc.call(model, "search", [("id", "in", list(ids))])
        self.rpc.call(model, "write", left, {"active": False})

    def _archive_user(self, user_id):
        """Archive a user and the agent."""
        agents = self.rpc.call("telephony.agent", "search", [("user_id", "=", user_id)])
        self.rpc.call("telephony.agent", "write", agents, {"active": False})
        self.rpc.call("res.users", "write", [user_id], {"active": False})

    def language(self, code):
        """Return a session of the administrator who reads in a language.

        :param str code: of the language, which is activated if necessary
        """
        [lang] = self.rpc.search(
            "res.lang", [("code", "=", code)], ["active"], context={"active_test": False}
        )
        self.write("res.lang", lang["id"], active=True)
        names = (code, code.partition("_")[0])
        is_translated = any((REPO / "i18n" / f"{name}.po").exists() for name in names)
        if is_translated and not lang["active"]:
            wizard = self.rpc.create("base.language.install", lang_ids=[(6, 0, [lang["id"]])])
            self.rpc.call("base.language.install", "lang_install", [wizard])
        self.write("res.users", self.rpc.uid, lang=code)
        return self.world.server.rpc("admin")

    def number_id(self, number=SALES):
        """Return one of our numbers."""
        [number_id] = self.rpc.call("telephony.number", "search", [("number", "=", number)])
        return number_id

    def flow(self, *steps, number=SALES):
        """Assign a flow of the story's own to a number.

        :param dict steps: values of each step; an exit names another step.
        :return: the identifiers of the steps by name.
        """
        flow_id = self.rpc.create("telephony.flow", name=f"Story {self.world.name}")
        self.temporary("telephony.flow", flow_id)
        ids, exits = {}, {}
        for sequence, step in enumerate(steps):
            values = {k: v for k, v in step.items() if not k.endswith("_step_id")}
            exits[step["name"]] = {k: v for k, v in step.items() if k not in values}
            ids[step["name"]] = self.rpc.create(
                "telephony.flow.step", flow_id=flow_id, sequence=sequence, **values
            )
        for name, targets in exits.items():
            if targets:
                values = {field: ids[target] for field, target in targets.items()}
                self.rpc.call("telephony.flow.step", "write", [ids[name]], values)
        self.write("telephony.number", self.number_id(number), flow_id=flow_id)
        return ids
