"""The report of a run, as Markdown and JSON, with its plots."""

import json
import os
import platform
import subprocess
from datetime import datetime, timezone

import database
from bench_lib import contacts, databases
from places import REPO, STATE

FOLDER = STATE / "bench"


def circumstances(count, small, code):
    """Return the circumstances of the measurement.

    :param int count: contacts; `small`: contacts in the database for comparison.
    :param str code: identifier of the addon's code.
    """
    import phonenumbers

    import odoo.release

    [[postgresql]] = database.execute("SHOW server_version")
    commit = subprocess.run(
        ["git", "-C", str(REPO), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) // 1024 // 1024
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": commit,
        "code": code[:16],
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "python": platform.python_version(),
        "postgresql": postgresql,
        "odoo": odoo.release.version,
        "phonenumbers": phonenumbers.__version__,
        databases.OCA_PACKAGE: databases.OCA_VERSION,
        "contacts": count,
        "leads": count // contacts.CONTACTS_PER_LEAD,
        "few_contacts": small,
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def goal(what, measured, sign, limit, cause=""):
    """Return a goal and whether it is reached.

    :param str what: measured quantity, with its unit.
    :param measured: the figure.
    :param str sign: `<=`, `>=` or `==`.
    :param limit: value that the figure is compared with.
    :param str cause: one sentence that is shown when the goal is missed.
    """
    reached = {
        "<=": measured <= limit,
        ">=": measured >= limit,
        "==": measured == limit,
    }[sign]
    text = "none" if sign == "==" and limit == 0 else f"{sign} {limit:g}"
    return {
        "what": what,
        "measured": measured,
        "goal": text,
        "reached": reached,
        "cause": "" if reached else cause,
    }


def table(head, rows):
    """Return a table in Markdown; the first column is text, the others are figures."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def figures_table(title, rows, more=()):
    """Return a table of series.

    :param str title: head of the first column.
    :param dict rows: name -> summary of a `Series`.
    :param more: pairs of head and key of further columns, shown before the times.
    """
    head = [title, *(name for name, _key in more), "Median", "p95", "p10", "Count"]
    return table(
        head,
        [
            [
                what,
                *(one.get(key, "") for _name, key in more),
                one["median_ms"],
                one["p95_ms"],
                one["p10_ms"],
                one["count"],
            ]
            for what, one in rows.items()
        ],
    )


def _goals(goals):
    rows = [
        [one["what"], one["measured"], one["goal"], "" if one["reached"] else "missed"]
        for one in goals
    ]
    parts = ["## Goals", table(["What", "Measured", "Goal", ""], rows)]
    missed = [f"- *{one['what']}*: {one['cause']}" for one in goals if one["cause"]]
    return parts + (["Missed, because:", "\n".join(missed)] if missed else [])


def to_markdown(result, sections):
    """Return the readable report.

    :param dict result: circumstances, goals, items, problems.
    :param list sections: paragraphs of the items.
    """
    where = result["circumstances"]
    parts = [
        "# Bench",
        (
            f"{where['contacts']:,} contacts and {where['leads']:,} leads. Times are milliseconds; "
            "ratios are ratios of medians. Everything was measured in this one run, in turns. The "
            "median of a busy machine says little by itself: see the load average at the end."
        ),
        *_goals(result["goals"]),
        *sections,
        "## Measured with",
        "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in where.items()),
    ]
    if result["problems"]:
        parts += ["## Wrong", "\n".join(f"- {problem}" for problem in result["problems"])]
    return "\n\n".join(parts) + "\n"


def save(result, sections, plots):
    """Write all forms of the report.

    :param dict plots: name of the file -> picture (SVG).
    :return tuple: the readable text, and the paths of text and JSON.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = to_markdown(result, sections)
    name = f"report-{result['circumstances']['contacts']}"
    paths = FOLDER / f"{name}.md", FOLDER / f"{name}.json"
    paths[0].write_text(text, encoding="utf-8")
    paths[1].write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for file_name, picture in plots.items():
        (FOLDER / file_name).write_text(picture, encoding="utf-8")
    return text, *paths
