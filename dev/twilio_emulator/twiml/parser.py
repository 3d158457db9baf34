"""Reads a TwiML document and refuses forbidden content."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from .schema import RULES

MAX_SIZE = 64 * 1024


class TwimlError(Exception):
    """A document cannot be used.

    :param int code: Twilio's error code (12100 not XML, 12200 not allowed, 12300 content type …).
    :param str url: address on which the failure occurred; None for the document's own.
    """

    def __init__(self, code, message, url=None):
        super().__init__(message)
        self.code, self.url = code, url


@dataclass
class Verb:
    """One element of a document."""

    name: str
    attributes: dict = field(default_factory=dict)
    text: str = ""
    children: list = field(default_factory=list)

    def get(self, name, default=None):
        """Return an attribute's text."""
        return self.attributes.get(name, default)

    def flag(self, name, default=False):
        """Return an attribute as a Boolean."""
        value = self.attributes.get(name)
        return default if value is None else value.lower() == "true"

    def number(self, name, default):
        """Return an attribute as a number."""
        try:
            return float(self.attributes.get(name, default))
        except ValueError:
            return default


def parse(data):
    """Return the verbs of a document.

    :param data: bytes or text.
    :raise TwimlError: if it is not well-formed or contains an unknown element.
    """
    if len(data) > MAX_SIZE:
        raise TwimlError(11750, "TwiML response body too large")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError) as error:
        raise TwimlError(12100, f"Document parse failure: {error}") from error
    if root.tag != "Response":
        raise TwimlError(12100, f"The root element is {root.tag}, not Response")
    return _verb(root).children


def _verb(element):
    rule = RULES.get(element.tag)
    if rule is None:
        return Verb(element.tag, dict(element.attrib), "".join(element.itertext()))
    for name, value in element.attrib.items():
        pattern = rule.attributes.get(name)
        if pattern is None:
            raise TwimlError(12200, f"{element.tag} has no attribute {name}")
        if not pattern.match(value):
            raise TwimlError(12200, f"{element.tag}.{name} cannot be {value!r}")
    for child in element:
        if child.tag not in rule.children:
            raise TwimlError(12200, f"{child.tag} is not allowed in {element.tag}")
    text = "".join(element.itertext()).strip() if rule.text else _own_text(element)
    if text and not rule.text:
        raise TwimlError(12200, f"{element.tag} holds text")
    children = [_verb(child) for child in element]
    return Verb(element.tag, dict(element.attrib), text, children)


def _own_text(element):
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(parts).strip()
