"""Run the parts of the test suite and print totals. Called by dev/test, with PostgreSQL running."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, field
from pathlib import Path

import database
import lanes
import locked
import package as package_files
import places
from places import ADDON, ADDONS, CONF, LOGS, PYTHON, REPO, STATE, say

PARTS = (
    *("lint", "unit", "oldest", "judge", "emulator", "odoo", "js", "quality", "package", "live"),
    *("torture", "e2e"),
)
#: Long parts, which run only when they are named.
LONG_PARTS = ("core",)
#: Jobs that may run beside each other, in their order. While the first job makes the database, the
#: next ones need none. The parts that are split have a job for each share of their tests.
JOBS = (
    *("odoo 1/2", "lint", "unit", "oldest", "judge", "emulator", "bare", "odoo 2/2", "quality"),
    *("js", "package"),
)
#: Jobs that run beside each other after all other parts. They listen to sound, so each needs
#: one processor, but not two: a story waits for most of its time.
STORIES = ("e2e 1/2", "e2e 2/2")
#: Jobs that prepare a part, which follows: their failures are its failures.
PREPARES = {"bare": "e2e"}
#: Parts that accept options for pytest, to run some of their tests.
WITH_OPTIONS = ("unit", "judge", "emulator", "odoo", "js", "package", "live", "torture", "e2e")
#: Odoo's own tests that must pass with the addon installed.
CORE = ("crm", "mail", "phone_validation")
#: Time limit of one test while its coverage is measured.
COVERAGE_SECONDS = 1800
#: Time limit of a damaged webhook, when their number is chosen.
MUTATION_SECONDS = 0.2
INTERRUPT_SECONDS = 30
#: Options of pytest whose value may look like a path.
WITH_VALUE = ("-k", "-m")
#: Exit code of pytest when it found nothing to run.
NO_TESTS = 5


@dataclass
class Result:
    """The result of one part.

    :param list problems: sentences, each of which is one failure.
    """

    passed: int = 0
    failed: int = 0
    problems: list = field(default_factory=list)

    def __add__(self, other):
        return Result(
            self.passed + other.passed,
            self.failed + other.failed,
            self.problems + other.problems,
        )


def run(command, *, environment=None, folder=REPO):
    """Run a program in a process group of its own, so that an interruption stops all of it.

    :return int: its exit code.
    """
    with subprocess.Popen(
        command, env=environment or dict(os.environ), cwd=folder, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(INTERRUPT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            raise


def run_pytest(name, *arguments, environment=None, folder=STATE):
    """Run pytest and count the results.

    :param str name: of the report, ``<log folder>/<name>.xml``.
    :return Result: a skipped test is a failed one.
    """
    report = LOGS / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "pytest", f"--junit-xml={report}", *map(str, arguments)]
    code = run(command, environment=environment, folder=folder)
    if code == NO_TESTS:
        return Result(problems=["there are no tests"])
    if not report.exists():
        return Result(problems=[f"pytest ended with code {code} and without a report"])
    # A test with subtests has several entries.
    bad = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        key = f"{case.get('classname')}.{case.get('name')}"
        wrong = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        bad[key] = bad.get(key, False) or wrong
    result = Result(passed=len(bad) - sum(bad.values()), failed=sum(bad.values()))
    if code and not result.failed and not result.problems:
        result.problems.append(f"pytest ended with code {code}")
    if not result.passed and not result.failed and not result.problems:
        result.problems.append("there are no tests")
    return result


def has_tests(folder):
    """Return whether a folder of the repository contains test files."""
    return any((REPO / folder).rglob("test_*.py"))


def plain(name, folder, options=(), environment=None):
    """Run plain pytest tests, without Odoo in the process. The nearest configuration counts."""
    if not has_tests(folder):
        return Result(problems=[f"there are no tests in {folder}"])
    return run_pytest(
        name,
        *with_default(options, REPO / folder),
        environment={**places.emulator_environment(), **(environment or {})},
    )


def with_default(options, *default, root=REPO):
    """Return pytest's options with the paths to run.

    :param options: the user's options for pytest; paths are relative to the user's folder.
    :param default: the paths to run when the options have none.
    :param Path root: the folder by which pytest has to reach the repository.
    """
    line, has_paths = [], False
    for option in options:
        file, *names = option.split("::")
        path = Path(file).resolve()
        is_value = line and line[-1] in WITH_VALUE
        if file and not is_value and path.is_relative_to(REPO) and path.exists():
            has_paths = True
            option = "::".join([str(root / path.relative_to(REPO)), *names])
        line.append(option)
    return [*line, *(() if has_paths else default)]


def lint():
    """Check the style."""
    code = run([str(REPO / "dev/lint")])
    return Result(passed=1) if code == 0 else Result(problems=["dev/lint failed"])


def unit(*options):
    """Run the plain Python tests of the addon's modules that do not import Odoo."""
    return plain("unit", "dev/unit", options)


def oldest():
    """Test the lowest permitted versions: of Python by reading the code, of Twilio's package."""
    return oldest_python() + oldest_twilio()


def oldest_python():
    """Search the shipped code for what a later Python has added."""
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    [(major, minor)] = re.findall(r'^target-version = "py(\d)(\d+)"', project, re.M)
    lowest = f"{major}.{minor}"
    files = [path for path in package_files.shipped_files() if path.suffix == ".py"]
    tools = locked.install("tools")
    # Odoo's own `frozendict` has the name of a class that Python 3.15 has built in.
    options = ["--no-tips", "--violations", "--exclude", "frozendict", f"-t={lowest}-"]
    code = run(
        [PYTHON, tools / "bin/vermin", *options, *files],
        environment={**os.environ, "PYTHONPATH": str(tools)},
    )
    if code:
        return Result(problems=[f"the addon uses what Python {lowest} does not have"])
    return Result(passed=1)


def oldest_twilio():
    """Run the unit tests that use Twilio's package with its lowest permitted version."""
    folder = locked.install("oldest")
    path = {"PYTHONPATH": os.pathsep.join(map(str, (folder, REPO / "dev")))}
    [wanted] = re.findall(r"^twilio==(\S+)", locked.get_lock("oldest").read_text(), re.M)
    shown = [str(PYTHON), "-c", "import twilio; print(twilio.__version__)"]
    used = subprocess.check_output(shown, env={**os.environ, **path}, text=True).strip()
    if used != wanted:
        return Result(problems=[f"the tests would use twilio {used}, not {wanted}"])
    tests = sorted((REPO / "dev/unit").glob("test_*.py"))
    concerned = (test for test in tests if "providers.twilio" in test.read_text(encoding="utf-8"))
    return plain("oldest", "dev/unit", list(map(str, concerned)), path)


def judge(*options):
    """Judge all REST requests by Twilio's documents, with a validator of its own (a download)."""
    return plain("judge", "dev/judge", options)


def emulator(*options):
    """Run the tests of the Twilio emulator."""
    return plain("emulator", "dev/twilio_emulator/tests", options)


def live(*options):
    """Run dev/live against emulators in place of a real account."""
    return plain("live", "dev/live_tests", options)


def e2e(*options, share=""):
    """Run the stories in a real browser, with sound."""
    if not share:
        return plain("e2e", "dev/e2e", options)
    name = f"e2e-{share.partition('/')[0]}"
    return plain(
        name,
        "dev/e2e",
        ("-p", "pytest_share", f"--share={share}"),
        {"PYTHONPATH": str(REPO / "dev/lib"), "TELEPHONY_LOGS": str(LOGS / name)},
    )


def bare():
    """Make the database without demonstration data for the stories."""
    database.prepare(demo=False)
    return Result()


def torture(*options):
    """Run agents and callers at random while everything that may fail does.

    A minute and a half; `TELEPHONY_TORTURE` is the number of seconds of trouble in a longer run.
    """
    return plain("torture", "dev/torture", options)


def package(*options):
    """Install and uninstall the archive."""
    return plain("package", "dev/package_tests", options)


def in_odoo(name, *selection, rootdir=ADDONS, environment=None):
    """Run Odoo tests on a fresh copy of a database with the addon and demonstration data.

    :param selection: pytest arguments; paths must lead through the addons folder, because the
    addon's technical name is the name of its folder.
    :param Path rootdir: the base folder of pytest's paths.
    :param dict environment: variables besides the usual ones.
    """
    say("making the database for the tests")
    copy = database.copy_for_tests("telephony_test")
    # The log of a kept database is as old as the database.
    log = None if database.is_kept_wanted() else database.TEMPLATE_LOG
    warnings = database.log_problems(log) if log else []
    try:
        result = run_pytest(
            name,
            *("-c", REPO / "dev/pytest.ini", f"--rootdir={rootdir}", "-p", "pytest_strict"),
            *(f"--odoo-config={CONF}", f"--odoo-database={copy}"),
            *("--odoo-http", "--odoo-log-level=warn", "--odoo-extra=max-cron-threads=0"),
            *selection,
            environment={
                **places.odoo_environment(),
                "PYTHONPATH": odoo_path(),
                **(environment or {}),
            },
        )
    finally:
        database.drop(copy)
    result.problems += [f"warning at installation: {line}" for line in warnings]
    return result


def odoo_path():
    """Return the import path with Odoo and the plugin for pytest."""
    return os.pathsep.join([places.odoo_environment()["PYTHONPATH"], str(REPO / "dev/lib")])


def odoo(*options, share=""):
    """Run all Odoo tests except the one that runs the JavaScript tests."""
    if not has_tests("tests"):
        return Result(problems=["there are no tests in tests"])
    tests = ADDONS / ADDON / "tests"
    elsewhere = (f"--ignore={tests / name}" for name in ("test_js.py", "test_click_everywhere.py"))
    return in_odoo(
        f"odoo-{share.partition('/')[0]}" if share else "odoo",
        *("-p", "pytest_world", *patience_options(), *coverage_options("pytest_coverage")),
        *(("-p", "pytest_share", f"--share={share}") if share else ()),
        *with_default(options, *elsewhere, tests, root=ADDONS / ADDON),
    )


def patience_options():
    """Return pytest's options that extend the time limit for a larger number of webhooks."""
    mutations = int(os.environ.get("TELEPHONY_MUTATIONS") or 0)
    # A small number must not shorten the time of the other tests.
    seconds = max(COVERAGE_SECONDS, int(mutations * MUTATION_SECONDS))
    return ("-o", f"timeout={seconds}") if mutations else ()


def coverage_options(plugin):
    """Return pytest's options that measure the coverage of the addon, if wanted."""
    measured = ("-p", plugin, "-o", f"timeout={COVERAGE_SECONDS}")
    return measured if os.environ.get("TELEPHONY_COVERAGE") else ()


def quality():
    """Run Odoo's own lint tests on the shipped addon, and click every menu."""
    shipped = STATE / "shipped"
    shutil.rmtree(shipped, ignore_errors=True)
    package_files.unpack(shipped / ADDON)
    lint_tests = places.ODOO_HOME / "odoo/addons/test_lint/tests"
    tools = [STATE / "venv/bin", places.NODE_MODULES / ".bin", os.environ["PATH"]]
    found = in_odoo(
        "test_lint",
        "-p",
        "pytest_own_addon",
        f"--odoo-addons-path={shipped}",
        lint_tests,
        rootdir=places.ODOO_HOME,
        environment={
            "PATH": os.pathsep.join(map(str, tools)),
            # Odoo's rules are written for ESLint's older kind of configuration.
            "ESLINT_USE_FLAT_CONFIG": "false",
        },
    )
    return found + in_odoo("click", ADDONS / ADDON / "tests/test_click_everywhere.py")


def core():
    """Run Odoo's own tests of the extended modules, with the addon installed."""
    folders = [places.ODOO_HOME / "odoo/addons" / name / "tests" for name in CORE]
    # Odoo would end itself after ten minutes of computing, as a hanging server does.
    patience = "--odoo-extra=limit-time-cpu=86400"
    return in_odoo("core", "-p", "pytest_core", patience, *folders, rootdir=places.ODOO_HOME)


def js(*options):
    """Run the JavaScript tests, in a browser that Odoo starts."""
    if not (REPO / "tests/test_js.py").exists():
        return Result(problems=["there is no tests/test_js.py"])
    return in_odoo(
        "js",
        # The tests have limits of their own, which do not depend on the machine.
        *("-o", "timeout=0"),
        *coverage_options("pytest_js_coverage"),
        *with_default(
            hoot_options(options), ADDONS / ADDON / "tests/test_js.py", root=ADDONS / ADDON
        ),
    )


def hoot_options(options):
    """Return pytest's options, in which `-k` selects Hoot tests by their names."""
    if "-k" not in options:
        return options
    place = options.index("-k")
    names = " ".join(options[place + 1 : place + 2])
    return [*options[:place], "-p", "pytest_hoot", f"--hoot={names}", *options[place + 2 :]]


def guarded(part, *options, **share):
    """Run one part; a database or a package that cannot be made is a failure of the part.

    :return tuple: the result, and the seconds.
    """
    say(f"{part}: {' '.join(globals()[part].__doc__.split())}")
    started = time.monotonic()
    try:
        result = globals()[part](*options, **share)
    except (database.BuildError, locked.InstallError) as error:
        result = Result(problems=[str(error)])
    return result, time.monotonic() - started


def get_width():
    """Return the number of jobs that may run at the same time."""
    if os.environ.get("TELEPHONY_COVERAGE"):
        return 1  # each report is of one process
    return int(os.environ.get("TELEPHONY_LANES") or min(os.cpu_count() or 1, 2))


def get_jobs(parts, width, all_jobs=JOBS):
    """Return the jobs of some parts that can run beside each other.

    :param parts: names of parts.
    :param int width: the number of jobs at the same time.
    :param tuple all_jobs: `JOBS` or `STORIES`.
    """
    jobs = [job for job in all_jobs if get_part(job) in parts]
    return jobs if min(width, len(jobs)) > 1 else []


def get_part(job):
    """Return the part in which a job counts."""
    name = job.split()[0]
    return PREPARES.get(name, name)


def run_jobs(jobs, width):
    """Run jobs beside each other, each in a process of its own.

    :return list: name of the part, result and seconds of each job.
    """
    with tempfile.TemporaryDirectory() as folder:
        reports = {job: Path(folder, f"{number}.json") for number, job in enumerate(jobs)}
        lanes.Lanes(width).run(
            {
                job: [sys.executable, __file__, "--job", str(report), *job.split()]
                for job, report in reports.items()
            }
        )
        return [(get_part(job), *read_report(job, report)) for job, report in reports.items()]


def read_report(job, report):
    """Return the result and the seconds of a job; without a report it has failed."""
    if not report.exists():
        return Result(problems=[f"{job} ended without a result"]), 0.0
    values = json.loads(report.read_text(encoding="utf-8"))
    return Result(**values["result"]), values["seconds"]


def run_job(report, part, share=""):
    """Run one job, and write its report."""
    result, seconds = guarded(part, **({"share": share} if share else {}))
    values = {"result": asdict(result), "seconds": seconds}
    Path(report).write_text(json.dumps(values), encoding="utf-8")
    return 0


def split(arguments):
    """Return the names of parts, and the options for pytest after ``--``."""
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    parts, options = arguments[:place], arguments[place + 1 :]
    if len(parts) != 1 or parts[0] not in WITH_OPTIONS:
        sys.exit(f"error: before -- goes one of these parts: {' '.join(WITH_OPTIONS)}")
    if not options:
        sys.exit("error: options for pytest are missing after --, such as -k second_call")
    return parts, options


def chosen(arguments):
    """Return the requested parts.

    :param list arguments: names of parts; none or "all" means all.
    """
    known = (*PARTS, *LONG_PARTS)
    unknown = set(arguments) - {*known, "all"}
    if unknown:
        sys.exit(f"error: unknown part {', '.join(sorted(unknown))}: choose {' '.join(known)} all")
    wanted = {*arguments, *(PARTS if not arguments or "all" in arguments else ())}
    return tuple(part for part in known if part in wanted)


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


def main(arguments):
    """Run the parts, print the summary.

    :return int: exit code.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if arguments[:1] == ["--job"]:
        return run_job(*arguments[1:])
    parts, options = split(arguments)
    if options:
        os.environ["TELEPHONY_KEPT"] = "1"
    parts, width, started = chosen(parts), get_width(), time.monotonic()
    # Single tests run at once, in one process.
    jobs = [] if options else get_jobs(parts, width)
    stories = [] if options else get_jobs(parts, width, STORIES)
    done = run_jobs(jobs, width) if jobs else []
    beside = {job.split()[0] for job in (*jobs, *stories)}
    done += [(part, *guarded(part, *options)) for part in parts if part not in beside]
    done += run_jobs(stories, width) if stories else []
    results, times = {}, {}
    for part in parts:
        own = [(result, seconds) for name, result, seconds in done if name == part]
        results[part] = sum((result for result, _seconds in own), Result())
        times[part] = sum(seconds for _result, seconds in own)
    return summary(results, times, time.monotonic() - started)


def summary(results, times, elapsed):
    """Print a table of the parts and the totals; return the exit code.

    :param dict results: of the parts.
    :param dict times: seconds of the parts, those of all shares together.
    :param float elapsed: seconds of the run; less than the sum when parts ran beside each other.
    """
    print(f"\n{'part':10} {'passed':>7} {'failed':>7} {'seconds':>8}")
    passed = failed = 0
    for part, result in results.items():
        bad = result.failed + len(result.problems)
        print(f"{part:10} {result.passed:7} {bad:7} {times[part]:8.1f}")
        for problem in result.problems:
            print(f"    {problem}")
        passed, failed = passed + result.passed, failed + bad
    print(f"{'all':10} {passed:7} {failed:7} {elapsed:8.1f}\n")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    Path(LOGS).mkdir(parents=True, exist_ok=True)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
