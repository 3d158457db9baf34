"""Agents at their pages and customers at their telephones, who act at random."""

import itertools
import random
import threading
import time

import requests

import stack

SALES, SUPPORT = "+3225550100", "+3225550101"
#: Errors of the server meant for users; any other error is a fault of ours.
POLITE = ("UserError", "AccessError", "ValidationError", "MissingError", "RuleError")
#: Possible errors of the server while its database is gone or two requests met too often.
EXCUSED = (
    "OperationalError",
    "InterfaceError",
    "SerializationFailure",
    "ConcurrencyError",
    "PoolError",
    "SessionExpired",
    "server closed the connection",
)


class Person(threading.Thread):
    """A thread that acts, waits a moment, and acts again.

    :param torture: the run.
    :param str name: of the thread.
    """

    def __init__(self, torture, name):
        super().__init__(name=name, daemon=True)
        self.torture, self.acts = torture, {}
        self.random = random.Random(f"{torture.seed}-{name}")

    def run(self):
        """Act until the run is over, and keep the errors on the way."""
        while not self.torture.quiet.wait(self.random.uniform(0.05, 0.5)):
            try:
                self.act()
            except (requests.RequestException, ValueError):
                # The server is just being killed, or its proxy answers with a page.
                self.count("no answer")
            except AssertionError:
                self.count("too late")
            except RuntimeError as error:
                self.judge(str(error))
            except Exception as error:  # noqa: BLE001 - a thread's own faults must be visible
                self.torture.problems.append(f"{self.name}: {error!r}")

    def judge(self, text):
        """Keep a server error that is not meant for users."""
        if any(name in text for name in POLITE):
            self.count("refused")
        elif any(name in text for name in EXCUSED):
            self.count("excused")
        else:
            self.torture.problems.append(f"{self.name}: {text[:1500]}")

    def count(self, act):
        """Keep statistics."""
        self.acts[act] = self.acts.get(act, 0) + 1


class Agent(Person):
    """An agent: the page's requests, and the leg that the Voice SDK would make.

    :param rpc: the user's session.
    """

    def __init__(self, torture, rpc):
        super().__init__(torture, rpc.login)
        self.rpc, self.leg, self.via = rpc, None, "browser"

    def call(self, method, *args, model="telephony.call", **kwargs):
        """Call a method as the page does."""
        self.count(method)
        return self.rpc.call(model, method, *args, **kwargs)

    def act(self):
        """Check the page and do one thing."""
        snapshot = self.rpc.call("telephony.agent", "softphone_snapshot")
        self.via = snapshot["agent"]["call_via"]
        if snapshot["calls"] and not (snapshot["offers"] and self.random.random() < 0.4):
            self.go_on(self.random.choice(snapshot["calls"]))
        elif snapshot["offers"]:
            self.answer(snapshot["offers"][0]["call"]["uuid"])
        elif self.random.random() < 0.1 or snapshot["agent"]["status"] == "offline":
            status = self.random.choice(("online", "online", "online", "offline"))
            self.call("set_status", status, model="telephony.agent")
        elif self.random.random() < 0.4:
            self.look_for_work()

    def answer(self, uuid):
        """Answer or decline a ringing call."""
        draw = self.random.random()
        if draw < 0.6:
            if self.call("accept", uuid)["accepted"] and self.random.random() < 0.9:
                self.connect(uuid)
        elif draw < 0.75:
            self.call("decline", uuid)

    def look_for_work(self):
        """Pick up a waiting caller, or dial."""
        waiting = self.call("queued_calls")
        if waiting and self.random.random() < 0.7:
            uuid = self.random.choice(waiting)["uuid"]
            if self.call("pick_up", uuid)["accepted"]:
                self.connect(uuid)
        elif self.random.random() < 0.6:
            number = f"+3247122{self.random.randrange(10000):04d}"
            key = f"{self.name}-{time.time()}"
            for _turn in range(self.random.choice((1, 1, 2))):
                call = self.call("dial", number, request_uuid=key)
            if self.via == "browser":
                self.connect(call["uuid"])

    def connect(self, uuid):
        """Connect as the Voice SDK does: a leg with the access token and the call's identifier."""
        access = self.rpc._post("/telephony/token", {})
        answer = self.torture.emulator.post(
            "browsers", token=access["token"], params={"uuid": uuid}
        )
        self.leg = answer["sid"]
        self.count("connect")

    def go_on(self, call):
        """Perform one act in a call."""
        uuid, draw = call["uuid"], self.random.random()
        if call["phase"] == "held":
            if draw < 0.3:
                self.call("hang_up", uuid)
            elif self.call("resume", uuid)["phase"] == "agent_lost" and draw < 0.9:
                self.connect(uuid)
        elif not call["agent_connected"]:
            if draw < 0.5:
                self.connect(uuid)
            elif draw < 0.6:
                self.call("hang_up", uuid)
        elif draw < 0.2:
            self.call("hang_up", uuid)
        elif draw < 0.35:
            self.call("set_hold", uuid, not call["on_hold"])
        elif draw < 0.45 and self.leg:
            # The browser crashes, or loses its network.
            self.torture.emulator.post(f"calls/{self.leg}/hangup")
            self.count("crash")
        elif draw < 0.6:
            self.call("save_note", uuid, f"note {self.random.random()}")
        elif call["transfer"]:
            self.call(
                self.random.choice(("cancel_transfer", "merge_transfer", "complete_transfer")), uuid
            )
        elif draw < 0.8:
            target = self.random.choice(self.torture.agents)
            mode = self.random.choice(("blind", "blind", "warm", "conference"))
            self.call("transfer", uuid, {"type": "agent", "id": target}, mode)


class Pages(Person):
    """The agents' open pages, which renew their leases regularly, also in quiet times.

    :param list sessions: one of each agent, of its own.
    """

    #: Seconds between two renewals of one page, as in `lease.js`.
    PERIOD = 35

    def __init__(self, torture, sessions):
        super().__init__(torture, "pages")
        self.sessions, self.closed = sessions, threading.Event()

    def run(self):
        """Renew one lease after the other until the pages are closed."""
        for rpc in itertools.cycle(self.sessions):
            if self.closed.wait(self.PERIOD / len(self.sessions)):
                return
            try:
                rpc.call("telephony.agent", "renew_lease", f"page-of-{rpc.login}")
                self.count("renewed")
            except (requests.RequestException, ValueError, RuntimeError):
                # The next turn tries again, as the page itself does.
                self.count("no answer")


class Crowd(Person):
    """All customers at ordinary telephones.

    :param int size: maximum number of simultaneous calls to us.
    """

    def __init__(self, torture, size):
        super().__init__(torture, "crowd")
        self.size = size

    def act(self):
        """Perform one act of one customer."""
        emulator = self.torture.emulator
        legs = [leg for leg in emulator.get("calls?live=1") if leg["kind"] == "pstn"]
        ringing = [
            leg for leg in legs if leg["status"] == "ringing" and leg["direction"] != "inbound"
        ]
        calling = [leg for leg in legs if leg["direction"] == "inbound"]
        draw = self.random.random()
        if ringing and draw < 0.5:
            leg = self.random.choice(ringing)
            if self.random.random() < 0.7:
                self.do(leg, "answer")
            else:
                self.do(leg, "reject", status=self.random.choice(("busy", "no-answer")))
        elif len(calling) < self.size and draw < 0.8:
            number = f"+3247111{self.random.randrange(10000):04d}"
            emulator.post(
                "calls",
                **{
                    "from": number,
                    "to": self.random.choice((SALES, SUPPORT, SUPPORT)),
                    "tone": 0,
                },
            )
            self.count("call")
        elif legs and draw > 0.85:
            self.do(self.random.choice(legs), "hangup")

    def do(self, leg, act, **values):
        """Perform an act of a customer, for which it may be too late."""
        self.torture.emulator.post(f"calls/{leg['sid']}/{act}", **values)
        self.count(act)


class Trouble(Person):
    """Faults of every kind: one after the other, killed programs, no database."""

    def __init__(self, torture, faults, seconds):
        super().__init__(torture, "trouble")
        self.faults, self.seconds, self.turn = faults, seconds, 0

    def act(self):
        """Change the active fault; every third time a program dies."""
        torture = self.torture
        # The main process may have ended because it lost the database.
        torture.server.revive()
        faults = self.faults[self.turn % len(self.faults)]
        torture.emulator.post("faults", faults=faults)
        self.count("+".join(fault["kind"] for fault in faults))
        if torture.long and self.turn % 9 == 4:
            torture.server.kill_all()
            self.count("kill -9 of the server")
        elif self.turn % 3 == 1:
            torture.server.kill_a_worker(self.random)
            self.count("kill -9")
        elif self.turn % 3 == 2:
            if self.turn % 2 and torture.database.crash():
                self.count("crash of PostgreSQL")
            elif torture.long and self.random.random() < 0.5:
                with torture.database.unreachable():
                    torture.quiet.wait(self.random.uniform(0.5, 3))
            else:
                torture.database.cut_connections()
            self.count("no database")
        self.turn += 1
        # A new start takes long on a busy machine, and permanent failure would prove nothing.
        stack.wait_until_answering(torture.server)
        torture.quiet.wait(self.seconds)
