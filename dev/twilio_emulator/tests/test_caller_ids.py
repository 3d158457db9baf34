"""Verification of caller IDs, and the pace of outgoing calls."""

from .test_conference import near
from .world import MOBILE, SALES, until


async def validation(world, **more):
    """Start a verification of the mobile number and return the code request."""
    return await world.rest(
        world.client.validation_requests.create,
        phone_number=MOBILE,
        friendly_name="Ana",
        status_callback=world.app.url + "/caller_id",
        **more,
    )


async def test_typed_code_verifies_the_number(world):
    request = await validation(world, call_delay=5)
    assert len(request.validation_code) == 6
    await world.until_status(request.call_sid, "ringing")
    await world.post(f"calls/{request.call_sid}/answer", status=200)
    await world.until_call(request.call_sid, lambda c: "code" in (c["hears"]["text"] or ""))
    await world.post(f"calls/{request.call_sid}/digits", {"digits": request.validation_code})
    told = (await until(lambda: world.app.at("/caller_id")))[0].form
    assert told["VerificationStatus"] == "success" and told["CallSid"] == request.call_sid
    found = await world.rest(world.client.outgoing_caller_ids.list, phone_number=MOBILE)
    assert [c.sid for c in found] == [told["OutgoingCallerIdSid"]]
    assert await world.refused(world.client.validation_requests.create, phone_number=MOBILE) == (
        400,
        21450,
    )
    call = await world.rest(
        world.client.calls.create,
        from_=MOBILE,
        to="+32470333444",
        twiml="<Response><Hangup/></Response>",
    )
    assert (await world.call(call.sid))["from"] == MOBILE
    await world.rest(world.client.outgoing_caller_ids(found[0].sid).delete)
    assert await world.rest(world.client.outgoing_caller_ids.list) == []


async def test_wrong_code_fails(world):
    request = await validation(world)
    await world.until_status(request.call_sid, "ringing")
    await world.post(f"calls/{request.call_sid}/answer", status=200)
    await world.until_status(request.call_sid, "in-progress")
    wrong = f"{(int(request.validation_code) + 1) % 1000000:06}"
    await world.post(f"calls/{request.call_sid}/digits", {"digits": wrong}, 200)
    told = (await until(lambda: world.app.at("/caller_id")))[0].form
    assert told["VerificationStatus"] == "failed" and "OutgoingCallerIdSid" not in told


async def test_verification_fails_if_no_code_is_typed(world):
    world.emulator.settings.update({"code_seconds": 0.1})
    request = await validation(world)
    await world.until_status(request.call_sid, "ringing")
    await world.post(f"calls/{request.call_sid}/answer", status=200)
    told = (await until(lambda: world.app.at("/caller_id")))[0].form
    assert (told["VerificationStatus"], told["CallStatus"]) == ("failed", "completed")


async def test_keys_pressed_before_the_question_count(world):
    request = await validation(world)
    await world.until_status(request.call_sid, "ringing")
    await world.post(f"calls/{request.call_sid}/answer", status=200)
    await world.post(f"calls/{request.call_sid}/digits", {"digits": request.validation_code})
    told = (await until(lambda: world.app.at("/caller_id")))[0].form
    assert told["VerificationStatus"] == "success"


async def test_unanswered_verification_fails(world):
    await world.post("refusals", {MOBILE: "no-answer"})
    request = await validation(world)
    told = (await until(lambda: world.app.at("/caller_id")))[0].form
    assert (told["VerificationStatus"], told["CallSid"]) == ("failed", request.call_sid)


async def test_extension_is_sent(world):
    request = await validation(world, extension="77")
    await world.until_status(request.call_sid, "ringing")
    await world.post(f"calls/{request.call_sid}/answer", status=200)
    await world.until_call(request.call_sid, lambda c: c["digits_received"] == "77")


async def test_calls_through_rest_start_no_faster_than_the_account_may(world):
    await world.post("settings", {"cps": 0.2, "answer_delay": 0})
    sids = []
    for number in range(3):
        call = await world.rest(
            world.client.calls.create,
            from_=SALES,
            to=f"+3247000000{number}",
            url=world.app.url + "/go",
        )
        sids.append(call.sid)
    assert (await world.call(sids[2]))["status"] == "queued"
    await world.until_status(sids[2], "ringing")
    first = world.emulator.legs[sids[0]].created
    for number, sid in enumerate(sids):
        waited = (world.emulator.legs[sid].started - first).total_seconds()
        assert waited >= 0.95 * 5 * number / world.config.time_scale


async def test_telephone_can_answer_by_itself_and_keys_are_sent(world):
    await world.post("settings", {"auto_answer": 1, "tone": 600})
    world.app.answers["/go"] = "<Say>%s</Say>" % ("word " * 200)
    call = await world.rest(
        world.client.calls.create,
        from_=SALES,
        to=MOBILE,
        send_digits="12#",
        url=world.app.url + "/go",
    )
    await world.until_call(call.sid, lambda c: c["digits_received"] == "12#")
    await world.until_call(call.sid, lambda c: near(c["says"]["peak_hz"], 600))
