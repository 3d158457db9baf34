"""What callers hear: languages with and without a voice, any kind of sound; late recordings."""

import base64
import io

import av
import numpy as np
from playwright.sync_api import expect

from harness.emulator import CUSTOMER
from harness.pages import Softphone, open_record
from harness.polling import until

#: Hz of the uploaded sound.
JINGLE = 1300


def make_ogg(seconds=4):
    """Return a sound as Opus in Ogg, which Twilio does not play."""
    out, rate = io.BytesIO(), 48000
    with av.open(out, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=rate)
        samples = np.sin(np.arange(rate * seconds) * 2 * np.pi * JINGLE / rate) * 12000
        frame = av.AudioFrame.from_ndarray(
            samples.astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.format.name, stream.layout.name, rate, stream.frame_size or 960
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return out.getvalue()


def _make_flow(rpc, arrange, code, *steps):
    """Assign a flow in a language to our number; return its identifier."""
    [language] = rpc.search(
        "res.lang", [("code", "=", code), ("active", "in", (True, False))], ["id"]
    )
    arrange.write("res.lang", language["id"], active=True)
    ids = arrange.flow(*steps)
    [step] = rpc.search("telephony.flow.step", [("id", "in", list(ids.values())[:1])], ["flow_id"])
    flow_id = step["flow_id"][0]
    rpc.call("telephony.flow", "write", [flow_id], {"language": code})
    return flow_id


def test_flow_in_latin_american_spanish(world, arrange, customers):
    """Twilio has no Spanish of Argentina: the caller hears that of Mexico."""
    words = "Nuestra oficina está cerrada."
    _make_flow(
        world.admin,
        arrange,
        "es_AR",
        {"name": "Cerrado", "kind": "message", "message": words},
    )
    telephone = world.emulator.calls_us(customers("Elena Vidal").number)
    telephone.hears_words(words)
    [say] = [step for step in telephone.leg["trail"] if step["verb"] == "Say"]
    assert say["attributes"]["language"] == "es-MX"
    telephone.is_released()


def test_flow_in_croatian(world, agent, arrange, customers):
    """Twilio has no Croatian: the check says so, and the uploaded sound of any kind is played."""
    flow_id = _make_flow(
        world.admin,
        arrange,
        "hr_HR",
        {"name": "Zatvoreno", "kind": "message", "message": "Dobar dan."},
    )
    admin = agent("admin")
    open_record(admin, "telephony.flow", flow_id)
    problems = admin.page.locator(".o_telephony_flow_problems")
    expect(problems).to_contain_text("Twilio has no voice for Croatian")
    expect(problems).to_contain_text("Upload a sound in place of the text of “Zatvoreno”.")
    [step] = world.admin.search("telephony.flow.step", [("flow_id", "=", flow_id)], ["id"])
    sound = world.admin.create(
        "telephony.sound",
        name="Dobar dan",
        content=base64.b64encode(make_ogg()).decode(),
        content_name="Dobar dan.ogg",
    )
    world.admin.call("telephony.flow.step", "write", [step["id"]], {"sound_id": sound})
    open_record(admin, "telephony.flow", flow_id)
    expect(problems).to_contain_text("are spoken in English")
    telephone = world.emulator.calls_us(customers("Ivana Horvat").number)
    telephone.hears(JINGLE)
    telephone.is_released()


def test_recording_refused_twice_and_begun(world, agent, arrange, customers):
    """A call that is always recorded is recorded, although Twilio is not ready at first."""
    world.emulator.post("settings", recording_lag=2.0)
    arrange.write("telephony.number", arrange.number_id(), recording_mode="always")
    customer = customers("Rita Bosmans")
    demo = agent("demo").ready()
    phone = Softphone(demo).dial(customer.number)
    telephone = world.emulator.rings(customer.number)
    telephone.answer()
    phone.is_talking()
    demo.hears(CUSTOMER)
    recording = world.emulator.recording_of(telephone)
    until(lambda: recording()["length"] > 1, "the conversation is recorded")
    expect(demo.page.locator(".o_telephony_recording_text")).to_have_text("Recording")
    path = f"/Calls/{telephone.sid}/Recordings.json"
    starts = [
        entry["status"]
        for entry in world.emulator.log("requests")
        if entry["method"] == "POST" and entry["path"].endswith(path)
    ]
    assert len(starts) >= 3 and set(starts[:-1]) == {400} and starts[-1] == 201, starts
    phone.hang_up()
    phone.has_ended("answered")
    phone.done()
