"""The boundary between the addon and a provider."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class VoiceRequest:
    """A request of the provider for the next voice response of a leg.

    :param str leg_id: the provider's identifier of the leg; empty if it is missing or invalid
    :param str caller: number or address of the caller; empty for a browser
    :param str called: number that was called
    :param str identity: identity of the browser that calls; empty for a telephone
    :param str call_uuid: our identifier of the call, as the browser names it
    :param int step_id: our identifier of the step that the voice response belongs to, if the
        request names it
    :param str digits: keys that the party pressed
    :param str queue_id: the provider's identifier of the queue in which the leg waits
    :param str queue_result: why the leg is out of the queue: `left`, `moved` by another request,
        `refused` by the queue, `hung_up`; empty if it comes from elsewhere
    :param str dial_result: how the leg of a `Dial` ended, one of `LEG_END_REASONS`
    :param str error_code: the provider's code if it could not use our last voice response
    """

    leg_id: str = ""
    caller: str = ""
    called: str = ""
    identity: str = ""
    call_uuid: str = ""
    step_id: int | None = None
    digits: str = ""
    queue_id: str = ""
    queue_result: str = ""
    dial_result: str = ""
    error_code: str = ""


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


# What went wrong with a request -> whether it certainly was not carried out and may succeed later.
ERROR_KINDS = {
    # There was no answer of the provider.
    "late": True,  # not sent, because its time budget was used up
    "paused": True,  # not sent, because the provider has not answered lately
    "unreachable": True,  # no connection
    "unknown": False,  # the response was lost: the request may have been carried out
    # The provider refused the request.
    "rate_limited": True,  # too many requests
    "unavailable": True,  # temporarily out of service
    "not_found": False,  # the object of the request does not exist any more
    "unauthorized": False,  # wrong credentials
    "forbidden": False,  # the account may not do this
    "account_inactive": False,  # suspended or closed, usually for lack of funds
    "account_limit": False,  # the type of account does not include more of this
    "address_required": False,  # the number needs a validated address
    "identity_required": False,  # the country needs proof of identity
    "number_invalid": False,  # the number cannot be called
    "number_unavailable": False,  # the number is not for sale any more
    "number_taken": False,  # another account has just bought the number
    "area_empty": False,  # no numbers for sale in this area
    "caller_id_unknown": False,  # the number to show is neither bought nor verified
    "already_verified": False,  # the caller ID is verified for this account
    "verified_elsewhere": False,  # the caller ID is verified for another account
    "refused": False,  # any other reason
}
# Kinds of errors without an answer of the provider.
UNANSWERED_KINDS = ("late", "paused", "unreachable", "unknown")


class ProviderError(Exception):
    """A request to the provider failed.

    :param str message: a sentence for the log, without secrets and full numbers
    :param str kind: what went wrong, a key of `ERROR_KINDS`; all decisions depend on it alone
    :param code: the provider's own name of the error; for the log and the administrator only
    """

    def __init__(self, message, kind="refused", code=""):
        super().__init__(message)
        if kind not in ERROR_KINDS:
            raise ValueError(f"{kind!r} is no kind of ProviderError")
        self.kind = kind
        self.code = code

    @property
    def label(self):
        """The kind and the provider's own code, for the log."""
        return f"{self.kind} {self.code}".strip()

    @property
    def retryable(self):
        """Whether the request was certainly not carried out, and may succeed later."""
        return ERROR_KINDS[self.kind]

    @property
    def gone(self):
        """Whether the object of the request does not exist any more."""
        return self.kind == "not_found"

    @property
    def unknown(self):
        """Whether the response was lost, so that the request may have been carried out."""
        return self.kind == "unknown"
