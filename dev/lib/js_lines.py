"""Convert V8's counts to lines of files: the lines of JavaScript that have run.

Odoo serves all files of a bundle as one script; each file begins with a header that names it, and
keeps its lines.
"""

import re
from bisect import bisect_right

_HEADER = re.compile(r"^/\*{8,}\n\*  Filepath: (\S+) +\*\n\*  Lines: \d+ +\*\n\*{8,}/\n", re.M)
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.S)
#: Lines with only these characters contain no code.
_PUNCTUATION = "{}()[];,"


def parts(source, prefix):
    """Return the files in a script whose address begins with a prefix.

    :param str source: the script.
    :param str prefix: as "/crm_telephony/static/src/".
    :return dict: address -> first and last position in the script.
    """
    headers = list(_HEADER.finditer(source))
    ends = [header.start() for header in headers[1:]] + [len(source)]
    return {
        header[1]: (header.end(), end)
        for header, end in zip(headers, ends, strict=True)
        if header[1].startswith(prefix)
    }


def unreached(functions):
    """Return the parts of a script that did not run, as sorted positions of changes.

    V8 reports nested ranges with counts; the innermost one counts.

    :param list functions: of `Profiler.takePreciseCoverage`, for one script.
    :return tuple: positions, and for each of them whether the following code has run.
    """
    ranges = sorted(
        ((r["startOffset"], -r["endOffset"], r["count"]) for f in functions for r in f["ranges"]),
    )
    changes, open_ranges = [], []

    def close_until(position):
        while open_ranges and open_ranges[-1][0] <= position:
            end, _count = open_ranges.pop()
            changes.append((end, open_ranges[-1][1] > 0 if open_ranges else False))

    for start, negative_end, count in ranges:
        close_until(start)
        open_ranges.append((-negative_end, count))
        changes.append((start, count > 0))
    close_until(float("inf"))
    # Of several changes at one position the last one counts.
    last = dict(changes)
    positions = sorted(last)
    return positions, [last[position] for position in positions]


def lines(source, span, changes):
    """Return the lines of one file with code, and those that have run.

    :param str source: the script.
    :param tuple span: the file's first and last position.
    :param tuple changes: see `unreached`.
    :return tuple: two sets of line numbers, from 1.
    """
    positions, states = changes
    begin, end = span
    text = _BLOCK_COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source[begin:end])
    code, reached = set(), set()
    position = begin
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.split(" // ")[0].strip()
        if stripped.strip(_PUNCTUATION + " ") and not stripped.startswith("//"):
            code.add(number)
            place = bisect_right(positions, position + len(line) - len(line.lstrip())) - 1
            if place >= 0 and states[place]:
                reached.add(number)
        position += len(line) + 1
    return code, reached
