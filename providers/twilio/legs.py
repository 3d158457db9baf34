"""Requests about single legs, what Twilio calls a Call.

https://www.twilio.com/docs/voice/api/call-resource
"""

# In the order of a leg's life, so that one which goes on between two questions is in the second
# answer at the latest.
LIVING = ("queued", "ringing", "in-progress")
# Legs in one answer (Twilio gives no more), and in all answers about one status.
PAGE, LISTED = 1000, 5000


def _as_callback(leg):
    """Return the parameters of the status callback that would tell the same about a leg."""
    return {
        "CallSid": leg.sid,
        "CallStatus": str(getattr(leg.status, "value", leg.status)),
        "CallDuration": leg.duration,
        "Timestamp": leg.end_time or leg.start_time,
    }


class LegRequests:
    """Part of `TwilioClient`, which sends the requests."""

    def redirect_leg(self, leg_id, url):
        """Interrupt a leg and send it elsewhere.

        :param str url: address of what comes next
        """
        self._call(self._client.calls(leg_id).update, url=url, method="POST")

    def end_leg(self, leg_id):
        """Hang a leg up, in whatever state it is."""
        self._call(self._client.calls(leg_id).update, status="completed")

    def fetch_leg(self, leg_id):
        """Ask for a leg.

        :return: the parameters of an equivalent status callback
        :rtype: dict
        """
        return _as_callback(self._call(self._client.calls(leg_id).fetch))

    def list_living_legs(self):
        """Ask which legs are alive, those of other programs that use the account among them.

        https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources

        :return: the parameters of an equivalent status callback of each leg
        :rtype: list(dict)
        """
        legs = {}
        for status in LIVING:
            for leg in self._call(
                self._client.calls.list, status=status, page_size=PAGE, limit=LISTED
            ):
                legs[leg.sid] = _as_callback(leg)
        return list(legs.values())
