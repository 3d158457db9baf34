"""The form of webhooks and answers: names, their order, and types of values, never values."""

import re

#: Type -> pattern, first match.
_TYPES = {
    "empty": r"",
    "boolean": r"(?i:true|false)",
    "integer": r"-?\d+",
    "decimal": r"-?\d*\.\d+",
    "number": r"\+\d{4,15}",
    "date": r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000|\d{4}-\d\d-\d\dT[\d:.]+Z?",
    "client": r"client:.*",
    "address": r"https?://.*",
    "path": r"/.*",
}
#: Types of a value that is missing.
ABSENT = {"empty", "null"}
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_WORD = re.compile(r"[A-Za-z][\w-]*")


def type_of(value):
    """Return the type of a value: one of the above, ``null``, ``CA…``, ``word`` or ``text``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    text = str(value)
    if _SID.fullmatch(text):
        return text[:2] + "…"
    for name, pattern in _TYPES.items():
        if re.fullmatch(pattern, text):
            return name
    return "word" if _WORD.fullmatch(text) else "text"


def flatten(value, prefix=""):
    """Return (name, plain value) pairs of an answer; the elements of a list share one name."""
    if isinstance(value, dict):
        return [pair for name, part in value.items() for pair in flatten(part, f"{prefix}.{name}")]
    if isinstance(value, list):
        return [pair for part in value for pair in flatten(part, prefix + "[]")]
    return [(prefix.lstrip("."), value)]


class Shapes:
    """What was seen of each kind of webhook or answer."""

    def __init__(self, data=None):
        self.kinds = data or {}

    def add(self, kind, pairs):
        """Add one message.

        :param str kind: for example ``webhook status completed`` or ``POST /Calls.json 201``.
        :param list pairs: (name, value) in their order.
        """
        seen = self.kinds.setdefault(kind, {"count": 0, "names": {}})
        seen["count"] += 1
        for name in dict.fromkeys(name for name, _value in pairs):
            types = seen["names"].setdefault(name, {"types": [], "count": 0})
            types["count"] += 1
        for name, value in pairs:
            types = seen["names"][name]["types"]
            if type_of(value) not in types:
                types.append(type_of(value))

    def differences(self, expected):
        """Return the differences from what was expected, as dictionaries.

        :param Shapes expected: of the emulator.
        """
        found = []
        for kind, seen in sorted(self.kinds.items()):
            wanted = expected.kinds.get(kind)
            if wanted is None:
                found.append({"kind": kind, "what": "the emulator sent nothing of this kind"})
                continue
            found += [{"kind": kind, "what": text} for text in _compare(seen, wanted)]
        return found


def _agree(types, others):
    """Return whether values may be of one kind: a missing one has no type, and a word is a text."""
    one, other = ({"text" if t == "word" else t for t in ts} - ABSENT for ts in (types, others))
    return not one or not other or bool(one & other)


def _compare(seen, wanted):
    mine, theirs = seen["names"], wanted["names"]
    for name in mine:
        if name not in theirs:
            yield f"{name}: not in the emulator ({', '.join(mine[name]['types'])})"
    for name, entry in theirs.items():
        if name not in mine:
            yield f"{name}: only in the emulator"
        elif not _agree(mine[name]["types"], entry["types"]):
            yield "{}: {} instead of {}".format(
                name, " or ".join(mine[name]["types"]), " or ".join(entry["types"])
            )
        elif (mine[name]["count"] < seen["count"]) != (entry["count"] < wanted["count"]):
            how = "always" if mine[name]["count"] == seen["count"] else "not always"
            yield f"{name}: {how} sent, unlike in the emulator"
    # Names that are in each message: of the others, the first occurrence is accidental.
    always = {n for n, e in mine.items() if e["count"] == seen["count"]}
    always &= {n for n, e in theirs.items() if e["count"] == wanted["count"]}
    if [name for name in mine if name in always] != [name for name in theirs if name in always]:
        yield "the order of the names differs"
