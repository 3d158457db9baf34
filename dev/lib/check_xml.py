"""Check that XML files can be read, without tabulators and spaces at the end of a line."""

import sys

from lxml import etree


def problems(name):
    """Yield the problems of one file, as "file:line: problem"."""
    try:
        etree.parse(name)
    except etree.XMLSyntaxError as error:
        yield f"{name}:{error.lineno}: {error.msg}"
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if "\t" in line:
                yield f"{name}:{number}: tabulator"
            if line.rstrip("\n") != line.rstrip():
                yield f"{name}:{number}: space at the end of the line"


if __name__ == "__main__":
    found = [problem for name in sys.argv[1:] for problem in problems(name)]
    print("\n".join(found), end="\n" if found else "")
    sys.exit(bool(found))
