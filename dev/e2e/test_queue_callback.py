"""A caller who does not want to wait gets a queue callback."""

from harness.board_page import Board
from harness.emulator import CUSTOMER
from harness.looks import picture
from harness.pages import Softphone
from harness.polling import until


def _queue(arrange, agent, **values):
    rpc = arrange.rpc
    queue_id = rpc.create(
        "telephony.queue",
        name="Hotline",
        agent_ids=[(6, 0, [arrange.agent_id(agent.rpc)])],
        callback_key="1",
        **values,
    )
    arrange.flow({"name": "Line", "kind": "queue", "queue_id": queue_id})


def test_called_back_in_turn(world, agent, customers, arrange):
    """Z24 Z25: press 1 in the queue, hang up, keep the place, be called and speak.

    The board counts the queue callback among the waiting callers, not among the abandoned ones.
    """
    busy, caller = customers("Tine Claes"), customers("Ulla Maes")
    ana = agent("demo").ready()
    _queue(arrange, ana)
    phone = Softphone(ana)
    board = Board(agent("admin"), "Hotline")
    first = world.emulator.calls_us(busy.number)
    phone.rings("Tine Claes")
    phone.accept().is_talking()
    second = world.emulator.calls_us(caller.number)
    second.in_queue()
    board.shows(waiting=1, talking=1)
    second.hears_words("To be called back without losing your place in the queue, press 1.")
    second.press("1")
    second.hears_words("We will call you back")
    second.is_released()
    rpc = world.admin

    def is_waiting():
        # Until Twilio reports the end of the first call, both are in the list.
        rows = rpc.call("telephony.call", "queued_calls")
        found = [(row["is_queue_callback"], row["customer_name"]) for row in rows]
        assert found == [(True, "Ulla Maes")], found
        return rows

    until(is_waiting, "the place is kept")
    board.shows(waiting=1, talking=1, abandoned=0)
    board.row_shows(waiting=1)
    phone.hang_up().has_ended("answered")
    first.is_released()
    phone.done()
    phone.rings("Ulla Maes")
    assert "Callback requested" in phone.card.inner_text()
    picture(ana.page, "callback")
    phone.accept()
    telephone = world.emulator.rings(caller.number).answer()
    phone.is_talking()
    telephone.hears(ana.hz)
    ana.hears(CUSTOMER)
    board.shows(waiting=0, talking=1, abandoned=0, missed=0)
    phone.hang_up().has_ended("answered")
    telephone.is_released()
    board.shows(waiting=0, talking=0, abandoned=0, missed=0)
    outcomes = [call["outcome"] for call in world.server.find_calls(rpc, caller.number)]
    assert outcomes == ["answered", "queue_callback"]
