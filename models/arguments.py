"""What a browser passes to a public method: of the right type, or refused with a sentence.

A remote call carries any JSON. A list in place of an identifier would select several records, and
`True`, a dictionary or a number too long for a column would fail somewhere inside. So every public
method that takes arguments is decorated with `check_arguments`; the types hang on the names, so
that a new parameter needs a decision here.
"""

import functools
import inspect

from odoo.exceptions import UserError

# The largest identifier that a column holds.
LARGEST_ID = 2**31 - 1


def is_text(value):
    """Return whether a value is a text that the database can hold."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_id(value):
    """Return whether a value is one whole number that a column holds, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_ID


def is_flag(value):
    """Return whether a value is a truth value."""
    return isinstance(value, bool)


def is_values(value):
    """Return whether a value is a dictionary, and what is in it of the right type."""
    return isinstance(value, dict) and all(
        is_valid(name, item) for name, item in value.items() if name in TYPES
    )


def is_report(value):
    """Return whether a value is a dictionary; what is wrong in it is left out by its reader."""
    return isinstance(value, dict)


TYPES = {
    **dict.fromkeys(
        (
            "uuid",
            "request_uuid",
            "client_uuid",
            "provider_leg_id",
            "echo",
            "res_model",
            "number",
            "phone_number",
            "extension",
            "name",
            "term",
            "note",
            "summary",
            "reason",
            "override_reason",
            "date",
            "status",
            "mode",
            "kind",
            "type",
            "wanted",
            "issue",
            "call_via",
        ),
        is_text,
    ),
    **dict.fromkeys(
        (
            "id",
            "res_id",
            "activity_id",
            "caller_id_id",
            "partner_id",
            "user_id",
            "disposition_id",
            "default_number_id",
            "limit",
            "days",
            "delay",
        ),
        is_id,
    ),
    **dict.fromkeys(
        (
            "on_hold",
            "shared",
            "extend",
            "done",
            "press_to_accept",
            "call_waiting",
        ),
        is_flag,
    ),
    **dict.fromkeys(("values", "target"), is_values),
    **dict.fromkeys(("report", "known"), is_report),
}


def is_valid(name, value):
    """Return whether an argument has the type that its name stands for; it may be missing.

    :param str name: of `TYPES`
    :param value: what was passed; None and False mean that there is none
    """
    return value is None or value is False or TYPES[name](value)


def check_arguments(method):
    """Decorate a public method: its arguments have the types of their names when it begins.

    :raise UserError: an argument has another type
    """
    signature = inspect.signature(method)
    unknown = signature.parameters.keys() - TYPES.keys() - {"self"}
    if unknown:
        raise TypeError(f"{method.__qualname__}: the types of {sorted(unknown)} are not known")

    @functools.wraps(method)
    def checked(self, *args, **kwargs):
        arguments = signature.bind(self, *args, **kwargs).arguments
        for name, value in list(arguments.items())[1:]:
            if not is_valid(name, value):
                raise UserError(
                    self.env._("This request is not valid. Reload the page and try again.")
                )
            if TYPES[name] in (is_values, is_report):
                arguments[name] = value or {}
        return method(**arguments)

    checked.checks_arguments = True
    return checked


def check_one(method, or_none=False):
    """Decorate a public method of one record: there is exactly one when it begins.

    :param bool or_none: whether there may also be none
    :raise UserError: there is none, or there are several
    """

    @functools.wraps(method)
    def checked(self, *args, **kwargs):
        if len(self) != 1 and (self or not or_none):
            raise UserError(
                self.env._(
                    "This action works on one record at a time. Open one record and try again."
                )
            )
        return method(self, *args, **kwargs)

    return checked
