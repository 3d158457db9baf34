"""Placeholders of sentences, as `%(name)s`, in plain Python.

An administrator's text may contain anything: a percent sign that is no placeholder stays one.
"""

import re

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# What other programs replace by a value, and would be read out here.
MISTAKEN = re.compile(r"%\(\w*\)?\w?|%[sd]\b|\{[^{}]*\}")


def find_placeholders(text):
    """Return the names of the placeholders of a text, in their order.

    :param str text: text with placeholders
    :rtype: list(str)
    """
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def find_mistaken(text, names):
    """Return the parts of a text that look like placeholders, but will not be filled.

    :param str text: text as typed
    :param names: names of the placeholders that will be filled
    :rtype: list(str)
    """
    rest = PLACEHOLDER.sub(lambda match: " " if match[1] in names else match[0], text)
    return list(dict.fromkeys(MISTAKEN.findall(rest)))


def fill(text, values):
    """Return a text with its placeholders filled.

    :param str text: text with placeholders
    :param dict values: value of each placeholder
    :rtype: str
    :raise KeyError: a value is missing
    """
    return PLACEHOLDER.sub(lambda match: str(values[match[1]]), text)
