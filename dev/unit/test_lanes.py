"""Parts of the test suite beside each other: nothing is left out, and no failure gets lost."""

import signal
import sys
import threading
import time

import pytest

import lanes
import pytest_share
import test as runner

SIZES = {f"tests/test_{number}.py::TestIt": 1 + number % 7 for number in range(40)}


def test_shares_contain_each_class_once():
    shares = pytest_share.split(SIZES, 3)
    assert sorted(name for share in shares for name in share) == sorted(SIZES)


def test_shares_are_about_equal():
    first, second = (sum(map(SIZES.get, share)) for share in pytest_share.split(SIZES, 2))
    assert abs(first - second) <= max(SIZES.values())


def test_other_order_of_collection_keeps_shares():
    """A test has the same neighbours in each run."""
    again = dict(reversed(SIZES.items()))
    assert pytest_share.split(SIZES, 2) == pytest_share.split(again, 2)


def test_class_with_long_tests_counts_with_its_declared_size():
    class Item:
        def __init__(self, name, cls):
            self.nodeid, self.cls = name, cls

    class Long:
        share_size = 40

    class Usual:
        pass

    items = [Item("a.py::Long::one", Long), Item("a.py::Long::two", Long)]
    items += [Item("a.py::Usual::one", Usual), Item("b.py::test_plain", None)]
    assert pytest_share.get_sizes(items) == {"a.py::Long": 40, "a.py::Usual": 1, "b.py": 1}


@pytest.mark.parametrize("wrong", ["", "2", "0/2", "3/2", "1/0", "a/b"])
def test_unknown_share_is_refused(wrong):
    with pytest.raises(pytest.UsageError):
        pytest_share.parse(wrong)


def test_jobs_are_all_shares_of_known_parts():
    shares = {}
    for job in (*runner.JOBS, *runner.STORIES):
        part, _, share = job.partition(" ")
        shares.setdefault(part, []).append(share)
    for part, found in shares.items():
        assert runner.get_part(part) in runner.PARTS
        whole = [f"{number + 1}/{len(found)}" for number in range(len(found))]
        assert sorted(found) == (whole if found != [""] else [""])


def test_one_processor_runs_whole_parts():
    assert runner.get_jobs(runner.PARTS, 1) == []
    assert runner.get_jobs(("js",), 2) == []
    assert runner.get_jobs(("js", "torture"), 2) == []
    assert runner.get_jobs(("odoo",), 2) == ["odoo 1/2", "odoo 2/2"]
    assert runner.get_jobs(("odoo",), 1) == []
    assert runner.get_jobs(("js", "e2e"), 2) == ["bare", "js"]
    assert runner.get_jobs(("js", "e2e"), 2, runner.STORIES) == ["e2e 1/2", "e2e 2/2"]
    assert runner.get_jobs(("js", "e2e"), 1, runner.STORIES) == []
    assert runner.get_jobs(("js", "torture"), 2, runner.STORIES) == []


def test_stories_run_last_and_count_a_failed_preparation(monkeypatch, capsys):
    """The job that makes the database of the stories does not take their place."""
    failed = runner.Result(problems=["Odoo could not build the database"])
    results = {"bare": failed, "js": runner.Result(2), "e2e 1/2": runner.Result(3)}
    order = []

    def run_jobs(jobs, width):
        order.append(jobs)
        done = [(job, results.get(job, runner.Result(2))) for job in jobs]
        return [(runner.get_part(job), result, 1.0) for job, result in done]

    def torture():
        """Run."""
        order.append("torture")
        return runner.Result(1)

    monkeypatch.setattr(runner, "get_width", lambda: 2)
    monkeypatch.setattr(runner, "run_jobs", run_jobs)
    monkeypatch.setattr(runner, "torture", torture)
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)
    assert runner.main(["js", "e2e", "torture"]) == 1
    assert order == [["bare", "js"], "torture", ["e2e 1/2", "e2e 2/2"]]
    assert capsys.readouterr().out.splitlines()[-1] == "8 passed, 1 failed"


def test_job_without_report_is_a_failure(tmp_path):
    """A job that dies must not look like one without tests."""
    result, _seconds = runner.read_report("odoo 1/2", tmp_path / "missing.json")
    assert result.problems == ["odoo 1/2 ended without a result"]


def test_report_of_job_is_read_unchanged(monkeypatch, tmp_path):
    result = runner.Result(3, 1, ["a warning"])
    monkeypatch.setattr(runner, "unit", lambda: result)
    monkeypatch.setattr(runner.unit, "__doc__", "Run.")
    runner.run_job(str(tmp_path / "report"), "unit")
    assert runner.read_report("unit", tmp_path / "report")[0] == result


@pytest.mark.parametrize(
    ("second", "total"),
    [
        (runner.Result(4, 0), "7 passed, 0 failed"),
        (runner.Result(4, 1), "7 passed, 1 failed"),
        (runner.Result(4, 0, ["pytest ended with code 3"]), "7 passed, 1 failed"),
    ],
)
def test_failure_of_one_share_fails_the_run(monkeypatch, capsys, second, total):
    shares = [("odoo", runner.Result(3, 0), 1.0), ("odoo", second, 2.0)]
    monkeypatch.setattr(runner, "get_width", lambda: 2)
    monkeypatch.setattr(runner, "run_jobs", lambda jobs, width: shares)
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)
    code = runner.main(["odoo"])
    assert capsys.readouterr().out.splitlines()[-1] == total
    assert code == (0 if total.endswith(" 0 failed") else 1)


def program(text):
    """Return a command line that runs a text as a program."""
    return [sys.executable, "-c", text]


def test_lines_of_programs_stay_whole(capsys):
    """Each line names its program, and standard error is part of it."""
    lines = "import sys\nfor n in range(200): print(n, file=(sys.stdout, sys.stderr)[n % 2])"
    codes = lanes.Lanes(2).run({"a": program(lines), "long": program(lines + "\nsys.exit(3)")})
    assert codes == {"a": 0, "long": 3}
    printed = capsys.readouterr().out.splitlines()
    for prefix in ("a    | ", "long | "):
        own = [line.removeprefix(prefix) for line in printed if line.startswith(prefix)]
        assert sorted(own, key=int) == [str(number) for number in range(200)]
    assert len(printed) == 400


@pytest.fixture
def interruptible():
    """Receive SIGINT even if this program was started in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interruption_ends_programs_and_starts_no_other(interruptible, tmp_path):
    started, cleaned, second = (tmp_path / name for name in ("started", "cleaned", "second"))
    clean_up = f"""
import pathlib, signal, sys, time
def end(*_): pathlib.Path({str(cleaned)!r}).touch(); sys.exit(1)
signal.signal(signal.SIGTERM, end)
pathlib.Path({str(started)!r}).touch()
time.sleep(60)
"""

    def interrupt():
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        lanes.Lanes(1).run(
            {
                "first": program(clean_up),
                "second": program(f"import pathlib; pathlib.Path({str(second)!r}).touch()"),
            }
        )
    assert cleaned.exists()
    assert not second.exists()
