"""The measurement of the addon's plan, on a small tree."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import house

CORE, VOICE, RING, WINDOW = (
    f"static/src/{name}.js"
    for name in ("core/store", "voice/device", "features/ring/ring", "shell/window")
)
CLEAN = {
    CORE: "/** @typedef {import('@crm_telephony/voice/device').Device} A */\nexport const a = 1;\n",
    VOICE: 'import { store } from "@crm_telephony/core/store";\nimport { x } from "@web/core/x";\n',
    RING: 'import {\n    device,\n} from "../../voice/device";\n',
    WINDOW: 'import "@crm_telephony/features/ring/ring";\n',
    "static/src/audio/make.js": "",
    "models/__init__.py": "from . import call, routing\n",
    "models/call/__init__.py": "from . import call\n",
    "models/call/call.py": (
        "class Call(models.Model):\n"
        "    _name = 'telephony.call'\n"
        "    def _end(self):\n"
        "        return self._on_ended()\n"
        "    def _on_ended(self):\n"
        "        pass\n"
    ),
    "models/routing/telephony_call.py": (
        "class Call(models.Model):\n"
        "    _inherit = 'telephony.call'\n"
        "    def _on_ended(self):\n"
        "        super()._on_ended()\n"
        "    def _route(self):\n"
        "        return self._end, ()\n"
    ),
    "models/routing/flow.py": (
        "from ..call.call import Call\n"
        "class Flow(models.Model):\n"
        "    _name = 'telephony.flow'\n"
        "    def _run(self, call):\n"
        "        call._route()\n"
    ),
}


@pytest.fixture
def build(tmp_path):
    """Return a function that writes a tree and measures it."""

    def build(**changes):
        for file, text in {**CLEAN, **changes}.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return house.measure(tmp_path)

    return build


def test_arrows_lead_downwards_in_a_clean_tree(build):
    found = build()
    assert found.client_arrows == {(VOICE, CORE), (RING, VOICE), (WINDOW, RING)}
    assert found.upward == []
    assert found.problems == []
    assert found.rooms["static/src/features/ring"] == 1
    assert "static/src/audio/make.js" not in found.lines


def test_import_from_a_higher_layer_is_a_problem(build, tmp_path, capsys):
    found = build(**{CORE: 'import { device } from "@crm_telephony/voice/device";\n'})
    assert found.upward == [(CORE, VOICE)]
    assert house.main(tmp_path) == 1
    assert "static/src/voice/device.js, which is in a higher layer" in capsys.readouterr().err


def test_folders_that_import_each_other_are_a_problem(build):
    other = "static/src/features/dial/dial.js"
    found = build(
        **{RING: 'import "@crm_telephony/features/dial/dial";\n', other: 'import "../ring/ring";\n'}
    )
    assert found.upward == []
    (problem,) = found.problems
    assert problem.endswith("each other: static/src/features/dial, static/src/features/ring")


def test_file_outside_the_layers_is_a_problem(build):
    found = build(**{"static/src/panels/panel.js": ""})
    assert found.outside_layers == ["static/src/panels/panel.js"]
    assert len(found.problems) == 1


def test_calls_of_methods_are_arrows_to_the_file_that_defines_them(build):
    found = build()
    assert found.call_files == {"models/call/call.py", "models/routing/telephony_call.py"}
    # The base calls its own hook: an override of it is not an arrow upwards.
    assert found.call_arrows == {("models/routing/telephony_call.py", "models/call/call.py")}
    assert found.package_arrows == {("models/routing", "models/call")}


def test_base_that_calls_its_extension_is_a_knot(build):
    base = CLEAN["models/call/call.py"] + "    def _begin(self):\n        self._route()\n"
    found = build(**{"models/call/call.py": base})
    assert house.largest_knot(found.call_arrows) == found.call_files
    assert house.largest_knot(found.package_arrows) == {"models/call", "models/routing"}


def test_too_many_files_in_models_are_a_problem(build, monkeypatch):
    monkeypatch.setattr(house, "IS_FILE_LIMIT_ENFORCED", True)
    files = {f"models/model_{number}.py": "" for number in range(house.MAX_FILES_IN_MODELS)}
    assert build(**files).problems == []
    (problem,) = build(**{"models/one_more.py": ""}).problems
    assert problem.startswith("13 files are directly in models/, 12 are allowed")


def test_too_many_files_of_the_call_are_a_problem(build):
    extension = "class Call(models.Model):\n    _inherit = 'telephony.call'\n"
    files = {f"models/p{number}/call.py": extension for number in range(house.MAX_CALL_FILES - 1)}
    (problem,) = build(**files).problems
    assert problem.startswith("13 files extend telephony.call, 12 are allowed")


def test_circle_of_the_call_is_a_problem(build):
    count = house.MAX_CALL_KNOT + 1
    files = {
        f"models/p{number}/call.py": (
            "class Call(models.Model):\n"
            "    _inherit = 'telephony.call'\n"
            f"    def _step_{'abcdefg'[number]}(self):\n"
            f"        self._step_{'abcdefg'[(number + 1) % count]}()\n"
        )
        for number in range(count)
    }
    (problem,) = build(**files).problems
    assert problem.startswith("7 files of telephony.call reach each other, 6 are allowed")


def test_report_names_long_files(build):
    found = build(**{"tools/long.py": "\n" * (house.LONG_FILE + 1)})
    assert any("601  tools/long.py" in line for line in house.report(found))


def test_this_repository_keeps_its_plan():
    assert house.measure(Path(__file__).resolve().parents[2]).problems == []
