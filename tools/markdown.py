"""Markdown as HTML, as far as the documentation of this addon uses it.

Headings, paragraphs, lists, tables, code, links, pictures and emphasis. Everything else of the text
is escaped, so that a page can contain no HTML of its own but the anchors `<a id="name"></a>`.
"""

import re
from html import escape

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|!\[(?P<alt>[^\]]*)\]\((?P<source>[^)\s]+)\)"
    r"|\[(?P<label>(?:`[^`]*`|[^\]`])+)\]\((?P<target>[^)\s]+)\)"
    r"|(?P<url>https?://[\w./?=&%~+#:-]*[\w/])"
    r"|\*\*(?P<strong>(?=\S).+?)\*\*"
    r"|\*(?P<em>(?=[^\s*])[^*]+)\*",
    re.DOTALL,
)
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_ITEM = re.compile(r"([-*]|\d+\.) +")
_RULER = re.compile(r"\|[\s:|-]+\|$")
_ANCHOR = re.compile(r'<a id="([\w-]+)"></a>$')
# A vertical bar that is not inside of code.
_CELL = re.compile(r"\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")


def get_anchor(title):
    """Return the anchor of a heading, as GitHub makes it.

    :param str title: of the heading, in Markdown.
    """
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def get_title(text):
    """Return the first heading of a page, or an empty string."""
    found = re.search(r"^# +(.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def render(text, resolve):
    """Return the HTML of a page.

    :param str text: Markdown.
    :param callable resolve: receives the target of a link or a picture as it is written, and
        returns its address, or an empty string if there is nothing to open.
    """
    return "\n".join(_render_blocks(text.splitlines(), resolve))


def _render_blocks(lines, resolve):
    """Yield the HTML of each block."""
    place = 0
    while place < len(lines):
        line = lines[place]
        if line.startswith("```"):
            end = _find(lines, place + 1, lambda other: other.startswith("```"))
            yield _render_code(lines[place + 1 : end])
            place = end + 1
        elif line.startswith("<!--"):
            place = _find(lines, place, lambda other: other.endswith("-->")) + 1
        elif line.startswith("    "):
            end = _find(lines, place, lambda other: other and not other.startswith("    "))
            yield _render_code(other[4:] for other in lines[place:end])
            place = end
        elif heading := _HEADING.match(line):
            yield _render_heading(len(heading[1]), heading[2], resolve)
            place += 1
        elif anchor := _ANCHOR.match(line):
            yield f'<a id="{anchor[1]}"></a>'
            place += 1
        elif line.startswith("|") and _RULER.match("".join(lines[place + 1 : place + 2])):
            end = _find(lines, place, lambda other: not other.startswith("|"))
            yield _render_table(lines[place], lines[place + 2 : end], resolve)
            place = end
        elif _ITEM.match(line):
            end = _find(lines, place, _is_after_list)
            yield _render_list(lines[place:end], resolve)
            place = end
        elif line.strip():
            end = _find(lines, place + 1, _is_after_paragraph)
            yield f"<p>{_render_inline(_join(lines[place:end]), resolve)}</p>"
            place = end
        else:
            place += 1


def _find(lines, place, condition):
    """Return the place of the first line from `place` on that fulfills a condition."""
    while place < len(lines) and not condition(lines[place]):
        place += 1
    return place


def _is_after_list(line):
    return bool(line) and not line.startswith(" ") and not _ITEM.match(line)


def _is_after_paragraph(line):
    return not line.strip() or line.startswith(("|", "```", "#")) or bool(_ITEM.match(line))


def _join(lines):
    return "\n".join(line.strip() for line in lines)


def _render_code(lines):
    return f"<pre><code>{escape(chr(10).join(lines).rstrip())}</code></pre>"


def _render_heading(level, title, resolve):
    anchor = escape(get_anchor(title))
    return f'<h{level} id="{anchor}">{_render_inline(title, resolve)}</h{level}>'


def _render_table(head, rows, resolve):
    def render_row(row, tag):
        cells = _CELL.split(row.strip().removeprefix("|").removesuffix("|"))
        texts = (_render_inline(cell.strip(), resolve) for cell in cells)
        return "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"

    body = "".join(render_row(row, "td") for row in rows)
    return f"<table><thead>{render_row(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _render_list(lines, resolve):
    """Return a list. What belongs to an item is indented; an item may contain other blocks."""
    tag = "ul" if lines[0][0] in "-*" else "ol"
    items = []
    for line in lines:
        if marker := _ITEM.match(line):
            items.append([line[marker.end() :]])
        else:
            items[-1].append(line)
    return f"<{tag}>" + "".join(_render_item(item, resolve) for item in items) + f"</{tag}>"


def _render_item(lines, resolve):
    rest = [line for line in lines[1:] if line.strip()]
    width = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    lines = [lines[0], *(line[width:] for line in lines[1:])]
    end = _find(lines, 1, _is_after_paragraph)
    text = _render_inline(_join(lines[:end]), resolve)
    return f"<li>{text}{''.join(_render_blocks(lines[end:], resolve))}</li>"


def _render_inline(text, resolve):
    """Return the HTML of a paragraph, a cell or a title."""
    parts, place = [], 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[place : found.start()]))
        parts.append(_render_found(found, resolve))
        place = found.end()
    return "".join([*parts, escape(text[place:])])


def _render_found(found, resolve):
    kind = found.lastgroup
    if kind == "code":
        return f"<code>{escape(found['code'])}</code>"
    if kind in ("strong", "em"):
        return f"<{kind}>{_render_inline(found[kind], resolve)}</{kind}>"
    if kind == "source":
        address, text = escape(resolve(found["source"])), escape(found["alt"])
        picture = f'<img src="{address}" alt="{text}" loading="lazy"/>'
        return picture if address else f"<em>{text}</em>"
    target = found["url"] or found["target"]
    label = escape(target) if found["url"] else _render_inline(found["label"], resolve)
    address = escape(resolve(target))
    return f'<a href="{address}">{label}</a>' if address else label
