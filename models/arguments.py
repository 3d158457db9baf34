"""Arguments that a browser passes to public methods: of the right type, or refused.

A remote call carries any JSON. A list in place of an identifier would select several records;
`True`, a dictionary or a number too large for a column would fail somewhere inside. So every public
method with arguments is decorated with `check_arguments`. The types belong to the names, so a new
parameter requires a decision here.
"""

import functools
import inspect

from odoo.exceptions import UserError

# The largest identifier that a column can hold.
LARGEST_ID = 2**31 - 1


def is_text(value):
    """Return whether a value is a text that the database can store."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_id(value):
    """Return whether a value is an integer that a column can hold, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_ID


def is_ids(value):
    """Return whether a value is a list of integers that a column can hold."""
    return isinstance(value, list) and all(map(is_id, value))


def is_flag(value):
    """Return whether a value is a boolean."""
    return isinstance(value, bool)


def is_values(value):
    """Return whether a value is a dictionary whose values have the right types."""
    return isinstance(value, dict) and all(
        is_valid(name, item) for name, item in value.items() if name in TYPES
    )


def is_report(value):
    """Return whether a value is a dictionary; its reader drops invalid entries."""
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
            "start",
            "status",
            "mode",
            "kind",
            "type",
            "wanted",
            "issue",
            "call_via",
            "exit_name",
            "keys",
            "lang",
        ),
        is_text,
    ),
    **dict.fromkeys(
        (
            "id",
            "res_id",
            "activity_id",
            "alarm_id",
            "caller_id_id",
            "partner_id",
            "user_id",
            "disposition_id",
            "purpose_id",
            "default_number_id",
            "flow_id",
            "step_id",
            "target_step_id",
            "number_id",
            "sentence_id",
            "limit",
            "days",
            "delay",
        ),
        is_id,
    ),
    **dict.fromkeys(
        (
            "on_hold",
            "muted",
            "go_online",
            "shows_number",
            "shared",
            "extend",
            "done",
            "press_to_accept",
            "call_waiting",
            "insert",
        ),
        is_flag,
    ),
    "tag_ids": is_ids,
    **dict.fromkeys(("values", "target"), is_values),
    **dict.fromkeys(("report", "known"), is_report),
}


def is_valid(name, value):
    """Return whether an argument is missing or has the type of its name.

    :param str name: key of `TYPES`
    :param value: passed value; None and False count as missing
    """
    return value is None or value is False or TYPES[name](value)


def check_arguments(method):
    """Decorate a public method: its arguments must have the types of their names.

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
    """Decorate a public method of one record: it must be called on exactly one.

    :param bool or_none: whether an empty recordset is accepted too
    :raise UserError: the recordset is empty, or holds several records
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
