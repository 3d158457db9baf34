"""The report: Markdown for people, JSON for programs, both without numbers and secrets."""

import ast
import json
from datetime import datetime, timezone

from harness.places import NODE_MODULES, REPO

from .asking import judge
from .questions import QUESTIONS


def make(answers, expected, differences, steps, unsigned):
    """Return the report's data.

    :param dict answers: of the account, by key of the question.
    :param dict expected: the emulator's.
    :param list differences: of webhooks and answers.
    :param dict steps: results of the conversations.
    :param int unsigned: webhooks with a wrong signature.
    """
    rows = []
    for question in QUESTIONS:
        answer = answers.get(question.key)
        verdict, change = judge(question, answer, expected.get(question.key, {}))
        rows.append(
            {
                "number": question.number,
                "key": question.key,
                "title": question.title,
                "documented": question.documented,
                "outcome": (answer or {}).get("outcome", ""),
                "note": (answer or {}).get("note", ""),
                "emulator": expected.get(question.key, {}).get("outcome", ""),
                "verdict": verdict,
                "change": change,
            }
        )
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "addon": ast.literal_eval((REPO / "__manifest__.py").read_text())["version"],
        "voice_sdk": json.loads((NODE_MODULES / "@twilio/voice-sdk/package.json").read_text())[
            "version"
        ],
        "questions": rows,
        "conversations": steps,
        "differences": differences,
        "wrong_signatures": unsigned,
    }


def write(report, folder, redaction):
    """Write both files and return the path of the Markdown file."""
    (folder / "report.json").write_text(
        redaction.clean(json.dumps(report, indent=1, ensure_ascii=False)) + "\n"
    )
    path = folder / "report.md"
    path.write_text(redaction.clean(_markdown(report)))
    return path


def settings_to_change(report):
    """Return the emulator's settings that would make it as the account was."""
    return {name: value for row in report["questions"] for name, value in row["change"].items()}


def _markdown(report):
    lines = [
        f"# A Twilio account, asked on {report['date']}",
        "",
        f"Addon {report['addon']}, Voice SDK {report['voice_sdk']}. Made by `dev/live`.",
        "",
        "## Questions",
        "",
        "| # | Question | Answer | The emulator | Verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in report["questions"]:
        answer = " ".join(filter(None, (row["outcome"], row["note"])))
        cells = (row["number"], row["title"], answer, row["emulator"], row["verdict"])
        lines.append("| {} |".format(" | ".join(str(c).replace("|", "/") for c in cells)))
    lines += ["", "## What to change in the emulator", ""]
    changes = [
        f"- {row['number']}: `{name}` = `{value!r}`"
        for row in report["questions"]
        for name, value in row["change"].items()
    ]
    lines += changes or ["No setting."]
    lines += ["", "## Conversations", ""]
    lines += [f"- {name}: {result}" for name, result in report["conversations"].items()] or [
        "None was held (`dev/live --conversations`)."
    ]
    lines += ["", "## Webhooks and answers that differ from the emulator's", ""]
    kind = None
    for entry in report["differences"]:
        if entry["kind"] != kind:
            kind = entry["kind"]
            lines.append(f"- `{kind}`")
        lines.append(f"  - {entry['what']}")
    if not report["differences"]:
        lines.append("None.")
    if report["wrong_signatures"]:
        lines += ["", f"Webhooks with a wrong signature: {report['wrong_signatures']}."]
    return "\n".join(lines) + "\n"
