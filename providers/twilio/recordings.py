"""Requests about recordings.

A conversation is recorded on the customer's leg: Twilio keeps the customer's own voice and the
audio that the customer hears in two channels.
https://www.twilio.com/docs/voice/api/recording
"""

# Our states of a recording, and Twilio's.
RECORDING_STATUS = {"recording": "in-progress", "paused": "paused", "stopped": "stopped"}
RECORDING_EVENTS = ["in-progress", "completed", "absent"]


class RecordingRequests:
    """Mixin of `TwilioClient` that starts, changes, finds and deletes recordings."""

    def start_recording(self, leg_id, callback_url):
        """Record a participant's voice and the audio that it hears, in separate channels.

        :param str leg_id: `CA…` of a connected leg
        :param str callback_url: URL of the webhook for start and end
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
        """Return a recording of a conversation whose identifier was lost.

        :param str leg_id: `CA…`
        :param list known: identifiers to leave out
        :return: identifier of the recording, or an empty text
        :rtype: str
        """
        for recording in self._call(self._client.calls(leg_id).recordings.list, limit=20):
            source = str(getattr(recording.source, "value", recording.source))
            if source == "StartCallRecordingAPI" and recording.sid not in known:
                return recording.sid
        return ""

    def set_recording_status(self, leg_id, recording_id, status):
        """Pause, resume or stop a recording; a paused one records silence.

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
        """Play an announcement to all participants of a conference.

        :param str conference_id: `CF…`
        :param str url: URL of the announcement
        """
        self._call(
            self._client.conferences(conference_id).update,
            announce_url=url,
            announce_method="POST",
        )
