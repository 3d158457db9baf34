"""The boundary between the addon and a provider."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class CallEvent:
    """An event of a call, reported by the provider or caused by a user.

    :param str kind: kind of the event, handled by `_apply_<kind>` of the call: `leg`, `join`,
        `leave`, `hold`, `unhold`, `recording`, `recorded` are the provider's; `routed`, `offered`,
        `queued`, `joined`, `hung_up`, `transferred`, `handed_over`, `failed` are ours
    :param str key: same key for every delivery of one provider event; empty for our own events
    :param str provider_leg_id: the provider's identifier of the leg, if the event is about one
    :param int leg_id: our own identifier of the leg, if the provider returned it
    :param str status: for `leg`: the status, a key of `LEG_RANK`
    :param str reason: for a leg that ended: one of `LEG_END_REASONS`; for `failed`: the reason
    :param int sequence: position of this event among the leg's events at the provider, or -1
    :param datetime at: time of the event (UTC, naive, seconds)
    :param int duration: seconds the leg was connected, known only at its end
    :param str conference_id: the provider's identifier of the conference
    :param dict data: further data of the kind
    """

    kind: str
    key: str = ""
    provider_leg_id: str = ""
    leg_id: int = 0
    status: str = ""
    reason: str = ""
    sequence: int = -1
    at: datetime | None = None
    duration: int | None = None
    conference_id: str = ""
    data: dict = field(default_factory=dict)


class ProviderError(Exception):
    """A request to the provider failed.

    :param str message: a sentence for the log, without secrets and full numbers
    :param int code: the provider's error code, 0 without an answer
    :param bool retryable: the request was certainly not carried out, and may succeed later
    :param bool gone: the object of the request does not exist any more
    :param bool unknown: the response was lost, so the request may have been carried out
    :param bool paused: the request was not sent, because the provider has not answered lately
    :param bool late: the request was not sent, because its time budget was used up
    """

    def __init__(
        self,
        message,
        code=0,
        retryable=False,
        gone=False,
        unknown=False,
        paused=False,
        late=False,
    ):
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.gone = gone
        self.unknown = unknown
        self.paused = paused
        self.late = late
