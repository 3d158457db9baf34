"""The handset page in a second browser window."""

import pytest_asyncio

from .test_conference import near, room
from .world import MOBILE, SALES, World, until


@pytest_asyncio.fixture
async def handset(chromium):
    """Return a world with a page that shows the handset."""
    world = await World(time_scale=10.0, loopback=True).start()
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(world.base + "/")
    await page.locator("#numbers button").first.wait_for()
    yield world, page
    await context.close()
    await world.stop()


async def state(page, wanted):
    """Wait until the handset is in a state."""
    await page.locator(f".phone[data-state={wanted}]").wait_for(timeout=10000)


async def test_person_dials_presses_keys_and_hangs_up(handset):
    world, page = handset
    await world.answer_with(SALES, room("r"))
    other = await world.dial_in("+32470333444", tone=900)
    await page.locator("#own").fill("+32470999888")
    await page.locator("#voice").select_option("880")
    await page.locator(f"[data-number='{SALES}']").click()
    await state(page, "talking")
    person = next(c for c in await world.get("calls") if c["from"] == "+32470999888")
    await world.until_call(other, lambda c: near(c["hears"]["peak_hz"], 880))
    await world.until_call(person["sid"], lambda c: near(c["hears"]["peak_hz"], 900))

    async def plays():
        return await page.evaluate(
            "document.getElementById('sound').srcObject?.getAudioTracks()[0]?.muted === false"
        )

    await until(plays)
    await page.locator("[data-key='5']").click()
    await world.until_call(other, lambda c: c["digits_received"] == "5")
    await page.locator("#hangup").click()
    await state(page, "idle")
    await world.until_status(person["sid"], "completed")


async def test_page_rings_when_somebody_dials_out(handset):
    world, page = handset
    world.app.answers["/go"] = room("r")
    call = await world.rest(
        world.client.calls.create, from_=SALES, to=MOBILE, url=world.app.url + "/go"
    )
    await state(page, "ringing")
    assert await page.locator("#party").text_content() == SALES
    await page.locator("#answer").click()
    await state(page, "talking")
    await world.until_status(call.sid, "in-progress")
    await world.until_call(call.sid, lambda c: c["says"]["rms"] > 0)
    await world.rest(world.client.calls(call.sid).update, status="completed")
    await state(page, "idle")
    assert await page.locator("#status").text_content() == "The call is over"


async def test_refused_or_withdrawn_call_stops_ringing(handset):
    world, page = handset
    await world.post("settings", {"ended_while_ringing": "canceled"})
    for end in ("refuse", "withdraw"):
        call = await world.rest(
            world.client.calls.create, from_=SALES, to=MOBILE, url=world.app.url + "/go"
        )
        await state(page, "ringing")
        if end == "refuse":
            await page.locator("#hangup").click()
            await world.until_status(call.sid, "busy")
        else:
            await world.rest(world.client.calls(call.sid).update, status="completed")
            await world.until_status(call.sid, "canceled")
        await state(page, "idle")
