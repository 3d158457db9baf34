"""The boundary between the addon and a carrier."""

from ..telephony_call_state import CallEvent

__all__ = ["CallEvent", "ProviderError"]


class ProviderError(Exception):
    """A request to the carrier failed.

    :param str message: a sentence for the log; it holds no secret and no full number
    :param int code: the carrier's error code, 0 when it never answered
    :param bool retryable: the request was certainly not carried out and may succeed later
    :param bool gone: what the request was about does not exist any more
    :param bool unknown: the answer was lost: the request may have been carried out
    :param bool paused: it was not sent, because the carrier has not answered lately
    :param bool late: it was not sent, because there was no time left for it
    """

    def __init__(
        self, message, code=0, retryable=False, gone=False, unknown=False, paused=False,
        late=False,
    ):
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.gone = gone
        self.unknown = unknown
        self.paused = paused
        self.late = late
