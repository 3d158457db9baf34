"""Waiting with a time scale, and dates in Twilio's form.

Only waits are scaled. Dates and measured durations stay real, so that they agree with the dates
of the other programs.
"""

import asyncio
from datetime import datetime, timezone
from email.utils import format_datetime


def now():
    """Return the present time as an aware datetime in UTC."""
    return datetime.now(timezone.utc)


def rfc2822(moment):
    """Return ``moment`` as RFC 2822 text (``Tue, 31 Aug 2010 20:36:28 +0000``), None for None."""
    return format_datetime(moment) if moment else None


def seconds_between(start, end):
    """Return whole seconds from ``start`` to ``end``, 0 when one of them is missing."""
    return max(0, round((end - start).total_seconds())) if start and end else 0


class Clock:
    """Scaled waits.

    :param float scale: 2.0 makes every wait half as long.
    """

    def __init__(self, scale=1.0):
        self.scale = scale

    def real(self, seconds):
        """Return the real seconds of a wait of ``seconds``."""
        return seconds / self.scale

    async def sleep(self, seconds):
        """Wait ``seconds`` of emulated time."""
        await asyncio.sleep(self.real(seconds))
