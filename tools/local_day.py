"""Local days, in plain Python: midnight is in a time zone, moments are in UTC."""

from datetime import datetime, timedelta

import pytz


def midnight(zone, days=0):
    """Return the moment at which a local day begins.

    :param tzinfo zone: time zone of the user, of `pytz`
    :param int days: offset from today; -1: yesterday
    :return: a moment (UTC, naive)
    :rtype: datetime
    """
    day = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    local = zone.localize(day + timedelta(days=days))
    return local.astimezone(pytz.utc).replace(tzinfo=None)
