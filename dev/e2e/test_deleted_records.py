"""A contact or an opportunity that somebody else deletes while the agent talks about it."""

import pytest
from playwright.sync_api import expect

from harness.looks import misfits, picture
from harness.pages import Softphone, open_record
from harness.polling import until


@pytest.fixture
def deleted_during_a_call(world, agent, customers):
    """Return a function: the agent calls from a form, whose record is deleted meanwhile."""

    def story(model, customer, record_id, name):
        demo = agent("demo").ready()
        page = open_record(demo, model, record_id)
        page.locator(".o_form_view .o_telephony_phone_call").first.click()
        telephone = world.emulator.rings(customer.number).answer()
        phone = Softphone(demo).is_talking()
        phone.write_note("Wants oak")
        world.admin.call(model, "unlink", [record_id])
        phone.write_note("Wants oak, and forty of them")
        telephone.hears(demo.hz)
        phone.hang_up().has_ended("answered")
        telephone.is_released()
        phone.says(f"“{name}” no longer exists. The call is kept, with its note.")
        # The form keeps what it shows.
        expect(page.locator(".o_form_view .o_field_widget[name=name]").first).to_be_visible()
        expect(page.locator(".o-mail-Message", has_text="created")).to_have_count(1)
        picture(page, f"deleted-{model}")
        expect(phone.note).to_have_value("Wants oak, and forty of them")
        phone.note.press("End")
        phone.note.press_sequentially(" by May")
        call = world.server.ended_call(world.admin, customer.number)
        until(
            lambda: (
                world.server.find_calls(world.admin, customer.number)[0]["note"]
                == "Wants oak, and forty of them by May"
            ),
            "the note is kept",
        )
        page.locator(".o_telephony_follow_up_task").click()
        page.locator(".o_telephony_follow_up_summary").fill("Send the offer")
        assert misfits(page, ".o_telephony_softphone") == []
        return phone, page, call

    return story


def _find_activity(world, model, record_id):
    [row] = world.admin.search(
        "mail.activity", [("res_model", "=", model), ("res_id", "=", record_id)], ["summary"]
    )
    return row["summary"]


def test_opportunity_is_deleted_during_the_call(world, sessions, customers, deleted_during_a_call):
    """Z19 Z27 Z28: the call and its follow-up belong to the contact then."""
    customer = customers("Yana Coppens")
    name = "Forty desks"
    lead = world.admin.create(
        "crm.lead",
        name=name,
        type="opportunity",
        partner_id=customer.id,
        user_id=sessions["demo"].uid,
    )
    phone, page, call = deleted_during_a_call("crm.lead", customer, lead, name)
    assert call["partner_id"][0] == customer.id and not call["lead_id"]
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_saved")).to_contain_text("Yana Coppens")
    assert _find_activity(world, "res.partner", customer.id) == "Send the offer"
    phone.done()


def test_contact_is_deleted_during_the_call(world, customers, deleted_during_a_call):
    """Z19 Z27 Z28: the customer is unknown again, and is saved with the follow-up."""
    customer = customers("Yannick Daems")
    [row] = world.admin.call("res.partner", "read", [customer.id], ["display_name"])
    phone, page, call = deleted_during_a_call(
        "res.partner", customer, customer.id, row["display_name"]
    )
    assert not call["partner_id"]
    page.locator(".o_telephony_follow_up_name").fill("Yannick Daems")
    page.locator(".o_telephony_follow_up_save").click()
    expect(page.locator(".o_telephony_follow_up_saved")).to_contain_text("Yannick Daems")
    [call] = world.server.find_calls(world.admin, customer.number)
    assert _find_activity(world, "res.partner", call["partner_id"][0]) == "Send the offer"
    phone.done()
