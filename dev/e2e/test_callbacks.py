"""Callers who were not answered, and the completion of their callbacks."""

from datetime import date

from playwright.sync_api import expect

from harness.looks import barriers, misfits, picture
from harness.pages import Softphone, go_to_app
from harness.people_pages import open_menu
from harness.polling import until


def test_missed_twice_called_back_and_on_to_the_next(world, agent, sessions, customers, arrange):
    """Z27 Z28 Z29: one callback ×2 with its activity, completed by calling back; then the next."""
    missed, other = customers("Griet Maes"), customers("Lien Aerts")
    admin = agent("admin").ready()
    desk = arrange.agent(admin.rpc)
    # Planned activities of the demonstration data may be overdue, and would come first.
    for activity in world.admin.search("mail.activity", [("user_id", "=", admin.rpc.uid)], ["id"]):
        arrange.write("mail.activity", activity["id"], active=False)
    # So may its callbacks.
    for callback in world.admin.search("telephony.callback", [("state", "=", "open")], ["id"]):
        arrange.write("telephony.callback", callback["id"], user_id=sessions["demo"].uid)
    arrange.flow(
        {
            "name": "Closed",
            "kind": "message",
            "message": "We are closed.",
            "agent_ids": [(6, 0, [desk])],
        }
    )
    world.admin.create(
        "mail.activity",
        res_id=other.id,
        summary="Ask about the desks",
        res_model_id=world.admin.ref("base.model_res_partner"),
        user_id=admin.rpc.uid,
        activity_type_id=world.admin.ref("mail.mail_activity_data_call"),
        date_deadline=date.today().isoformat(),
    )
    phone = Softphone(admin).open()
    tab = admin.page.locator(".o_telephony_tab_activities")
    for count in (1, 2):
        world.emulator.calls_us(missed.number).is_released()
        until(
            lambda count=count: (
                [
                    callback["count"]
                    for callback in world.admin.search(
                        "telephony.callback", [("customer_number", "=", missed.number)], ["count"]
                    )
                ]
                == [count]
            ),
            "the callback counts the call",
        )
    tab.click()
    row = admin.page.locator(".o_telephony_due", has_text="Griet Maes")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("×2")
    assert not misfits(admin.page, ".o_telephony_softphone")
    assert not barriers(admin.page, ".o_telephony_softphone")
    picture(admin.page, "activities")

    row.locator(".o_telephony_due_call").click()
    telephone = world.emulator.rings(missed.number)
    telephone.answer()
    phone.is_talking()
    phone.write_note("Sorry, we were closed")
    phone.hang_up()
    phone.has_ended("answered")
    [callback] = world.admin.search(
        "telephony.callback",
        [("customer_number", "=", missed.number)],
        ["state", "count", "on_time_percent", "activity_id"],
    )
    assert (callback["state"], callback["count"], callback["on_time_percent"]) == ("done", 2, 100)
    [activity] = world.admin.search(
        "mail.activity",
        [("id", "=", callback["activity_id"][0]), ("active", "=", False)],
        ["feedback"],
    )
    assert "Answered" in activity["feedback"] and "we were closed" in activity["feedback"]

    following = admin.page.locator(".o_telephony_call_next")
    expect(following).to_have_attribute("title", "Save and call Lien Aerts")
    following.click()
    telephone = world.emulator.rings(other.number)
    telephone.answer()
    phone.is_talking()
    telephone.hang_up()
    phone.has_ended("answered")
    until(
        lambda: not world.admin.search("mail.activity", [("res_id", "=", other.id)], ["id"]),
        "the second activity is done, too",
    )
    expect(following).to_have_count(0)

    go_to_app(admin, "Telephony")
    open_menu(admin.page, "Callbacks")
    expect(admin.page.locator(".o_list_view")).to_be_visible()
    picture(admin.page, "call_backs")
