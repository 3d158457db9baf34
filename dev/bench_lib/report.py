"""The report of a run, as Markdown and JSON."""

import json
import os
import platform
import subprocess
from datetime import datetime, timezone

import database
from places import REPO, STATE

from bench_lib import contacts, databases, lookup
from bench_lib.webhooks import FLOOR, LEG_STORY

FOLDER = STATE / "bench"
#: name -> what is compared, the most it may be, whether a miss of it makes the run fail.
LOOKUP_MS, VOICE_MS, VOICE_TIMES, STATUS_TIMES, GROWTH = 1.0, 25.0, 2.5, 1.5, 1.2


def circumstances(count, small, code):
    """Return where and with what the figures were measured.

    :param int count: contacts; `small`: contacts in the database for comparison.
    :param str code: what identifies the code of the addon.
    """
    import phonenumbers

    import odoo.release

    [[postgresql]] = database.execute("SHOW server_version")
    commit = subprocess.run(
        ["git", "-C", str(REPO), "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
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


def judge(result):
    """Return the goals: what, measured, goal, reached."""
    look_up, web = result["look_up"], result["webhooks"]
    ours = [look_up[writing][lookup.OURS] for writing in contacts.WRITINGS]
    goals = [
        ("look-up: recall in every writing", min(one["recall"] for one in ours), ">=", 1.0),
        ("look-up: slowest median, ms", max(one["median_ms"] for one in ours), "<=", LOOKUP_MS),
        ("leads: recall", look_up["leads"]["recall"], ">=", 1.0),
        ("leads: median, ms", look_up["leads"]["median_ms"], "<=", LOOKUP_MS),
    ]
    for name in ("voice, rings", "voice, nobody available"):
        goals.append((f"{name}: median, ms", web[name]["median_ms"], "<=", VOICE_MS))
        goals.append((f"{name}: times the floor", web[name]["times_floor"], "<=", VOICE_TIMES))
    goals += [
        (f"{name}: times the floor", web[name]["times_floor"], "<=", STATUS_TIMES)
        for name in (*(f"status, {word}" for word in LEG_STORY), "status, caller gives up")
    ]
    goals.append(("voice: times that with few contacts", result["growth"], "<=", GROWTH))
    return [
        {
            "what": what, "measured": measured, "goal": f"{sign} {goal:g}",
            "reached": measured >= goal if sign == ">=" else measured <= goal,
        }
        for what, measured, sign, goal in goals
    ]  # fmt: skip


def _table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def to_markdown(result):
    """Return the report for people."""
    where = result["circumstances"]
    parts = [
        "# Bench",
        (f"{where['contacts']:,} contacts and {where['leads']:,} leads. Times are milliseconds; "
        "ratios are ratios of medians. Everything was measured in this one run, in turns."),
        "## Goals",
        _table(
            ["What", "Measured", "Goal", ""],
            [
                [goal["what"], goal["measured"], goal["goal"], "" if goal["reached"] else "missed"]
                for goal in result["goals"]
            ],
        ),
        "## Caller look-up",
        ("Callers arrive in E.164; contacts are stored in three writings. Ours is "
        "`res.partner._telephony_find`, Odoo core's a search for `phone_mobile_search`, voip_oca's "
        "what its `create_call` does to find the contact (the call itself is not written). "
        "Recall is the share of callers whose contact is found."),
        _table(
            ["Stored", "Look-up", "Times ours", "Recall", "Median", "p95", "p10", "Numbers"],
            [
                [writing, name, one["times_ours"], f"{one['recall']:.1%}", one["median_ms"],
                 one["p95_ms"], one["p10_ms"], one["count"]]
                for writing in contacts.WRITINGS
                for name, one in result["look_up"][writing].items()
            ],
        ),
        "Callers who are only in a lead: median {median_ms}, p95 {p95_ms}, recall {recall:.1%}, "
        "{count} numbers.".format(**result["look_up"]["leads"]),
        "## Webhooks",
        ("Signed, over HTTP, one after the other, to one threaded Odoo server; the floor is Odoo "
        "core's signed `/sms_twilio/status` (a text message was delivered) in the same database. "
        "Odoo's threaded server closes each connection itself. SQL queries are those of the "
        "server's log; *Processor* is what Odoo's process used of a processor, PostgreSQL's part "
        "left out. The median of a busy machine says little by itself: see the load average."),
        _table(
            ["Webhook", "Times floor", "Median", "p95", "p10", "Processor", "SQL queries",
             "Requests"],
            [
                [name, one["times_floor"], one["median_ms"], one["p95_ms"], one["p10_ms"],
                 one["processor_ms"], f"{one['queries_median']:g}", one["count"]]
                for name, one in sorted(
                    result["webhooks"].items(), key=lambda item: (item[0] != FLOOR, item[0])
                )
            ],
        ),
        (f"An incoming call with {where['contacts']:,} contacts takes {result['growth']} times as "
        f"long as with {where['few_contacts']:,}."),
        "## Measured with",
        "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in where.items()),
    ]  # fmt: skip
    if result["problems"]:
        parts += ["## Wrong", "\n".join(f"- {problem}" for problem in result["problems"])]
    return "\n\n".join(parts) + "\n"


def save(result):
    """Write both forms. :return tuple: the text for people, and the two paths."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = to_markdown(result)
    name = f"report-{result['circumstances']['contacts']}"
    paths = FOLDER / f"{name}.md", FOLDER / f"{name}.json"
    paths[0].write_text(text, encoding="utf-8")
    paths[1].write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return text, *paths
