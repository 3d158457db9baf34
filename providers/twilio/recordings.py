"""Requests about recordings.

A conversation is recorded on the customer's leg: there Twilio keeps what the customer says and
what the customer hears in two channels.
https://www.twilio.com/docs/voice/api/recording
"""

# Our words for what a recording shall do, and Twilio's.
RECORDING_STATUS = {"recording": "in-progress", "paused": "paused", "stopped": "stopped"}
RECORDING_EVENTS = ["in-progress", "completed", "absent"]


class RecordingRequests:
    """The part of `TwilioClient` that starts, changes, finds and deletes recordings."""

    def start_recording(self, leg_id, callback_url):
        """Record what a party says and hears, each in a channel of its own.

        :param str leg_id: `CA…`; the party has to be connected
        :param str callback_url: address that is told of the beginning and of the end
        :return: the provider's identifier of the recording
        :rtype: str
        """
        return self._call(
            self._client.calls(leg_id).recordings.create,
            recording_channels="dual",
            recording_track="both",
            recording_status_callback=callback_url,
            recording_status_callback_method="POST",
            recording_status_callback_event=RECORDING_EVENTS,
        ).sid

    def find_recording(self, leg_id, known):
        """Look for a recording of a conversation whose identifier never reached us.

        :param str leg_id: `CA…`
        :param list known: identifiers that are not meant
        :return: its identifier, or an empty text
        :rtype: str
        """
        for recording in self._call(self._client.calls(leg_id).recordings.list, limit=20):
            source = str(getattr(recording.source, "value", recording.source))
            if source == "StartCallRecordingAPI" and recording.sid not in known:
                return recording.sid
        return ""

    def set_recording_status(self, leg_id, recording_id, status):
        """Pause, resume or stop a recording; while it is paused, silence is recorded.

        :param str leg_id: `CA…`
        :param str recording_id: `RE…`
        :param str status: `recording`, `paused` or `stopped`
        """
        values = {"status": RECORDING_STATUS[status]}
        if status == "paused":
            values["pause_behavior"] = "silence"
        self._call(self._client.calls(leg_id).recordings(recording_id).update, **values)

    def delete_recording(self, recording_id):
        """Delete a recording at Twilio.

        :param str recording_id: `RE…`
        """
        self._call(self._client.recordings(recording_id).delete)

    def announce(self, conference_id, url):
        """Let everybody in a conference hear something.

        :param str conference_id: `CF…`
        :param str url: address that says what
        """
        self._call(
            self._client.conferences(conference_id).update,
            announce_url=url,
            announce_method="POST",
        )
