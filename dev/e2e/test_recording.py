"""A conversation is recorded, pauses on hold, and is played with permission only."""

import io
import wave

import numpy as np
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone, chatter, open_record
from harness.polling import until

#: Analyzed seconds of sound: long enough for a clear frequency.
PART = 0.5


def channels(sound):
    """Return the rate and the channels of a WAV file."""
    with wave.open(io.BytesIO(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), samples.reshape(-1, file.getnchannels()).T.astype(float)


def tones(rate, samples):
    """Return the strongest frequency (Hz) of every half second, 0 for silence."""
    size = int(rate * PART)
    found = []
    for start in range(0, samples.size - size + 1, size):
        part = samples[start : start + size]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(size)))
        quiet = np.sqrt(np.mean(part**2)) < 100
        found.append(0.0 if quiet else float(np.argmax(spectrum) / PART))
    return found


def near(found, hz):
    """Return the half seconds with a tone."""
    return [abs(tone - hz) < 15 for tone in found]


def test_recorded_paused_on_hold_and_played(world, agent, customers, arrange):
    """Z18 Z29 Z30: the agent starts it; each side has a channel; others may not hear it."""
    customer = customers("Greta Maes")
    demo = agent("demo").ready()
    stranger = arrange.phone_user("Carla")
    arrange.agent(demo.rpc)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="agent")
    phone = Softphone(demo).dial(customer.number)
    telephone = world.emulator.rings(customer.number)
    telephone.answer()
    phone.is_talking()
    demo.hears(CUSTOMER)

    page = demo.page
    text = page.locator(".o_telephony_recording_text")
    page.locator(".o_telephony_record").click()
    expect(text).to_have_text("Recording")
    recording = world.emulator.recording_of(telephone)
    until(lambda: recording()["length"] > 2.5, "some seconds are recorded")
    page.locator(".o_telephony_hold").click()
    expect(text).to_have_text("Recording paused until the call is resumed")
    until(lambda: recording()["status"] == "paused", "the recording pauses on hold")
    paused_at = recording()["length"]
    until(lambda: recording()["length"] > paused_at + 2, "the customer is on hold for some time")
    page.locator(".o_telephony_hold").click()
    expect(text).to_have_text("Recording")
    until(lambda: recording()["status"] == "in-progress", "the recording goes on")
    resumed_at = recording()["length"]
    until(lambda: recording()["length"] > resumed_at + 2.5, "some more seconds are recorded")
    phone.hang_up()
    phone.has_ended("answered")
    phone.done()
    phone.systray.click()
    expect(phone.window).to_have_count(0)

    call = world.server.ended_call(world.admin, customer.number)

    def stored():
        [row] = world.admin.search(
            "telephony.recording",
            [("call_id", "=", call["id"])],
            ["state", "channels", "duration", "deleted_at_provider", "peaks"],
        )
        assert row["state"] == "stored" and row["deleted_at_provider"], row
        return row

    row = until(stored, "the recording is stored, and Twilio's copy deleted")
    assert row["channels"] == 2 and len(row["peaks"]) == 2

    open_record(demo, "res.partner", customer.id)
    chatter(page).get_by_text("Play the recording").click()
    popover = page.locator(".o_telephony_recording_popover")
    audio = popover.locator("audio.o_telephony_player")
    path = audio.get_attribute("src")
    with page.expect_response(lambda answer: path in answer.url) as played:
        popover.locator(".o_telephony_player_play").click()
    assert played.value.status == 206
    until(lambda: audio.evaluate("player => player.currentTime > 0.5"), "it is played")
    popover.locator(".o_telephony_player_wave").press("End")
    until(lambda: audio.evaluate("player => player.ended"), "the keyboard leads to its end")
    expect(popover.locator(".o_telephony_player_wave")).to_have_attribute("data-channels", "2")

    open_record(demo, "telephony.call", call["id"])
    player = page.locator(".o_field_widget[name=recording_ids] .o_telephony_player_box")
    expect(player).to_be_visible()
    player.locator(".o_telephony_player_speed").click()
    player.locator(".o_telephony_player_play").click()
    until(
        lambda: player.locator("audio").evaluate("p => p.currentTime > 0.5 && p.playbackRate"),
        "it is played in the form of the call",
    )

    url = f"{world.server.url}{path}"
    rate, (customers_side, our_side) = channels(demo.rpc.http.get(url, timeout=30).content)
    said, heard = near(tones(rate, customers_side), CUSTOMER), near(tones(rate, our_side), demo.hz)
    for side in (said, heard):
        assert sum(side[:4]) >= 2 and sum(side[-4:]) >= 2, (said, heard)
    middle = slice(int((paused_at + 0.5) * rate), int((paused_at + 1.5) * rate))
    assert not customers_side[middle].any() and not our_side[middle].any(), "the hold is silent"
    assert stranger.http.get(url, timeout=30).status_code == 404
    [listening] = world.admin.search(
        "telephony.recording.access", [("recording_id.call_id", "=", call["id"])], ["user_id"]
    )
    assert listening["user_id"][0] == demo.rpc.uid


def test_keys_of_a_menu_record_differently(world, agent, customers, arrange):
    """Z29: one key of a menu is recorded after the announcement, the other one is not."""
    demo = agent("demo").ready()
    rung = [(6, 0, [arrange.agent(demo.rpc)])]
    company = world.admin.ref("base.main_company")
    arrange.write("res.company", company, telephony_announce_incoming=True)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="agent")
    ids = arrange.flow(
        {"name": "Menu", "kind": "menu", "message": "Press one or two."},
        {"name": "Sales", "kind": "ring", "agent_ids": rung, "recording_mode": "always"},
        {"name": "Doctor", "kind": "ring", "agent_ids": rung, "recording_mode": "off"},
    )
    for key, name in (("1", "Sales"), ("2", "Doctor")):
        world.admin.create(
            "telephony.flow.key",
            step_id=ids["Menu"],
            key=key,
            label=name,
            target_step_id=ids[name],
        )
    phone = Softphone(demo)

    def talk(key, number):
        telephone = world.emulator.calls_us(number)
        telephone.hears_words("Press one or two.")
        telephone.press(key)
        phone.rings()
        phone.accept().is_talking()
        telephone.hears(demo.hz)
        return telephone

    def end(telephone):
        telephone.hang_up()
        phone.has_ended("answered")
        phone.done()

    recorded = talk("1", customers("Rita Recorded").number)
    assert "This call is recorded." in str(recorded.leg["trail"])
    text = demo.page.locator(".o_telephony_recording_text")
    expect(text).to_have_text("Recording")
    recording = world.emulator.recording_of(recorded)
    until(lambda: recording()["length"] > 1, "the conversation is recorded")
    end(recorded)

    private = talk("2", customers("Paul Private").number)
    assert "This call is recorded." not in str(private.leg["trail"])
    until(lambda: phone.seconds() >= 2, "two seconds of conversation")
    expect(demo.page.locator(".o_telephony_record")).to_have_count(0)
    expect(text).to_have_count(0)
    found = [row for row in world.emulator.get("recordings") if row["call_sid"] == private.sid]
    assert found == []
    end(private)
