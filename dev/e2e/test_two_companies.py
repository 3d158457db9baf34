"""A user of two companies: each has an account, a number and agents of its own."""

import pytest
from playwright.sync_api import expect

from harness.emulator import CUSTOMER, SALES, Emulator
from harness.pages import Softphone
from harness.polling import stays, until

SID, TOKEN, NUMBER = "AC" + "f" * 32, "f" * 32, "+3225550190"
OTHER = "Antwerp Branch"
#: Browsers may not write the secrets of an account.
_SET_UP = """
company = env["res.company"].browse({company})
env = env(context={{"allowed_company_ids": company.ids}})
account = env["telephony.account"].create({{
    "name": "Other", "company_id": company.id, "account_sid": "{sid}", "auth_token": "{token}",
    "webhook_base_url": "http://127.0.0.1:{http_port}",
    "api_base_url": "http://127.0.0.1:{port}",
    "voice_gateway": "localhost:{port}",
    "voice_sdk_url": "http://localhost:{port}/sdk/twilio.js",
}})
account.action_connect()
member = env["telephony.agent"].create({{"user_id": {user}, "company_id": company.id}})
flow = env["telephony.flow"].create({{"name": "Branch", "company_id": company.id}})
env["telephony.flow.step"].create({{
    "flow_id": flow.id, "name": "Ring", "kind": "ring", "agent_ids": [(6, 0, member.ids)],
}})
account.number_ids.write({{"flow_id": flow.id, "agent_ids": [(6, 0, member.ids)]}})
env.cr.commit()
"""


_TIDY = """
company = env["res.company"].browse({company})
env = env(context={{"allowed_company_ids": company.ids}})
for model in ("agent", "flow", "number", "account"):
    env[f"telephony.{{model}}"].search([("company_id", "=", company.id)]).active = False
env["res.users"].browse({user}).company_ids -= company
company.active = False
env.cr.commit()
"""


@pytest.fixture(scope="module")
def other_provider():
    """Run the emulated provider for the account of the other company."""
    emulator = Emulator("e2e-emulator-other", account_sid=SID, auth_token=TOKEN, number=NUMBER)
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def other_company(server, admin, other_provider, sessions):
    """Create a second company with an account, in which only Demo is an agent."""
    user = sessions["demo"].uid
    company = admin.create(
        "res.company", name=OTHER, country_id=admin.ref("base.be"), telephony_wrap_up_seconds=0
    )
    # Only a member of the company can become its agent.
    admin.call("res.users", "write", [user], {"company_ids": [(4, company)]})
    # The creator of a company belongs to it, and would see its records in all further stories.
    admin.call("res.users", "write", [admin.uid], {"company_ids": [(3, company)]})
    server.shell(
        _SET_UP.format(
            company=company,
            user=user,
            sid=SID,
            token=TOKEN,
            http_port=server.http_port,
            port=other_provider.port,
        )
    )
    yield company
    server.shell(_TIDY.format(company=company, user=user))


@pytest.fixture
def branch(world, other_provider, other_company):
    """Return the other company's provider during one story."""
    other_provider.begin()
    yield other_provider
    other_provider.finish()
    assert not other_provider.problems()


def switch_company(page, name):
    """Choose one company in the web client's menu, which reloads the page."""
    page.locator(".o_switch_company_menu button").first.click()
    with page.expect_navigation():
        page.get_by_label(f"Switch to {name}", exact=True).click()
    expect(page.locator(".o_switch_company_menu")).to_contain_text(name)


def test_calls_come_to_the_company_they_are_for(world, agent, customers, numbers, branch):
    """Z02 Z17 Z22 Z29: a user of two companies is rung by the one on the screen only.

    The other company's calls are invisible.
    """
    anna = customers("Anouk De Smet")
    stranger, written = numbers()
    demo = agent("demo").ready()
    phone = Softphone(demo).open()
    unheard = branch.calls_us(stranger, to=NUMBER)
    unheard.hears_words("No one is available")
    unheard.is_released()
    phone.is_idle()
    first = world.emulator.calls_us(anna.number, to=SALES)
    phone.rings("Anouk De Smet")
    phone.accept().is_talking()
    first.hears(demo.hz)
    phone.hang_up().has_ended("answered")
    phone.done()

    switch_company(demo.page, OTHER)
    phone.open()
    expect(phone.status).to_have_attribute("aria-checked", "false")
    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "available")
    # The call that nobody answered here.
    expect(phone.show_recent()).to_have_count(1)
    second = branch.calls_us(stranger, to=NUMBER)
    phone.rings()
    expect(phone.card).to_contain_text(written[1:5])
    phone.accept().is_talking()
    second.hears(demo.hz)
    demo.hears(CUSTOMER)
    # A conversation of the branch is invisible to the other company, and the other way round.
    here = {"allowed_company_ids": [world.admin.ref("base.main_company")]}
    assert not world.admin.call("telephony.call", "live_calls", context=here)
    third = world.emulator.calls_us(anna.number, to=SALES)
    third.is_released()
    stays(lambda: not phone.card.count(), "the other company's caller does not ring", 1)
    demo.page.locator(".o_telephony_tab_live").click()
    expect(demo.page.locator(".o_telephony_live_row")).to_have_count(1)
    demo.page.locator(".o_telephony_tab_call").click()
    phone.hang_up().has_ended("answered")
    second.is_released()
    phone.done()
    expect(phone.show_recent()).to_have_count(2)

    switch_company(demo.page, "YourCompany")
    phone.open()
    until(lambda: demo.state() == "available", "online here as before")
    expect(phone.show_recent().filter(has_text="Anouk De Smet").first).to_be_visible()
    expect(demo.page.locator(".o_telephony_recent_call", has_text=written)).to_have_count(0)
