"""Blind transfer, consultation and three-way call, with sound."""

from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.looks import picture
from harness.pages import Softphone, open_record
from harness.polling import stays, until

MUSIC = "hold_music"
#: Hz of the outside party.
OUTSIDE = 1300


class Transfers:
    """One agent's view of transfers."""

    def __init__(self, phone):
        self.phone, self.page = phone, phone.page
        find = self.page.locator
        self.reason = find(".o_telephony_offer_reason")
        self.strip = find(".o_telephony_strip")
        self.text = self.strip.locator("[role=status]")

    def choose(self, term, name):
        """Open the panel, search, and choose with the keyboard."""
        self.page.locator(".o_telephony_transfer_toggle").click()
        field = self.page.locator(".o_telephony_transfer_input")
        expect(field).to_be_focused()
        field.fill(term)
        # Available targets come first; a contact of the same name may follow.
        line = self.page.locator(".o_telephony_target").first
        expect(self.page.locator(".o_telephony_target", has_not_text=name)).to_have_count(0)
        expect(line).to_contain_text(name)
        field.press("ArrowDown")
        expect(line).to_have_attribute("aria-selected", "true")

    def press(self, name):
        """Press a button of the panel or of the strip, by its class."""
        self.page.locator(f".o_telephony_{name}").click()

    def is_talking_with(self, state):
        """Wait until the strip shows a stage of the transfer."""
        expect(self.strip).to_have_attribute("data-state", state)
        return self


def _meet(world, agent, customer):
    """Connect the administrator with a customer, while a colleague is available."""
    admin, demo = agent("admin").ready(), agent("demo")
    first = Softphone(admin)
    telephone = world.emulator.calls_us(customer.number)
    first.rings(customer.name)
    first.accept().is_talking()
    telephone.hears(admin.hz)
    demo.ready()
    return telephone, first, Softphone(demo)


def _colleague(phone):
    """Return the name of a colleague in the lists."""
    return phone.agent.rpc.call("res.users", "read", [phone.agent.rpc.uid], ["name"])[0]["name"]


def _hears_only_music(telephone, *people):
    """Check for a while that the customer hears music and none of the agents."""
    telephone.hears_words(MUSIC)

    def is_alone():
        peaks = telephone.leg["hears"]["peaks"]
        return not any(abs(peak - who.hz) < 6 for peak in peaks for who in people)

    until(is_alone, "the voices are gone")
    stays(is_alone, "only music is heard", 1.5)


def test_transfer_at_once_and_its_coming_back(world, agent, customers):
    """Z18 Z19 Z22: declined, the call comes back; accepted, it continues with the note."""
    customer = customers("Agnes Maertens")
    telephone, first, second = _meet(world, agent, customer)
    admin, demo = first.agent, second.agent
    mine, theirs = Transfers(first), Transfers(second)
    name = _colleague(second)
    first.note.fill("Wants a refund")

    mine.choose(name, name)
    mine.press("transfer_now")
    first.is_idle()
    first.says("transferred to")
    telephone.in_queue()
    second.rings("Agnes Maertens")
    expect(theirs.reason).to_have_attribute("data-kind", "blind")
    expect(second.card).to_contain_text("Wants a refund")
    until(lambda: admin.state() in ("ringing", "available"), "the first one is free")
    second.decline_button.click()

    first.rings("Agnes Maertens")
    expect(mine.reason).to_contain_text("Returned")
    first.accept().is_talking()
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    expect(first.note).to_have_value("Wants a refund")

    mine.choose(name, name)
    mine.press("transfer_now")
    second.rings("Agnes Maertens")
    second.accept().is_talking()
    telephone.hears(demo.hz)
    demo.hears(CUSTOMER)
    first.is_idle()
    expect(second.note).to_have_value("Wants a refund")
    expect(second.call.locator(".o_telephony_journey")).to_contain_text(name)
    [leg] = world.emulator.agent_legs()
    assert leg["conference"]
    second.hang_up().has_ended("answered")
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["user_id"][0] == demo.rpc.uid and call["note"] == "Wants a refund"


def test_who_hands_over_documents_the_own_part(world, agent, customers):
    """Z19 Z27: the end window of who hands a call over; two results do not overwrite each other."""
    customer = customers("Dries Wouters")
    telephone, first, second = _meet(world, agent, customer)
    mine, name = Transfers(first), _colleague(second)
    first.note.fill("Wants a refund")
    mine.choose(name, name)
    mine.press("transfer_now")
    assert name in first.has_ended()
    result = first.page.locator(".o_telephony_disposition")
    result.select_option(label="Wrong number")
    expect(first.page.locator(".o_telephony_saved .text-success")).to_be_visible()
    second.rings("Dries Wouters")
    second.accept().is_talking()
    first.write_note("Was angry")
    first.page.locator(".o_telephony_follow_up_task").click()
    first.page.locator(".o_telephony_follow_up_save").click()
    expect(first.page.locator(".o_telephony_follow_up_saved")).to_contain_text("Dries Wouters")
    first.done()
    second.write_note("Refunded")
    telephone.hang_up()
    second.has_ended("answered")
    second.page.locator(".o_telephony_disposition").select_option(label="Interested")
    expect(second.page.locator(".o_telephony_saved .text-success")).to_be_visible()
    second.done()
    call = world.server.ended_call(world.admin, customer.number)
    [row] = world.admin.call("telephony.call", "read", [call["id"]], ["note", "disposition_id"])
    assert row["note"] == "Refunded" and row["disposition_id"][1] == "Interested"
    [message] = world.admin.search(
        "mail.message",
        [
            ("model", "=", "res.partner"),
            ("res_id", "=", customer.id),
            ("body", "ilike", "Refunded"),
        ],
        ["body"],
    )
    assert "Was angry" in message["body"] and "Wrong number" in message["body"]


def test_who_leaves_a_three_way_call_documents_the_own_part(world, agent, customers):
    """Z27: the colleague who was added writes an own note, also later, from Recent and the form."""
    customer = customers("Leen Baert")
    telephone, first, second = _meet(world, agent, customer)
    mine, theirs = Transfers(first), Transfers(second)
    name = _colleague(second)
    first.write_note("Wants a refund.")
    mine.choose(name, name)
    mine.press("add_third")
    second.rings("Leen Baert")
    second.accept()
    theirs.is_talking_with("conference")

    second.hang_up_button.click()
    expect(second.ended.locator(".o_telephony_outcome")).to_have_text(
        "You left the three-way call."
    )
    expect(second.note).to_have_value("")
    second.write_note("Explained the terms.")
    expect(second.page.locator(".o_telephony_note_status")).to_have_text("Saved")
    picture(second.page, "left-three-way-call")
    second.done()
    first.is_talking()
    expect(first.note).to_have_value("Wants a refund.")
    telephone.hang_up()
    first.has_ended("answered")

    second.show_recent().filter(has_text="Leen Baert").locator("button").first.click()
    expect(second.note).to_have_value("Explained the terms.")
    second.done()
    call = world.server.ended_call(world.admin, customer.number)
    page = open_record(second.agent, "telephony.call", call["id"])
    page.locator(".o_telephony_own_part").click()
    expect(second.note).to_have_value("Explained the terms.")
    second.write_note("Explained all terms.")
    expect(page.locator(".o_telephony_note_status")).to_have_text("Saved")
    picture(page, "own-part-from-form")
    [row] = world.admin.call("telephony.call", "read", [call["id"]], ["note", "message_id"])
    assert row["note"] == "Wants a refund."
    [message] = world.admin.call("mail.message", "read", [row["message_id"][0]], ["body"])
    assert "Explained all terms." in message["body"]


def test_asking_first(world, agent, customers):
    """Z18: the customer hears music and neither agent; hung up, three-way, completed."""
    customer = customers("Bente Claes")
    telephone, first, second = _meet(world, agent, customer)
    admin, demo = first.agent, second.agent
    mine, theirs = Transfers(first), Transfers(second)
    name = _colleague(second)

    mine.choose(name, name)
    mine.press("ask_first")
    mine.is_talking_with("ringing")
    second.rings("Bente Claes")
    expect(theirs.reason).to_have_attribute("data-kind", "warm")
    second.accept()
    mine.is_talking_with("talking")
    theirs.is_talking_with("talking")
    admin.hears(demo.hz)
    demo.hears(admin.hz)
    _hears_only_music(telephone, admin, demo)

    # The consulted colleague hangs up: the agent is back with the customer automatically.
    second.hang_up()
    first.says("hung up")
    expect(mine.strip).to_have_count(0)
    telephone.hears(admin.hz)
    admin.hears(CUSTOMER)
    second.is_idle()
    until(lambda: demo.state() == "available", "the colleague is free")

    mine.choose(name, name)
    mine.press("ask_first")
    second.rings("Bente Claes")
    second.accept()
    mine.is_talking_with("talking")
    mine.press("merge")
    theirs.is_talking_with("conference")
    telephone.hears(admin.hz)
    telephone.hears(demo.hz)

    mine.press("complete")
    first.is_idle()
    second.is_talking()
    expect(theirs.strip).to_have_count(0)
    until(lambda: len(world.emulator.agent_legs()) == 1, "one of the two has left")
    telephone.hears(demo.hz)
    demo.hears(CUSTOMER)
    telephone.hang_up()
    second.has_ended("answered")
    call = world.server.ended_call(world.admin, customer.number)
    assert call["user_id"][0] == demo.rpc.uid
    roles = {leg["role"] for leg in world.server.legs(world.admin, call)}
    assert roles == {"customer", "agent", "consulted"}


def _call(world, agent, customer):
    """Let the administrator talk with a customer. Return the browser, its phone, the telephone."""
    admin = agent("admin")
    admin.open()
    phone = Softphone(admin).dial(customer.written)
    telephone = world.emulator.rings(customer.number).answer()
    phone.is_talking()
    return admin, phone, telephone


def test_a_third_person_by_number(world, agent, customers, numbers):
    """Z18: an outside party is added, hears and is heard by both, and leaves again."""
    customer = customers("Celeste Pauwels")
    admin, first, telephone = _call(world, agent, customer)
    mine = Transfers(first)
    number, written = numbers()

    mine.choose(written, number[:3])
    mine.press("add_third")
    third = world.emulator.rings(number)
    world.emulator.post(f"calls/{third.sid}/answer", tone=OUTSIDE)
    mine.is_talking_with("conference")
    telephone.hears(OUTSIDE)
    telephone.hears(admin.hz)
    third.hears(CUSTOMER)
    third.hears(admin.hz)
    expect(first.hang_up_button).to_have_text("End for everyone")

    mine.press("cancel_transfer")
    third.is_released()
    expect(mine.strip).to_have_count(0)
    telephone.hears(admin.hz)

    mine.choose(written, number[:3])
    mine.press("add_third")
    third = world.emulator.rings(number)
    world.emulator.post(f"calls/{third.sid}/answer", tone=OUTSIDE)
    mine.is_talking_with("conference")
    mine.press("complete")
    first.is_idle()
    telephone.hears(OUTSIDE)
    third.hears(CUSTOMER)
    third.hang_up()
    telephone.is_released()
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "answered" and not call["user_id"]


def test_a_blacklisted_third_person(world, agent, customers, numbers):
    """Z16 Z18: the question of each call, answered by keyboard; the form of the call shows why."""
    customer = customers("Dirk Pieters")
    admin, first, telephone = _call(world, agent, customer)
    mine = Transfers(first)
    number, written = numbers()
    world.admin.create("phone.blacklist", number=number)

    mine.choose(written, number[:3])
    page = admin.page
    page.locator(".o_telephony_add_third").press("Enter")
    expect(page.locator(".modal-body")).to_contain_text("has been on the phone blacklist since")
    assert not world.emulator.live(to=number)
    reason = page.locator(".o_telephony_reason")
    expect(reason).to_be_focused()
    reason.fill("The customer's lawyer")
    reason.press("Enter")
    third = world.emulator.rings(number).answer()
    mine.is_talking_with("conference")
    expect(first.error).to_have_count(0)
    first.hang_up().has_ended("answered")
    third.is_released()
    telephone.is_released()

    call = world.server.ended_call(world.admin, customer.number)
    first.done()
    page = open_record(admin, "telephony.call", call["id"])
    page.get_by_role("tab", name="Transfers").click()
    row = page.locator("[name=transfer_ids] .o_data_row")
    expect(row).to_contain_text("The customer's lawyer")
