"""Queues of waiting callers."""

import asyncio

from .clock import now, seconds_between
from .sids import new_sid

MAX_SIZE = 1000


class Member:
    """One waiting leg.

    ``done`` becomes the queue result on leaving. A ``<Dial><Queue>`` sets ``bridged`` to a future
    that becomes the queue result when the two parties part.
    """

    def __init__(self, queue, leg):
        self.queue, self.leg, self.since = queue, leg, now()
        loop = asyncio.get_running_loop()
        self.done, self.bridged = loop.create_future(), loop.create_future()
        self.on_left = self.failure = None

    @property
    def position(self):
        """Return the place in the queue, from 1; 0 after leaving it."""
        members = self.queue.members
        return members.index(self) + 1 if self in members else 0

    @property
    def wait(self):
        """Return whole seconds waited so far."""
        return seconds_between(self.since, now())


class Queue:
    """One queue, first come first served.

    :param str name: friendly name.
    :param int max_size: maximum number of callers.
    """

    def __init__(self, name, max_size=MAX_SIZE):
        self.sid, self.name, self.max_size = new_sid("QU"), name, max_size
        self.created = self.updated = now()
        self.members = []

    @property
    def average_wait(self):
        """Return the mean wait of the present members, in whole seconds."""
        waits = [member.wait for member in self.members]
        return round(sum(waits) / len(waits)) if waits else 0

    @property
    def full(self):
        """Return whether the queue is full."""
        return len(self.members) >= self.max_size

    def find(self, key):
        """Return the member with this call identifier, or the first for ``Front``."""
        if key == "Front":
            return self.members[0] if self.members else None
        return next((m for m in self.members if m.leg.sid == key), None)

    def add(self, leg):
        """Add a waiting leg."""
        member = leg.member = Member(self, leg)
        self.members.append(member)
        return member

    def remove(self, member, result):
        """Remove a member.

        :param str result: Twilio's ``QueueResult``.
        """
        if member not in self.members:
            return
        wait, average = member.wait, self.average_wait
        self.members.remove(member)
        member.leg.member = None
        self.updated = now()
        if not member.done.done():
            member.done.set_result(result)
        if member.on_left:
            member.on_left(result, wait, average)


class Queues:
    """All queues of the account."""

    def __init__(self):
        self.all = {}

    def by_name(self, name):
        """Return the queue with this name, created on demand."""
        queue = next((q for q in self.all.values() if q.name == name), None)
        return queue or self.create(name)

    def create(self, name, max_size=MAX_SIZE):
        """Create a queue."""
        queue = Queue(name, max_size)
        self.all[queue.sid] = queue
        return queue
