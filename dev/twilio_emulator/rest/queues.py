"""Queues and their members."""

from ..clock import rfc2822
from ..twiml.interpreter import Interpreter
from .common import ACCOUNT, ApiError, Form, answer, created, gone, not_found, page
from .common import uri as address

LARGEST = 5000


class Queues:
    """Routes of both resources."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        base = ACCOUNT + "/Queues"
        router.add_post(base + ".json", self.create)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.delete)
        router.add_get(base + "/{sid}/Members.json", self.members)
        router.add_get(base + "/{sid}/Members/{key}.json", self.fetch_member)
        router.add_post(base + "/{sid}/Members/{key}.json", self.update_member)

    def serialize(self, queue):
        """Return a queue as Twilio shows it."""
        return {
            "sid": queue.sid,
            "account_sid": self.emulator.config.account_sid,
            "friendly_name": queue.name,
            "current_size": len(queue.members),
            "average_wait_time": queue.average_wait,
            "max_size": queue.max_size,
            "date_created": rfc2822(queue.created),
            "date_updated": rfc2822(queue.updated),
            "uri": address(self.emulator, "Queues", queue.sid),
            "subresource_uris": {
                "members": address(self.emulator, "Queues", queue.sid, "Members"),
            },
        }

    def serialize_member(self, member):
        """Return a member as Twilio shows it."""
        return {
            "call_sid": member.leg.sid,
            "queue_sid": member.queue.sid,
            "date_enqueued": rfc2822(member.since),
            "position": member.position,
            "wait_time": member.wait,
            "uri": address(self.emulator, "Queues", member.queue.sid, "Members", member.leg.sid),
        }

    def queue(self, request):
        """Return the queue of a request.

        :raise ApiError: 404.
        """
        queue = self.emulator.queues.all.get(request.match_info["sid"])
        if queue is None:
            raise not_found(request)
        return queue

    def member(self, request):
        """Return the member of a request.

        :raise ApiError: 404 also for one that has left.
        """
        member = self.queue(request).find(request.match_info["key"])
        if member is None:
            raise not_found(request)
        return member

    def _size(self, form, default):
        size = form.number("MaxSize", default)
        if not 1 <= size <= LARGEST:
            raise ApiError(400, 20001, f"MaxSize must be between 1 and {LARGEST}")
        return size

    async def create(self, request):
        """Create a queue; its name must be new."""
        form = Form(await request.post())
        name = form.need("FriendlyName", 22202)
        if any(queue.name == name for queue in self.emulator.queues.all.values()):
            raise ApiError(400, 22003, f"A queue named {name} exists already")
        return created(self.serialize(self.emulator.queues.create(name, self._size(form, 1000))))

    async def list(self, request):
        """List all queues."""
        queues = [self.serialize(queue) for queue in self.emulator.queues.all.values()]
        return page(request, "queues", queues)

    async def fetch(self, request):
        """Show one queue."""
        return answer(self.serialize(self.queue(request)))

    async def update(self, request):
        """Change name or size."""
        queue, form = self.queue(request), Form(await request.post())
        queue.max_size = self._size(form, queue.max_size)
        queue.name = form.text("FriendlyName") or queue.name
        return answer(self.serialize(queue))

    async def delete(self, request):
        """Delete an empty queue."""
        queue = self.queue(request)
        if queue.members:
            raise ApiError(400, 22001, "The queue is not empty")
        del self.emulator.queues.all[queue.sid]
        return gone()

    async def members(self, request):
        """List the waiting members."""
        members = [self.serialize_member(m) for m in self.queue(request).members]
        return page(request, "queue_members", members)

    async def fetch_member(self, request):
        """Show one member."""
        return answer(self.serialize_member(self.member(request)))

    async def update_member(self, request):
        """Take a member out of the queue and continue its call with other TwiML."""
        member, form = self.member(request), Form(await request.post())
        url, method = form.need("Url"), (form.text("Method") or "POST").upper()
        result = self.serialize_member(member)
        leg = member.leg
        leg.redirect(Interpreter(leg).run_call(url, method))
        return answer({**result, "position": 0})
