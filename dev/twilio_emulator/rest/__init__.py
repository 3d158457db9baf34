"""The REST API."""

from .account import Account
from .applications import Applications, Keys
from .caller_ids import CallerIds
from .calls import Calls
from .conferences import Conferences
from .messages import Messages
from .middleware import rest_middleware
from .numbers import Numbers
from .participants import Participants
from .permissions import DialingPermissions
from .pricing import PhoneNumberPrices
from .queues import Queues
from .recordings import Recordings
from .regulations import Regulations
from .trust_hub import CustomerProfiles

RESOURCES = (
    Account,
    Applications,
    Keys,
    Calls,
    Conferences,
    Participants,
    Queues,
    Numbers,
    CallerIds,
    Messages,
    Recordings,
    DialingPermissions,
    PhoneNumberPrices,
    CustomerProfiles,
    Regulations,
)


def register(router, emulator):
    """Add the routes of all resources."""
    for resource in RESOURCES:
        resource(emulator).register(router)


__all__ = ["register", "rest_middleware"]
