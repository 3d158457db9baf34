"""The pages of the documentation as HTML."""

import html.parser
import re
from pathlib import Path

import pytest
from tools import markdown

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
VOID = {"img"}


class Checker(html.parser.HTMLParser):
    """Collects the text, and fails if an element is not closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.tags, self.attributes = [], [], set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _value in attributes}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"code", "pre"} & set(self.open):
            self.texts.append(data)


def render(text, resolve=lambda target: target):
    return markdown.render(text, resolve)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_of_a_page_stays_markdown(page):
    """Every page is well-formed, and no mark of Markdown is left in its text."""
    checker = Checker()
    checker.feed(render(page.read_text(encoding="utf-8")))
    checker.close()
    assert checker.open == []
    assert checker.tags <= {
        *("a", "code", "em", "h1", "h2", "h3", "img", "li", "ol", "p", "pre", "strong"),
        *("table", "tbody", "td", "th", "thead", "tr", "ul"),
    }
    text = "".join(checker.texts)
    assert re.findall(r".{0,20}(?:\*|`|\]\(|^#|\|).{0,20}", text, re.M) == []


def test_every_link_of_a_page_is_resolved():
    asked = []
    render(
        "[a](b.md#c) ![d](e.png) https://f.example/g.", lambda target: asked.append(target) or ""
    )
    assert asked == ["b.md#c", "e.png", "https://f.example/g"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A *b*", '<h1 id="a-b">A <em>b</em></h1>'),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>"),
        ("`a *b* <c>`", "<p><code>a *b* &lt;c&gt;</code></p>"),
        ("**a `b`**", "<p><strong>a <code>b</code></strong></p>"),
        ("[`a`](b.md)", '<p><a href="b.md"><code>a</code></a></p>'),
        ("![a](b.png)", '<p><img src="b.png" alt="a" loading="lazy"/></p>'),
        ("- a\n  b\n- c", "<ul><li>a\nb</li><li>c</li></ul>"),
        ("1. a\n   - b\n2. c", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>"),
        ("a:\n- b", "<p>a:</p>\n<ul><li>b</li></ul>"),
        ("    x = 1\n\n    y", "<pre><code>x = 1\n\ny</code></pre>"),
        ("```js\nx\n```", "<pre><code>x</code></pre>"),
        ("<!-- a\nb -->\nc", "<p>c</p>"),
        ('<a id="b-c"></a>', '<a id="b-c"></a>'),
        (
            "| a | b |\n| --- | --- |\n| `|` | c |",
            (
                "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
                "<tbody><tr><td><code>|</code></td><td>c</td></tr></tbody></table>"
            ),
        ),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ],
)
def test_a_construct_becomes_an_element(text, expected):
    assert render(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        '<a id="x" onclick="y"></a>',
        "`<b>`",
        "# <b>",
        "| <b> |\n| --- |\n| <b> |",
        "- <b>",
        "    <b>",
        '![" onerror="x](y.png)',
        '[a](b"onclick="x)',
    ],
)
def test_html_of_a_page_is_escaped(text):
    """Only the renderer writes elements and attributes."""
    checker = Checker()
    checker.feed(render(text))
    assert not {"script", "b"} & checker.tags
    assert checker.attributes <= {"id", "href", "src", "alt", "loading"}


def test_a_link_without_a_target_is_text():
    assert render("[a](b) ![c](d)", lambda target: "") == "<p>a <em>c</em></p>"
