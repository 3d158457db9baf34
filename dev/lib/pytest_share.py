"""pytest plugin: run one of several shares of the tests, as `--share=1/2`.

The shares depend on nothing but the tests themselves: a run repeats the one before. A class stays
whole, because it creates its records once. A class with long tests has an attribute `share_size`:
the number of usual tests that take as long.
"""

import re

import pytest

#: Setting up a class takes as long as this number of tests.
SETUP = 1


def pytest_addoption(parser):
    """Add the option."""
    parser.addoption("--share", metavar="1/2", help="the share of the tests to run")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leave out the tests of the other shares."""
    if not config.option.share:
        return
    number, count = parse(config.option.share)
    own = split(get_sizes(items), count)[number - 1]
    config.hook.pytest_deselected(items=[item for item in items if group(item) not in own])
    items[:] = [item for item in items if group(item) in own]


def parse(share):
    """Return the number of a share, and the count of all.

    :param str share: both, as `1/2`
    :raise pytest.UsageError: when there is no such share
    """
    match = re.fullmatch(r"(\d+)/(\d+)", share)
    number, count = map(int, match.groups()) if match else (0, 0)
    if not 1 <= number <= count:
        raise pytest.UsageError(f"--share={share}: the first share of two is 1/2")
    return number, count


def group(item):
    """Return the class of a test, or its module, as pytest names it."""
    return item.nodeid.rpartition("::")[0]


def get_sizes(items):
    """Return the sizes of the classes by their names."""
    counts, declared = {}, {}
    for item in items:
        name = group(item)
        counts[name] = counts.get(name, 0) + 1
        declared[name] = getattr(item.cls, "share_size", None)
    return {name: declared[name] or number for name, number in counts.items()}


def split(sizes, count):
    """Return the shares, about equally long: each a set of classes.

    :param dict sizes: numbers of usual tests by class
    :param int count: the number of shares
    """
    shares, lengths = [set() for _number in range(count)], [0] * count
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        lightest = lengths.index(min(lengths))
        shares[lightest].add(name)
        lengths[lightest] += sizes[name] + SETUP
    return shares
