"""Sound files of the application: fetched once, checked, decoded, kept."""

import asyncio

from .media import wav
from .twiml.parser import TwimlError

#: Content types that Twilio plays; any other one is an error of the document.
#: https://www.twilio.com/docs/voice/twiml/play#supported-audio-file-types
PLAYABLE = frozenset(
    {
        "audio/mpeg",
        "audio/wav",
        "audio/wave",
        "audio/x-wav",
        "audio/aiff",
        "audio/x-aifc",
        "audio/x-aiff",
        "audio/x-gsm",
        "audio/gsm",
        "audio/ulaw",
    }
)
#: https://www.twilio.com/docs/api/errors/12300
INVALID_TYPE = 12300
#: https://www.twilio.com/docs/api/errors/13420
INVALID_PLAY = 13420


class Sounds:
    """A cache of decoded files by address."""

    def __init__(self, emulator):
        self.emulator, self._cache = emulator, {}

    def clear(self):
        """Remove all files."""
        self._cache.clear()

    async def fetch(self, url, call_sid=None):
        """Return a file's samples.

        Twilio does not document whether it skips a missing sound; a failing document is harder.

        :raise TwimlError: it cannot be fetched, or is no sound that Twilio plays.
        """
        if url in self._cache:
            return self._cache[url]
        answer = await self.emulator.webhooks.request(
            url, {"CallSid": call_sid}, "GET", kind="media"
        )
        if not answer.ok:
            raise TwimlError(answer.error, answer.message, url)
        try:
            if answer.content_type not in PLAYABLE:
                raise ValueError(f"Invalid Content-Type: {answer.content_type}")
            sound = await asyncio.to_thread(wav.decode_playable, answer.body)
        except ValueError as error:
            self.emulator.logs.error(INVALID_TYPE, str(error), url=url, call_sid=call_sid)
            raise TwimlError(INVALID_PLAY, str(error)) from error
        self._cache[url] = sound
        return sound
