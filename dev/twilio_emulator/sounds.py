"""Sound files of the application: fetched once, decoded, kept."""

import asyncio

from .media import wav


class Sounds:
    """A cache of decoded files by address."""

    def __init__(self, emulator):
        self.emulator, self._cache = emulator, {}

    def clear(self):
        """Remove all files."""
        self._cache.clear()

    async def fetch(self, url, call_sid=None):
        """Return a file's samples; None (and a log entry) if it is unusable."""
        if url in self._cache:
            return self._cache[url]
        answer = await self.emulator.webhooks.request(
            url, {"CallSid": call_sid}, "GET", kind="media"
        )
        if not answer.ok:
            return None
        try:
            sound = await asyncio.to_thread(wav.decode, answer.body)
        except ValueError as error:
            self.emulator.logs.error(12300, str(error), url=url, call_sid=call_sid)
            return None
        self._cache[url] = sound
        return sound
