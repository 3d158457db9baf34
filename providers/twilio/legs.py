"""Requests about single legs, which Twilio calls Calls.

https://www.twilio.com/docs/voice/api/call-resource
"""

from datetime import datetime, timedelta, timezone

from .events import parse_leg_event

# In the order of a leg's life: a leg that advances between two requests is in the second answer at
# the latest.
LIVING = ("queued", "ringing", "in-progress")
# Legs per page (Twilio's maximum), in all pages of one status, and in all pages of a period.
PAGE, LISTED, PRICED = 1000, 5000, 50_000
# Days before today on which a living leg may have begun, with a day in reserve.
LONGEST = timedelta(days=2)


def _as_event(leg):
    """Return the event of the status webhook that would report the same about a leg."""
    return parse_leg_event(
        {
            "CallSid": leg.sid,
            "CallStatus": str(getattr(leg.status, "value", leg.status)),
            "CallDuration": leg.duration,
            "Timestamp": leg.end_time or leg.start_time,
        }
    )


class LegRequests:
    """Mixin of `TwilioClient`, which sends the requests."""

    def redirect_leg(self, leg_id, url):
        self._call(self._client.calls(leg_id).update, url=url, method="POST")

    def end_leg(self, leg_id):
        self._call(self._client.calls(leg_id).update, status="completed")

    def fetch_leg(self, leg_id):
        return _as_event(self._call(self._client.calls(leg_id).fetch))

    def list_living_legs(self):
        """Return all living legs, including those of other programs that use the account.

        https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources

        :return: the event of an equivalent status webhook for each leg
        :rtype: list(CallEvent)
        """
        legs = {}
        # A search without dates is slow in large accounts. Twilio compares dates, in UTC; a leg
        # lasts a day at most. The other two states last minutes, or have no start time yet.
        since = datetime.now(timezone.utc).date() - LONGEST
        for status in LIVING:
            period = {"start_time_after": since} if status == "in-progress" else {}
            for leg in self._call(
                self._client.calls.list, status=status, page_size=PAGE, limit=LISTED, **period
            ):
                legs[leg.sid] = _as_event(leg)
        return [event for event in legs.values() if event]

    def list_prices(self, since, until):
        """Return the prices of the legs that began in a period; Twilio lists charges as negative.

        https://www.twilio.com/docs/voice/api/call-resource#call-properties
        """
        legs = self._call(
            self._client.calls.list,
            start_time_after=since,
            start_time_before=until,
            page_size=PAGE,
            limit=PRICED,
        )
        return {
            leg.sid: (-float(leg.price), leg.price_unit)
            for leg in legs
            if leg.price is not None and leg.price_unit
        }
