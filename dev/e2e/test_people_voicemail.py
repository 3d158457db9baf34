"""Voicemail: a caller leaves a message, and the responsible agents hear it."""

import io
import wave

import numpy as np
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone, go_to_app
from harness.people_pages import open_menu
from harness.polling import stays, until

GREETING = "This is the story of Marc. Please leave a message."
# Decodes a sound as the browser's own player does; returns its seconds and whether it is silent.
DECODE = """async (url) => {
    const answer = await fetch(url);
    const sound = await new OfflineAudioContext(1, 8000, 8000)
        .decodeAudioData(await answer.arrayBuffer());
    return [answer.status, sound.duration, Math.max(...sound.getChannelData(0))];
}"""


def dominant(sound):
    """Return the strongest frequency (Hz) of a WAV file, and its length in seconds."""
    with wave.open(io.BytesIO(sound)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    samples = samples.reshape(-1, channels)[:, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * rate / samples.size), samples.size / rate


def test_a_message_is_left_and_heard(world, agent, customers, arrange):
    """Z03 Z29 Z30: offline, greeting, tone, message, notice, and playing it; hidden from others."""
    customer = customers("Hilde Renard")
    demo = agent("demo").ready()
    stranger = arrange.phone_user("Carla")
    desk = arrange.agent(demo.rpc)
    people = [(6, 0, [desk])]
    arrange.flow(
        {"name": "Desk", "kind": "ring", "agent_ids": people, "not_available_step_id": "Box"},
        {"name": "Box", "kind": "voicemail", "agent_ids": people, "message": GREETING},
    )
    phone = Softphone(demo).open()
    phone.status.click()
    expect(phone.systray).to_have_attribute("data-presence", "offline")

    telephone = world.emulator.calls_us(customer.number)
    until(lambda: GREETING in (telephone.leg["hears"]["text"] or ""), "the greeting is heard")
    until(lambda: telephone.leg["trail"][-1]["verb"] == "Record", "it is recorded")
    stays(lambda: not telephone.over, "the caller speaks", 4)
    telephone.press("#")
    telephone.hears_words("Thank you for your message")
    telephone.is_released()

    phone.says("Voicemail from Hilde Renard")
    missed = demo.page.locator(".o_telephony_missed_alert", has_text="Hilde Renard")
    expect(missed).to_have_count(0)
    recent = phone.show_recent().filter(has_text="Hilde Renard")
    expect(recent).to_have_count(1)
    expect(recent).to_contain_text("Voicemail")
    expect(recent.locator("audio.o_telephony_player")).to_have_count(1)
    call = world.server.ended_call(world.admin, customer.number)
    assert call["outcome"] == "voicemail" and not call["answered_at"] and not call["user_id"]
    assert ": voicemail." in call["timeline"]

    go_to_app(demo, "Telephony")
    open_menu(demo.page, "Voicemails")
    row = demo.page.locator(".o_data_row", has_text="Hilde Renard")
    expect(row).to_have_count(1)
    player = row.locator("audio.o_telephony_player")
    path = player.get_attribute("src")
    with demo.page.expect_response(lambda answer: path in answer.url) as played:
        player.evaluate("player => player.play()")
    assert played.value.status in (200, 206)
    assert played.value.headers["content-type"].startswith("audio/")
    until(
        lambda: player.evaluate("player => player.currentTime > 0.3 && !player.error"),
        "the message is played",
    )
    status, seconds, loudness = demo.page.evaluate(DECODE, path)
    assert status in (200, 206) and seconds > 3 and loudness > 0.01
    [recording] = world.admin.search(
        "telephony.recording",
        [("call_id", "=", call["id"])],
        ["kind", "state", "duration", "deleted_at_provider", "access_ids"],
    )
    assert recording["kind"] == "voicemail" and recording["state"] == "stored"
    assert recording["deleted_at_provider"] and recording["access_ids"]

    url = f"{world.server.url}{path}"
    sound = demo.rpc.http.get(url, timeout=30)
    hz, length = dominant(sound.content)
    assert abs(hz - CUSTOMER) < 15 and abs(length - recording["duration"]) <= 1
    part = demo.rpc.http.get(url, headers={"Range": "bytes=0-99"}, timeout=30)
    assert part.status_code == 206 and part.content == sound.content[:100]
    assert stranger.http.get(url, timeout=30).status_code == 404


def test_the_notice_leads_to_the_message(world, agent, customers, arrange):
    """Z03: without an available agent, the notice leads to the message with one click."""
    customer = customers("Rik Thijs")
    demo = agent("demo").ready()
    arrange.flow(
        {
            "name": "Box",
            "kind": "voicemail",
            "message": GREETING,
            "agent_ids": [(6, 0, [arrange.agent(demo.rpc)])],
        }
    )
    Softphone(demo)
    telephone = world.emulator.calls_us(customer.number)
    until(lambda: (telephone.leg["trail"] or [{"verb": ""}])[-1]["verb"] == "Record", "recording")
    stays(lambda: not telephone.over, "the caller speaks", 4)
    telephone.hang_up()
    notice = demo.page.locator(".o_telephony_voicemail_alert", has_text="Rik Thijs")
    notice.get_by_role("button", name="Listen").click()
    form = demo.page.locator(".o_form_view", has_text="Rik Thijs")
    player = form.locator("audio.o_telephony_player")
    player.evaluate("player => player.play()")
    until(lambda: player.evaluate("player => player.currentTime > 0.3"), "it is played")
    assert world.server.ended_call(world.admin, customer.number)["outcome"] == "voicemail"
