"""Small SVG plots for the report, without further packages."""

from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 760, 22, 240, 90, 40
HEIGHT = 260
COLOURS = ("#714b67", "#017e84", "#d9822b", "#5b8def", "#7a7a7a", "#c0392b", "#2e8b57")
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
    'font-family="sans-serif" font-size="12"><rect width="{w}" height="{h}" fill="white"/>'
    '<text x="12" y="22" font-size="14" font-weight="bold">{title}</text>'
)


def _text(x, y, text, anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(str(text))}</text>'


def bars(title, rows, unit, limit=None):
    """Return bars with their figures.

    :param str title: title of the plot.
    :param list rows: pairs of label and figure; or label, start and end, for steps in time.
    :param str unit: of the figures.
    :param float limit: a goal, drawn as a line.
    """
    spans = [(row[0], 0, row[1]) if len(row) == 2 else row for row in rows]
    top = max([end for _label, _start, end in spans] + [limit or 0]) or 1
    scale = (WIDTH - LEFT - RIGHT) / top
    height = TOP + ROW * len(spans) + 14
    parts = [_HEAD.format(w=WIDTH, h=height, title=escape(title))]
    for number, (label, start, end) in enumerate(spans):
        y = TOP + ROW * number
        parts += [
            _text(LEFT - 8, y + 14, label, "end"),
            (
                f'<rect x="{LEFT + start * scale:.1f}" y="{y + 3}" height="{ROW - 7}" '
                f'width="{max(1, (end - start) * scale):.1f}" '
                f'fill="{COLOURS[number % len(COLOURS)]}"/>'
            ),
            _text(LEFT + end * scale + 6, y + 14, f"{end - start:g} {unit}"),
        ]
    if limit is not None:
        x = LEFT + limit * scale
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{height - 8}" stroke="#c0392b" '
            'stroke-dasharray="4 3"/>'
        )
    return "".join(parts) + "</svg>\n"


def lines(title, series, x_unit, y_unit, limit=None):
    """Return lines over a common axis.

    :param str title: title of the plot.
    :param dict series: name -> list of pairs x, y.
    :param str x_unit: of the horizontal axis; `y_unit`: of the vertical one.
    :param float limit: a goal, drawn as a line.
    """
    points = [point for line in series.values() for point in line] or [(0, 0)]
    right = max(x for x, _y in points) or 1
    top = max([y for _x, y in points] + [limit or 0]) * 1.05 or 1
    left, bottom, width = 60, HEIGHT - 34, WIDTH - 60 - 170

    def place(x, y):
        return f"{left + x / right * width:.1f},{bottom - y / top * (bottom - TOP):.1f}"

    parts = [
        _HEAD.format(w=WIDTH, h=HEIGHT, title=escape(title)),
        (
            f'<polyline fill="none" stroke="#999" points="{left},{TOP} {left},{bottom} '
            f'{left + width},{bottom}"/>'
        ),
        _text(left - 6, TOP + 8, f"{top:.3g}", "end"),
        _text(left - 6, bottom, "0", "end"),
        _text(left + width, bottom + 18, f"{right:.4g} {x_unit}", "end"),
        _text(left + 4, TOP - 4, y_unit),
    ]
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(place(x, y) for x, y in line)
        parts += [
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{path}"/>',
            (
                f'<rect x="{left + width + 14}" y="{TOP + ROW * number}" width="10" height="10" '
                f'fill="{colour}"/>'
            ),
            _text(left + width + 30, TOP + 10 + ROW * number, name),
        ]
    if limit is not None:
        parts.append(
            f'<polyline stroke="#c0392b" stroke-dasharray="4 3" points="{place(0, limit)} '
            f'{place(right, limit)}"/>'
        )
    return "".join(parts) + "</svg>\n"


def shares(times, count=200):
    """Return the cumulative distribution of measurements, as points of a line.

    :param list times: milliseconds.
    :param int count: maximum number of points.
    """
    ordered = sorted(times)
    step = max(1, len(ordered) // count)
    return (
        [(ordered[i], (i + 1) / len(ordered) * 100) for i in range(0, len(ordered), step)]
        + [(ordered[-1], 100.0)]
        if ordered
        else []
    )
