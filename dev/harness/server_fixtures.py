"""The fixtures of a server with its provider: for all stories, or for those of one module."""

import pytest

from .agent_browser import new_context
from .emulator import Emulator
from .odoo_server import prepare_company


def server_fixtures(
    make_server, logins, *, log, scope="module", prepare=prepare_company, **options
):
    """Return the fixtures `emulator`, `server`, `admin`, `sessions` and `profiles`.

    :param make_server: returns the server for the port of an emulator.
    :param list logins: the agents.
    :param str log: name of the emulator's log.
    :param str scope: scope of the fixtures.
    :param prepare: sets up the company with the administrator's session.
    :param dict options: of Playwright's `new_context`, for the browser profiles.
    """

    @pytest.fixture(scope=scope)
    def emulator(sounds):
        """Run the emulated provider."""
        emulator = Emulator(log, web=sounds)
        emulator.start()
        yield emulator
        emulator.stop()

    @pytest.fixture(scope=scope)
    def server(emulator):
        """Run the Odoo server, connected with the emulator."""
        server = make_server(emulator.port)
        server.start()
        yield server
        server.stop()

    @pytest.fixture(scope=scope)
    def admin(server):
        """Return the administrator's session, for questions about records."""
        rpc = server.rpc("admin")
        prepare(rpc)
        return rpc

    @pytest.fixture(scope=scope)
    def sessions(server):
        """Keep one login per user for all stories."""
        return {login: server.rpc(login) for login in logins}

    @pytest.fixture(scope=scope)
    def profiles(server, browsers):
        """Keep each agent's browser profile: cache and storage survive between stories."""
        known = {}

        def get(rpc, hz):
            if (rpc.login, hz) not in known:
                known[rpc.login, hz] = new_context(browsers(hz), server, rpc, **options)
            return known[rpc.login, hz]

        yield get
        for context in known.values():
            context.close()

    return emulator, server, admin, sessions, profiles
