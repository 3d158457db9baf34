"""What starts the addon elsewhere: containers, the checks of a hosting service, files at the root.

Docker does not run in these tests: the files are checked by their published schemas, and against
the repository.
"""

import ast
import json
import re
import shlex
import subprocess
import sys

import pytest
import tomllib
import yaml

import places
import test as suite

ROOT = places.REPO
#: File -> name of its schema in the package check-jsonschema.
SCHEMAS = {
    "compose.yml": "compose-spec",
    ".github/workflows/*.yml": "github-workflows",
    ".github/ISSUE_TEMPLATE/*.yml": "github-issue-forms",
}
#: What is at the root beside the addon's own files, and why it cannot be elsewhere.
AT_ROOT = {
    ".ci": "where the tests of a change are started",
    ".devcontainer": "where editors look for it",
    ".editorconfig": "where editors look for it",
    ".gitattributes": "where git looks for it",
    ".github": "where the hosting service looks for it",
    ".gitignore": "where git looks for it",
    ".pre-commit-config.yaml": "where pre-commit looks for it",
    ".prettierignore": "where prettier looks for it",
    ".prettierrc": "where prettier looks for it",
    ".pylintrc": "where pylint looks for it",
    "compose.yml": "where docker compose looks for it",
    "dev": "the tools",
    "eslint.config.mjs": "where eslint looks for it",
    "package-lock.json": "where npm looks for it",
    "package.json": "where npm looks for it",
    "pyproject.toml": "where ruff and coverage look for it",
}
PINNED = re.compile(r"^ *- uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", re.MULTILINE)
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def get_workflows():
    return sorted((ROOT / ".github/workflows").glob("*.yml"))


def get_steps():
    """Return each step of each job of the workflows, with the job's matrix."""
    for path in get_workflows():
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            matrix = job.get("strategy", {}).get("matrix", {}).get("include", [])
            for step in job["steps"]:
                yield step, matrix


def get_commands():
    """Return the commands of the workflows, for each entry of the matrix, as lists of words."""
    for step, matrix in get_steps():
        for line in step.get("run", "").splitlines():
            for values in matrix or [{}]:
                text = re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda m, v=values: v[m[1]], line)
                yield shlex.split(text)


def get_pins(name):
    """Return the packages of a list, and their versions."""
    return {package.lower().replace("_", "-"): pin for package, pin in PIN.findall(read(name))}


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_files_follow_their_published_schema(pattern):
    files = sorted(map(str, ROOT.glob(pattern)))
    assert files
    schema = f"vendor.{SCHEMAS[pattern]}"
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# === CHECKS OF A HOSTING SERVICE === #


def test_actions_are_pinned_by_their_hash():
    for path in get_workflows():
        text = path.read_text()
        assert len(PINNED.findall(text)) == text.count("uses:") > 0


def test_commands_of_the_workflows_exist():
    scripts = {words[0] for words in get_commands() if words[0].startswith("dev/")}
    assert "dev/test" in scripts
    for name in scripts:
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_workflows_run_each_part_of_the_tests():
    tested = [part for words in get_commands() if words[0] == "dev/test" for part in words[1:]]
    assert sorted(tested) == sorted(suite.PARTS)


def test_jobs_read_only_and_end():
    for path in get_workflows():
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())


# === CONTAINERS === #


def get_services():
    return yaml.safe_load(read("compose.yml"))["services"]


def test_mounted_folders_and_images_exist():
    for service in get_services().values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / source).is_dir(), source
        if "build" in service:
            folder = ROOT / service["build"]["context"]
            file = folder / service["build"].get("dockerfile", "Dockerfile")
            for line in re.findall(r"^COPY (.+) \S+$", file.read_text(), re.MULTILINE):
                assert (folder / line).is_file()


def test_ports_are_those_of_this_machine_only():
    ports = [port for service in get_services().values() for port in service.get("ports", ())]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_sound_uses_the_published_ports():
    emulator = get_services()["emulator"]
    first, last = emulator["sysctls"]["net.ipv4.ip_local_port_range"].split()
    assert f"127.0.0.1:{first}-{last}:{first}-{last}/udp" in emulator["ports"]
    assert '"--media-address", "127.0.0.1"' in read("dev/docker/emulator.Dockerfile")


def test_start_of_the_container_is_in_the_mounted_addon():
    odoo = get_services()["odoo"]
    [addon] = [part.split(":")[1] for part in odoo["volumes"] if part.startswith(".:")]
    assert addon.rpartition("/")[2] == places.ADDON
    script = odoo["command"][-1]
    assert script.startswith(addon)
    text = read(script.removeprefix(addon + "/"))
    assert f"addon={addon}\n" in text
    assert "$addon/dev/lib/seed.py" in text
    # The shell ends without a result; the variables are those that the script of the seed reads.
    seed = read("dev/lib/seed.py")
    names = [name for name in odoo["environment"] if name.startswith("TELEPHONY_")]
    assert all(f'"{name}"' in seed for name in names)


def test_images_install_the_locked_versions():
    [line] = re.findall(r"^RUN pip3 install .*$", read("dev/docker/Dockerfile"), re.MULTILINE)
    wanted = dict(PIN.findall(line.replace(" ", "\n")))
    locked = get_pins("dev/requirements.lock")
    assert wanted == {name: locked[name] for name in wanted} != {}
    emulator = get_pins("dev/docker/emulator.lock")
    assert emulator == {name: locked[name] for name in emulator}


def test_emulator_image_has_all_requirements_of_the_emulator():
    project = tomllib.loads(read("dev/twilio_emulator/pyproject.toml"))["project"]
    names = {re.match(r"[\w-]+", line)[0].lower() for line in project["dependencies"]}
    assert names <= set(get_pins("dev/docker/emulator.lock"))


def test_development_container_starts_with_the_set_up():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    assert (ROOT / container["postCreateCommand"]).stat().st_mode & 0o111
    state = container["containerEnv"]["TELEPHONY_STATE"]
    assert container["mounts"] == [f"type=volume,source=crm-telephony-state,target={state}"]
    python = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python == f"{state}/venv/bin/python"


# === THE REQUIREMENTS === #


def test_odoo_can_read_the_versions_of_the_requirements():
    """Odoo reads a version with `packaging`, an optional package, whose absence has no sentence.

    So it is a requirement, and the first one: then its absence has the usual sentence.
    """
    manifest = ast.literal_eval(read("__manifest__.py"))
    names = manifest["external_dependencies"]["python"]
    with_version = [name for name in names if not re.fullmatch(r"[\w-]+", name)]
    assert with_version
    assert names[0] == "packaging"
    # An environment that only runs Odoo has it, too.
    assert {re.match(r"[\w-]+", name)[0] for name in names} <= set(get_pins("dev/requirements.txt"))


# === THE ROOT === #


def test_files_at_the_root_belong_to_the_addon_or_have_a_reason():
    """The root is the addon: everything else there is left out of what is shipped."""
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    names = sorted({name.split("/")[0] for name in tracked if name})
    ignored = subprocess.run(
        ["git", "-C", str(ROOT), "check-attr", "export-ignore", *names],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    left_out = {line.split(":")[0] for line in ignored if line.endswith(": set")}
    assert left_out == set(AT_ROOT)
