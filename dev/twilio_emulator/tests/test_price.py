"""The price of a call is known some time after its end."""

from .world import MOBILE, SALES


async def call_and_hang_up(world, script):
    """Return the identifier of an ended call to a number that answers with a script."""
    [number] = [n for n in world.emulator.store.numbers.values() if n["phone_number"] == SALES]
    number["voice_url"] = world.app.url + "/voice"
    world.app.answers["/voice"] = script
    sid = await world.dial_in(MOBILE, SALES)
    await world.until_call(sid, lambda call: call["ended"])
    return sid


async def test_price_is_null_until_it_is_known(world):
    """https://www.twilio.com/docs/voice/api/call-resource#call-properties"""
    world.emulator.settings.update({"price_lag": 3600})
    sid = await call_and_hang_up(world, "<Say>Hello.</Say>")
    call = await world.rest(world.client.calls(sid).fetch)
    assert (call.price, call.price_unit) == (None, "USD")
    world.emulator.settings.update({"price_lag": 0})
    [listed] = await world.rest(world.client.calls.list)
    # The call was shorter than half a second, so it has no whole minute.
    assert float(listed.price) == 0


async def test_unanswered_call_has_no_price(world):
    world.emulator.settings.update({"price_lag": 0})
    sid = await call_and_hang_up(world, "<Reject/>")
    call = await world.rest(world.client.calls(sid).fetch)
    assert call.price is None
