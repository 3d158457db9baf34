"""Conferences."""

from ..clock import rfc2822
from ..defaults import API_VERSION
from ..sids import is_sid
from ..twiml.side import start_side_script
from .common import ACCOUNT, ApiError, Form, answer, matches_dates, not_found, page
from .common import uri as address


def serialize(conference):
    """Return a conference as Twilio shows it."""
    emulator = conference.emulator
    ended = {"reason_conference_ended": conference.reason_ended} if conference.over else {}
    return {
        **ended,
        "sid": conference.sid,
        "account_sid": emulator.config.account_sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "date_created": rfc2822(conference.created),
        "date_updated": rfc2822(conference.updated),
        "api_version": API_VERSION,
        "region": emulator.config.region,
        "call_sid_ending_conference": conference.call_sid_ending,
        "uri": address(emulator, "Conferences", conference.sid),
        "subresource_uris": {
            "participants": address(emulator, "Conferences", conference.sid, "Participants"),
            "recordings": address(emulator, "Conferences", conference.sid, "Recordings"),
        },
    }


class Conferences:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Conferences"
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)

    def conference(self, request):
        """Return the conference of a request.

        :raise ApiError: 404.
        """
        conference = self.emulator.conferences.all.get(request.match_info["sid"])
        if conference is None:
            raise not_found(request)
        return conference

    async def list(self, request):
        """List conferences, newest first."""
        query = request.query
        found = [
            serialize(c)
            for c in reversed(self.emulator.conferences.all.values())
            if query.get("FriendlyName") in (None, "", c.name)
            and query.get("Status") in (None, "", c.status)
            and matches_dates(query, "DateCreated", c.created)
            and matches_dates(query, "DateUpdated", c.updated)
        ]
        return page(request, "conferences", found)

    async def fetch(self, request):
        """Show one conference."""
        return answer(serialize(self.conference(request)))

    async def update(self, request):
        """End a conference, or play an announcement to all participants."""
        conference, form = self.conference(request), Form(await request.post())
        if form.text("Status") == "completed":
            conference.end("conference-ended-via-api", "conference_ended_via_api")
        elif form.text("AnnounceUrl"):
            if conference.over:
                raise ApiError(400, 21220, "The conference is over")
            for participant in conference.participants:
                start_side_script(
                    participant,
                    form.text("AnnounceUrl"),
                    form.text("AnnounceMethod") or "POST",
                    repeat=False,
                    is_lean=True,
                )
        return answer(serialize(conference))


def find_conference(emulator, request, *, create=False):
    """Return the conference in a participant's address.

    Only the creation of a participant accepts the name of a conference.
    https://www.twilio.com/docs/voice/api/conference-participant-resource

    :param bool create: create it if no running conference has the name.
    :return: (conference, whether it is new).
    :raise ApiError: 404.
    """
    key = request.match_info["conference"]
    by_name = create or emulator.settings.names_on_update
    conference = (emulator.conferences.find if by_name else emulator.conferences.all.get)(key)
    if conference is None and create and not is_sid(key, "CF"):
        return emulator.conferences.enter(key), True
    if conference is None or (create and conference.over):
        raise not_found(request)
    return conference, False
