"""Write the phases of a call into docs/architecture.md: a table, and a picture of their order."""

import re
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO))

from tools.call_phases import PHASES, ROLES, ROUTES  # noqa: E402

PAGE = REPO / "docs" / "architecture.md"
BEGIN, END = "<!-- phases: written by dev/phases -->", "<!-- end of phases -->"
HEAD = ("Phase", "State", "Condition", "The customer hears", "May be admitted", "Deadline")


def to_words(name):
    """Return the name of a phase as it is read: `in_flow` is *in flow*."""
    return name.replace("_", " ")


def get_table():
    """Return the table of the phases in Markdown."""
    rows = [
        (
            to_words(phase.name),
            ", ".join(phase.states),
            phase.condition,
            phase.hears,
            ", ".join(ROLES[role] for role in phase.admits) or "–",
            phase.deadline,
        )
        for phase in PHASES
    ]
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def get_followers(phase):
    """Return the arrows of a phase; those into the flow are drawn as one arrow to its frame."""
    if phase.name in ROUTES or not set(ROUTES) <= set(phase.leaves_to):
        return [name for name in phase.leaves_to if name != phase.name]
    return [*(name for name in phase.leaves_to if name not in ROUTES), "flow"]


def get_picture():
    """Return the order of the phases as a Mermaid diagram; every phase may also end."""
    arrows = ["[*] --> fresh", "state flow {"]
    for phase in sorted(PHASES, key=lambda phase: phase.name not in ROUTES):
        inner = [name for name in get_followers(phase) if {phase.name, name} <= set(ROUTES)]
        arrows += [f"    {phase.name} --> {name}" for name in inner]
    arrows.append("}")
    arrows += [
        f"{phase.name} --> {name}"
        for phase in PHASES
        for name in get_followers(phase)
        if not {phase.name, name} <= set(ROUTES)
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in arrows), "```"])


def get_section():
    """Return the generated part of the page, with its markers."""
    text = "Every phase may also be followed by *ended*. The first row that fits counts."
    return "\n\n".join([BEGIN, get_table(), text, get_picture(), END])


def write(page=PAGE):
    """Replace the generated part of the page."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _match: get_section(), text), encoding="utf-8")


if __name__ == "__main__":
    write()
