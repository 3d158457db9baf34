"""Conferences: sound, callbacks, hold, mute, coaching, who ends what."""

from .world import MOBILE, SALES, SUPPORT, until

OPTIONS = 'beep="false" startConferenceOnEnter="true" waitUrl=""'


def room(name="room", **attributes):
    """Return TwiML that joins a conference."""
    more = " ".join('%s="%s"' % pair for pair in attributes.items())
    return "<Dial><Conference %s %s>%s</Conference></Dial>" % (OPTIONS, more, name)


def near(hz, wanted, apart=6):
    """Tell whether two frequencies are the same."""
    return abs(hz - wanted) <= apart


async def two_in_a_room(world, **attributes):
    """Return the two identifiers of callers (440 Hz, 900 Hz) that talk to each other."""
    await world.answer_with(SALES, room(**attributes))
    first = await world.dial_in(tone=440)
    await world.until_status(first, "in-progress")
    second = await world.dial_in("+32470333444", tone=900)
    await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    return first, second


async def test_two_callers_hear_each_other_and_not_themselves(world):
    first, second = await two_in_a_room(world)
    one = await world.until_call(first, lambda c: near(c["hears"]["peak_hz"], 900))
    two = await world.until_call(second, lambda c: near(c["hears"]["peak_hz"], 440))
    assert [round(hz / 10) for hz in one["hears"]["peaks"]] == [90]
    assert near(two["says"]["peak_hz"], 900)
    assert one["conference"]["friendly_name"] == "room"
    third = await world.dial_in("+32470555666", tone=0)
    mixed = await world.until_call(third, lambda c: len(c["hears"]["peaks"]) == 2)
    assert sorted(round(hz / 10) for hz in mixed["hears"]["peaks"]) == [44, 90]
