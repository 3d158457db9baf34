"""The set-up on machines that it cannot use, without a network, and after an interruption.

Stand-ins for the programs of the system are found first in PATH. Each refusal is one sentence, and
leaves nothing behind.
"""

import hashlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import places

DEV = places.REPO / "dev"
BASH = "/bin/bash"
#: Programs that reach the network, or change the system.
FORBIDDEN = ("apt-get", "apt-cache", "sudo", "npm", "pip", "pip3", "curl", "wget")
#: Variables on which the finished set-up of these tests depends.
OWN = ("ODOO_PATH", "TELEPHONY_HTTP_PORT", "TELEPHONY_GEVENT_PORT")
SYSTEM_PYTHON = Path(sys.base_prefix, "bin/python3")


class Machine:
    """A machine with stand-ins for some programs, and a state folder of its own.

    :param Path folder: an empty folder.
    """

    def __init__(self, folder):
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        self.state, self.calls = folder / "state", folder / "calls"
        self.environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TELEPHONY_STATE": str(self.state),
            "TELEPHONY_PYTHON": str(SYSTEM_PYTHON),
        }

    def put(self, name, script="exit 1"):
        """Add a program that notes its calls.

        :param str name: of the program.
        :param str script: lines of bash.
        :return Path: the program.
        """
        path = self.bin / name
        path.write_text(f'#!{BASH}\necho "{name} $*" >>{self.calls}\n{script}\n')
        path.chmod(0o755)
        return path

    def only(self, *names):
        """Remove all programs but these from PATH."""
        for name in names:
            (self.bin / name).symlink_to(f"/usr/bin/{name}")
        self.environment["PATH"] = str(self.bin)

    def run(self, *command, **environment):
        """Run a script of dev/ with arguments; return the process that has ended."""
        name, *arguments = command
        return subprocess.run(
            [BASH, str(DEV / name), *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def bash(self, script, **environment):
        """Run lines of bash after the functions of the set-up are loaded."""
        load = f"""
            source {DEV}/lib/common.sh
            purpose=test offline=
            mkdir -p "$STAMPS" "$LOGS" "$STATE/cache"
            source {DEV}/lib/system.sh
            source {DEV}/lib/find_odoo.sh
            source {DEV}/lib/fetch_odoo.sh
            """
        return subprocess.run(
            [BASH, "-c", load + script],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def called(self):
        """Return the calls of the stand-ins."""
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def plain(text):
    """Return the lines of a text without colours."""
    return re.sub(r"\x1b\[\d+m", "", text).splitlines()


def get_refusal(done):
    """Return the sentence with which a script ended; it says nothing else."""
    lines = [line for line in plain(done.stderr) if not line.startswith("==>")]
    assert (done.returncode, len(lines), done.stdout) == (1, 1, ""), done
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


# === OTHER SYSTEMS === #


@pytest.mark.parametrize("script", ["run", "test", "setup", "lint", "odoo"])
def test_macos_is_refused_before_a_program_of_linux_is_needed(machine, script):
    machine.put("uname", "echo Darwin")
    machine.only("dirname")
    sentence = get_refusal(machine.run(script))
    assert "this is macOS" in sentence
    assert "docker compose up" in sentence
    assert not machine.state.exists()


@pytest.mark.parametrize("system", ["MINGW64_NT-10.0-22631", "MSYS_NT-10.0", "CYGWIN_NT-10.0"])
def test_git_bash_is_sent_to_wsl(machine, system):
    machine.put("uname", f"echo {system}")
    machine.only("dirname")
    assert "inside WSL" in get_refusal(machine.run("run"))
    assert not machine.state.exists()


def test_another_unix_is_named(machine):
    machine.put("uname", "echo FreeBSD")
    assert "this is FreeBSD" in get_refusal(machine.run("run"))


def test_folder_of_windows_in_wsl_is_refused(machine):
    machine.put("uname", "[ $1 = -s ] && echo Linux || echo 5.15.167.4-microsoft-standard-WSL2")
    check = f"{machine.put('fail', 'exit 0')}; REPO=%s; source {DEV}/lib/machine.sh"
    for folder, is_refused in (("/mnt/c/code", True), ("/home/a/code", False), ("/mnt", False)):
        done = subprocess.run(
            [BASH, "-c", check % folder],
            env=machine.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "folder of Windows" in done.stderr) == (is_refused, is_refused)


def test_missing_programs_of_linux_are_named(machine):
    machine.put("uname", "echo Linux")
    machine.only("dirname", "realpath")
    assert "missing: flock sha256sum" in get_refusal(machine.run("run"))


def test_system_without_apt_gets_the_names_to_install(machine):
    machine.only("dirname", "uname", "mkdir", "flock", "realpath", "sha256sum", "sort", "ls")
    done = machine.bash("install_packages postgresql nodejs")
    assert get_refusal(done).endswith("(names of Debian's packages): postgresql nodejs")


@pytest.mark.parametrize(
    ("system", "browser"), [("debian", "chromium"), ("ubuntu", "chromium-browser")]
)
@pytest.mark.parametrize("purpose", ["run", "test"])
def test_packages_are_those_of_the_system_and_the_purpose(machine, system, browser, purpose):
    release = machine.folder / "os-release"
    release.write_text(f"ID={system}\nNAME=x\n")
    machine.only(
        "dirname", "uname", "mkdir", "flock", "realpath", "sha256sum", "sort", "ls", "tail"
    )
    done = machine.bash(
        f"purpose={purpose}; postgres_bin() {{ :; }}; missing_packages",
        TELEPHONY_OS_RELEASE=str(release),
    )
    tools = [browser, "git", "nodejs", "npm"] if purpose == "test" else []
    assert done.stdout.split() == ["postgresql", *tools]


def test_packages_are_installed_by_apt(machine):
    for name in ("apt-get", "sudo"):
        machine.put(name, 'if [ "$1" = apt-get ] || [ "$1" = env ]; then shift $#; fi; exit 0')
    machine.put("id", "echo 0")
    assert machine.bash("install_packages postgresql").returncode == 0
    assert [call for call in machine.called() if not call.startswith("id ")] == [
        "apt-get update",
        "apt-get install -y --no-install-recommends postgresql",
    ]


def test_failing_apt_is_one_sentence_with_the_reason(machine):
    machine.put("apt-get", "exit 100")
    machine.put("id", "echo 0")
    assert get_refusal(machine.bash("install_packages postgresql")).endswith("is there a network?")


# === FOLDERS, PORTS, PYTHON === #


def test_folder_that_cannot_be_written_is_named(machine):
    sentence = get_refusal(machine.run("setup", TELEPHONY_STATE="/proc/telephony"))
    assert sentence.startswith("/proc/telephony cannot be written")
    assert "TELEPHONY_STATE" in sentence


def test_full_disk_is_one_sentence(machine):
    machine.put("df", "printf 'a\\nb 1 1 20480 1 c\\n'")
    assert "1600 MB are needed" in get_refusal(machine.bash("need_space 1600"))
    assert machine.bash("need_space 20").returncode == 0


@pytest.mark.parametrize("variable", ["TELEPHONY_HTTP_PORT", "TELEPHONY_EMULATOR_PORT"])
def test_taken_port_is_refused_before_the_set_up(machine, variable):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        sentence = get_refusal(machine.run("run", **{variable: port}))
    assert (
        sentence == f"port {port} is taken by another program: choose another port with {variable}"
    )
    assert not machine.state.exists()


def test_port_that_is_not_a_number_is_refused(machine):
    done = machine.run("run", TELEPHONY_HTTP_PORT="80a")
    assert get_refusal(done) == "TELEPHONY_HTTP_PORT must be a number"


def test_unknown_option_shows_the_known_ones(machine):
    assert get_refusal(machine.run("run", "--of")) == "usage: dev/run [--offline]"
    assert get_refusal(machine.run("setup", "x")).startswith("usage: dev/setup [run | test]")
    assert get_refusal(machine.run("lock", "x")).startswith("usage: dev/lock ")


def test_unsupported_python_is_refused_before_anything_is_installed(machine):
    for name in FORBIDDEN:
        machine.put(name)
    old = machine.put("python3.9", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    sentence = get_refusal(machine.run("setup", TELEPHONY_PYTHON=str(old)))
    assert f"{old} is Python 3.9.2" in sentence
    assert "3.11, 3.12 or 3.13" in sentence
    assert [call for call in machine.called() if not call.startswith("python3.9")] == []


def test_python_that_does_not_exist_is_named(machine):
    sentence = get_refusal(machine.run("setup", TELEPHONY_PYTHON="/nowhere/python3"))
    assert sentence.startswith("TELEPHONY_PYTHON=/nowhere/python3 is not a program")


# === WITHOUT A NETWORK === #


@pytest.mark.parametrize("purpose", ["run", "test"])
def test_second_start_downloads_nothing(machine, purpose):
    """The set-up of these tests is complete: no program that downloads is started."""
    for name in FORBIDDEN:
        machine.put(name)
    own = {name: os.environ[name] for name in OWN if name in os.environ}
    state = {"TELEPHONY_STATE": str(places.STATE)}
    done = machine.run("setup", purpose, "--offline", **own, **state)
    assert (done.returncode, machine.called()) == (0, []), done.stderr


def test_first_start_without_a_network_is_one_sentence(machine):
    for name in FORBIDDEN:
        machine.put(name)
    sentence = get_refusal(machine.run("setup", "run", "--offline"))
    assert sentence.startswith("the Python packages of Odoo and the emulator are not installed")
    assert machine.called() == []


def test_environment_whose_python_has_gone_is_made_again(machine):
    """The stamp of a finished step does not count when its result is gone."""
    machine.bash('hash_of "$REPO/dev/requirements.lock" "$VENV" >"$STAMPS/venv"')
    assert len((machine.state / "stamps/venv").read_text().strip()) == 16
    (machine.state / "venv/bin").mkdir(parents=True)
    (machine.state / "venv/bin/python").symlink_to("/nowhere/python3")
    sentence = get_refusal(machine.run("setup", "run", "--offline"))
    assert "Python packages" in sentence
    assert not (machine.state / "stamps/venv").exists()


def test_step_that_failed_is_repeated_and_a_finished_one_is_not(machine):
    script = (
        'step a 1 bash -c "[ -e $STATE/ok ] && echo ran"; step a 1 echo again; step a 2 echo new'
    )
    assert machine.bash(script).returncode == 1
    assert not (machine.state / "stamps/a").exists()
    (machine.state / "ok").touch()
    assert machine.bash(script).stdout.split() == ["ran", "new"]


# === WHICH ODOO === #


def make_odoo(folder, version="(19, 0, 0, FINAL, 0, '')", addons="odoo/addons/web"):
    """Make a folder that looks like an Odoo; return it."""
    (folder / "odoo").mkdir(parents=True)
    (folder / "odoo/release.py").write_text(f"FINAL = 'final'\nversion_info = {version}\n")
    (folder / addons).mkdir(parents=True)
    return folder


def test_odoo_path_comes_first(machine):
    own = make_odoo(machine.folder / "own", addons="addons/web")
    done = machine.bash('choose_odoo; echo "$odoo; $odoo_source"', ODOO_PATH=str(own))
    assert done.stdout.strip() == f"{own}; {own} (ODOO_PATH)"


@pytest.mark.parametrize(
    ("version", "addons", "reason"),
    [
        ("(18, 0, 0, FINAL, 0, '')", "odoo/addons/web", "is Odoo 18.0, and the addon needs 19.0"),
        ("('saas~19', 2, 0, FINAL)", "odoo/addons/web", "is Odoo saas~19.2, and the addon"),
        ("unknown", "odoo/addons/web", "is Odoo of an unknown series"),
        ("(19, 0, 0, FINAL, 0, '')", "odoo/addons/mail", "lacks the addon 'web'"),
    ],
)
def test_unusable_odoo_path_is_refused_before_anything_is_installed(
    machine, version, addons, reason
):
    for name in FORBIDDEN:
        machine.put(name)
    own = make_odoo(machine.folder / "own", version, addons)
    assert reason in get_refusal(machine.run("setup", ODOO_PATH=str(own)))
    assert machine.called() == []


def test_odoo_path_without_odoo_is_refused(machine):
    sentence = get_refusal(machine.run("setup", ODOO_PATH="/nowhere"))
    assert sentence.startswith("ODOO_PATH=/nowhere has no folder 'odoo'")


def get_site(machine):
    """Return the folder in which Python looks for the packages of the machine's user."""
    return machine.folder / f".local/lib/python3.{sys.version_info.minor}/site-packages"


def test_installed_odoo_comes_second(machine):
    installed = make_odoo(get_site(machine))
    done = machine.bash('choose_odoo; echo "$odoo; $odoo_source"')
    assert done.stdout.strip() == (f"{installed}; {installed} (installed; ODOO_PATH is not set)"), (
        done.stderr
    )


def test_installed_odoo_of_another_series_is_named_and_not_used(machine):
    installed = make_odoo(get_site(machine), "(18, 0, 0, FINAL, 0, '')")
    done = machine.bash('choose_odoo; echo "$odoo"')
    assert done.stdout.strip() == str(machine.state / "odoo/usr/lib/python3/dist-packages")
    assert plain(done.stderr) == [
        f"==> the installed Odoo 18.0 in {installed} is not used: the addon needs 19.0"
    ]


def test_odoo_on_the_import_path_of_a_caller_is_not_an_installed_one(machine):
    other = make_odoo(machine.folder / "other")
    done = machine.bash('choose_odoo; echo "$odoo"', PYTHONPATH=str(other))
    assert done.stdout.strip().startswith(str(machine.state))


# === THE LOCK FILE OF ODOO === #


#: An archive: its packages, as name=version or name/suite. Each is a file with this as its text.
ARCHIVE = """
case "$*" in *" update") exit 0 ;; esac
while [ "$1" != download ]; do shift; done
shift
for wanted in "$@"; do
    case " $PACKAGES_OF_ARCHIVE " in *" $wanted "*) ;; *) exit 100 ;; esac
    case "$wanted" in
        */*) printf 'newer' >"${wanted%/*}_19.0.0-2_all.deb" ;;
        *)
            file=${wanted/=/_}_all.deb
            printf '%s' "${CONTENT:-$wanted}" >"${file/:/%3a}"
            ;;
    esac
done
"""


#: The versions of some packages, as apt shows them.
MADISON = """
while [ "$1" != madison ]; do shift; done
for package in $PACKAGES_OF_ARCHIVE; do
    case " $* " in
        *" ${package%=*} "*)
            printf '%10s | %10s | file:/nowhere sid/main\\n' "${package%=*}" "${package#*=}"
            ;;
    esac
done
"""


@pytest.fixture
def archive(machine):
    """Return a machine whose archive has the locked package, and a lock file of this package."""
    machine.put("apt-get", ARCHIVE)
    machine.put("apt-cache", MADISON)
    release = machine.folder / "os-release"
    release.write_text("ID=debian\n")
    lock = machine.folder / "odoo.lock"
    checksum = hashlib.sha256(b"odoo-19=19.0.0-1").hexdigest()
    lock.write_text(f"# A comment.\n{checksum}  odoo-19_19.0.0-1_all.deb\n")
    machine.environment |= {
        "TELEPHONY_OS_RELEASE": str(release),
        "TELEPHONY_ODOO_LOCK": str(lock),
        "TELEPHONY_DEBIAN_MIRROR": "file:/nowhere",
        "TELEPHONY_CACHE": str(machine.folder / "cache"),
        "PACKAGES_OF_ARCHIVE": "odoo-19=19.0.0-1 odoo-19/sid",
    }
    machine.debs = machine.folder / "cache/debs"
    return machine


FETCH = "download_odoo; printf '%s\\n' \"${debs[@]}\""


def test_locked_package_is_downloaded_once_for_all_clones(archive):
    done = archive.bash(FETCH)
    file = archive.debs / "odoo-19_19.0.0-1_all.deb"
    assert (done.stdout.split(), file.read_text()) == ([str(file)], "odoo-19=19.0.0-1"), done.stderr
    archive.calls.unlink()
    done = archive.bash(f"offline=1; {FETCH}", TELEPHONY_STATE=str(archive.folder / "other"))
    assert (done.stdout.split(), archive.called()) == ([str(file)], [])


def test_version_with_an_epoch_is_found(archive):
    """The name of its file has %3a in place of the colon."""
    lock = archive.folder / "odoo.lock"
    checksum = hashlib.sha256(b"fonts-x=2:3.0-1").hexdigest()
    lock.write_text(f"{checksum}  fonts-x_2%3a3.0-1_all.deb\n")
    done = archive.bash(FETCH, PACKAGES_OF_ARCHIVE="fonts-x=2:3.0-1 fonts-x-more=1")
    assert (done.returncode, plain(done.stderr)) == (0, ["==> downloading Odoo 19 (120 MB)"])
    assert (archive.debs / "fonts-x_2%3a3.0-1_all.deb").read_text() == "fonts-x=2:3.0-1"


def test_package_with_another_checksum_is_refused_and_removed(archive):
    sentence = get_refusal(archive.bash(FETCH, CONTENT="damaged"))
    assert "does not have the checksum of dev/odoo.lock" in sentence
    assert list(archive.debs.iterdir()) == []


def test_damaged_package_in_the_cache_is_downloaded_again(archive):
    archive.debs.mkdir(parents=True)
    file = archive.debs / "odoo-19_19.0.0-1_all.deb"
    file.write_text("half")
    assert archive.bash(FETCH).returncode == 0
    assert file.read_text() == "odoo-19=19.0.0-1"


def test_revision_that_has_gone_is_replaced_with_a_warning(archive):
    done = archive.bash(FETCH, PACKAGES_OF_ARCHIVE="odoo-19=19.0.0-2 odoo-19/sid")
    assert done.stdout.split() == [str(archive.debs / "odoo-19_19.0.0-2_all.deb")]
    [warning] = [line for line in plain(done.stderr) if line.startswith("WARNING")]
    assert "no longer has odoo-19 19.0.0-1, with which the addon is tested" in warning
    assert "using 19.0.0-2. dev/lock odoo locks it." in warning


def test_revision_that_has_gone_is_not_replaced_when_the_lock_is_strict(archive):
    done = archive.bash(
        FETCH, PACKAGES_OF_ARCHIVE="odoo-19=19.0.0-2 odoo-19/sid", TELEPHONY_LOCKED="1"
    )
    assert "TELEPHONY_LOCKED forbids another one" in get_refusal(done)


def test_package_that_has_gone_names_the_other_ways(archive):
    sentence = get_refusal(archive.bash(FETCH, PACKAGES_OF_ARCHIVE="odoo-20=20.0.0-1"))
    assert sentence.startswith("Debian's archive no longer has odoo-19: set ODOO_PATH")
    assert str(archive.debs) in sentence
    assert "docker compose" in sentence


def test_missing_package_without_a_network_is_one_sentence(archive):
    sentence = get_refusal(archive.bash(f"offline=1; {FETCH}"))
    assert sentence.startswith(f"Odoo 19 is not in {archive.debs}, and --offline forbids")


def test_unreachable_archive_is_one_sentence(archive):
    archive.put("apt-get", "exit 100")
    assert get_refusal(archive.bash(FETCH)).endswith("is there a network?")


def test_ubuntu_asks_its_debootstrap_for_the_archive_of_debian(archive):
    (archive.folder / "os-release").write_text("ID=ubuntu\n")
    archive.put("sed", "echo mirror-of-debian")
    done = archive.bash("debian_mirror", TELEPHONY_DEBIAN_MIRROR="")
    assert done.stdout.strip() == "mirror-of-debian"


def test_lock_names_odoo_and_the_files_it_refers_to():
    lines = (DEV / "odoo.lock").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[0-9a-f]{64}  [a-z0-9.+-]+_\S+_all\.deb", line) for line in lines)
    names = {line.split()[1].split("_")[0] for line in lines}
    script = (DEV / "lib/fetch_odoo.sh").read_text()
    wanted = re.search(r'^PACKAGES="([^"]+)"', script, re.MULTILINE)[1].split()
    assert names == {package.split("/")[0] for package in wanted}
