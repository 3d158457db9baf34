"""The boundary between the addon and a provider."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class CallEvent:
    """Something that happened to a call, told by the provider or by a person.

    :param str kind: what happened: `leg`, `join`, `leave`, `hold`, `unhold` are the provider's;
        `routed`, `offered`, `queued`, `claimed`, `released`, `connected`, `joined`, `hung_up`,
        `transferred`, `handed_over`, `failed` are ours
    :param str key: the same for every delivery of one provider event; empty for our own acts
    :param str provider_leg_id: the provider's identifier of the leg, if a leg is concerned
    :param int leg_id: our own identifier of the leg, when the provider gave it back to us
    :param str status: for `leg`: the status in our words, a key of `LEG_RANK`
    :param str reason: for a leg that ended: one of `LEG_END_REASONS`; for `failed`: the reason
    :param int sequence: the provider's position of this event in the leg's events, or -1
    :param datetime at: when it happened (UTC, naive, seconds)
    :param int duration: seconds the leg was connected, only known at its end
    :param str conference_id: the provider's identifier of the conference
    :param dict data: what else the kind needs
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

    :param str message: a sentence for the log; it holds no secret and no full number
    :param int code: the provider's error code, 0 when it never answered
    :param bool retryable: the request was certainly not carried out and may succeed later
    :param bool gone: what the request was about does not exist any more
    :param bool unknown: the answer was lost: the request may have been carried out
    :param bool paused: it was not sent, because the provider has not answered lately
    :param bool late: it was not sent, because there was no time left for it
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
