"""The supervisors' board, as a page object."""

from playwright.sync_api import expect

from .polling import until

FIGURES = ("waiting", "talking", "answered", "missed", "abandoned", "voicemail")


class Board:
    """The board in an agent's first tab.

    :param AgentBrowser agent: the supervisor.
    :param str queue: name of the tested queue.
    """

    def __init__(self, agent, queue):
        self.agent = agent
        self.page = agent.open("/odoo/telephony-board", wait=".o_telephony_figure")
        self.row = self.page.locator(".o_telephony_board_queues tbody tr", has_text=queue)
        self._before = self.figures()

    def figure(self, name):
        """Return a figure's button."""
        return self.page.locator(f".o_telephony_figure[data-figure={name}]")

    def figures(self):
        """Return the figures of all queues; they include calls of other stories."""
        values = {n: self.figure(n).locator(".o_telephony_figure_value") for n in FIGURES}
        return {name: int(value.inner_text()) for name, value in values.items()}

    def shows(self, **expected):
        """Wait until the figures are these, without the calls before the story."""

        def same():
            shown = self.figures()
            found = {name: shown[name] - self._before[name] for name in expected}
            assert found == expected, found
            return True

        until(same, f"the board shows {expected}")

    def row_shows(self, **expected):
        """Wait until the line of the queue has these figures."""
        for name, value in expected.items():
            expect(self.row.locator(f"[data-figure={name}]")).to_have_text(str(value))

    def agent_is(self, person, state):
        """Wait until an agent is in a state."""
        line = self.page.locator(f".o_telephony_agent[data-user='{person.rpc.uid}']")
        expect(line).to_have_attribute("data-state", state)
        return line
