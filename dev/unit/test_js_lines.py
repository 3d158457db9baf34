"""The conversion of the browser's counts to lines of files."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import js_lines

OURS = "/addon/static/src/ours.js"
FILE = """\
odoo.define('@addon/ours', [], function (require) {
/**
 * A comment is no code.
 */
function used() {
    return 1; // reached
}

// neither is this
function unused() {
    return 2;
}
});
"""


def header(address):
    """Return Odoo's header of a file in a bundle."""
    rows = [f"*  {text:<40}  *" for text in (f"Filepath: {address}", "Lines: 13")]
    return "\n".join(["", "/" + "*" * 45, *rows, "*" * 45 + "/", ""])


SOURCE = header("/web/static/src/theirs.js") + FILE + header(OURS) + FILE


@pytest.fixture
def span():
    """Return the position of our file in the script."""
    return js_lines.parts(SOURCE, "/addon/static/src/")[OURS]


def test_files_of_other_addons_are_left_out():
    found = js_lines.parts(SOURCE, "/addon/static/src/")
    assert list(found) == [OURS]
    begin, end = found[OURS]
    assert SOURCE[begin:end] == FILE


def test_innermost_range_counts(span):
    begin, end = span
    start = SOURCE.index("function unused", begin)
    functions = [
        {"ranges": [{"startOffset": 0, "endOffset": len(SOURCE), "count": 1}]},
        {"ranges": [{"startOffset": start, "endOffset": end - 4, "count": 0}]},
    ]
    code, reached = js_lines.lines(SOURCE, span, js_lines.unreached(functions))
    assert code == {1, 5, 6, 10, 11}
    assert reached == {1, 5, 6}


def test_what_follows_a_range_counts_as_what_is_around_it(span):
    begin, end = span
    functions = [
        {
            "ranges": [
                {"startOffset": begin, "endOffset": end, "count": 0},
                {"startOffset": begin, "endOffset": begin + 3, "count": 2},
            ]
        },
    ]
    positions, states = js_lines.unreached(functions)
    assert (positions, states) == ([begin, begin + 3, end], [True, False, False])


def test_nothing_is_reached_in_a_script_that_never_ran(span):
    code, reached = js_lines.lines(SOURCE, span, js_lines.unreached([]))
    assert code
    assert not reached
