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
        for recording in self._call(self._client.calls(leg_id).recordings.list, limit=20):
            source = str(getattr(recording.source, "value", recording.source))
            if source == "StartCallRecordingAPI" and recording.sid not in known:
                return recording.sid
        return ""

    def set_recording_status(self, leg_id, recording_id, status):
        values = {"status": RECORDING_STATUS[status]}
        if status == "paused":
            values["pause_behavior"] = "silence"
        self._call(self._client.calls(leg_id).recordings(recording_id).update, **values)

    def delete_recording(self, recording_id):
        self._call(self._client.recordings(recording_id).delete)

    def announce(self, conference_id, url):
        self._call(
            self._client.conferences(conference_id).update,
            announce_url=url,
            announce_method="POST",
        )
