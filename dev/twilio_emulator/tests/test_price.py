"""The price of a call is known some time after its end."""

from .world import MOBILE, SALES


async def test_price_is_null_until_it_is_known(world):
    """https://www.twilio.com/docs/voice/api/call-resource#call-properties"""
    world.emulator.settings.update({"price_lag": 3600})
    leg = world.emulator.call_in(MOBILE, SALES)
    await leg.answer()
    leg.hang_up()
    call = await world.rest(world.client.calls(leg.sid).fetch)
    assert (call.price, call.price_unit) == (None, "USD")
    world.emulator.settings.update({"price_lag": 0})
    [listed] = await world.rest(world.client.calls.list)
    assert float(listed.price) <= 0


async def test_unanswered_call_has_no_price(world):
    world.emulator.settings.update({"price_lag": 0})
    leg = world.emulator.call_in(MOBILE, SALES)
    leg.hang_up()
    call = await world.rest(world.client.calls(leg.sid).fetch)
    assert call.price is None
