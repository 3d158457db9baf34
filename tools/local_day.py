"""Days as people live them, in plain Python: midnight is in a time zone, moments are in UTC."""

from datetime import datetime, timedelta

import pytz


def midnight(zone, days=0):
    """Return when a day begins.

    :param tzinfo zone: where the person is, of `pytz`
    :param int days: counted from today; -1: yesterday
    :return: a moment (UTC, naive)
    :rtype: datetime
    """
    day = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    local = zone.localize(day + timedelta(days=days))
    return local.astimezone(pytz.utc).replace(tzinfo=None)
