"""The people: agents at their pages, customers at their telephones. They act at random."""

import itertools
import random
import threading
import time

import requests

import stack

SALES, SUPPORT = "+3225550100", "+3225550101"
#: Sentences of the server for people; anything else is a fault of ours.
POLITE = ("UserError", "AccessError", "ValidationError", "MissingError", "RuleError")
#: What the server may say while its database is gone or two requests met too often.
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
    """Somebody who does something, waits a moment, and does something else.

    :param torture: the run.
    :param str name: of the thread.
    """

    def __init__(self, torture, name):
        super().__init__(name=name, daemon=True)
        self.torture, self.acts = torture, {}
        self.random = random.Random(f"{torture.seed}-{name}")

    def run(self):
        """Act until the run is over; what goes wrong on the way is kept."""
        while not self.torture.quiet.wait(self.random.uniform(0.05, 0.5)):
            try:
                self.act()
            except (requests.RequestException, ValueError):
                # The server is just being killed, or answers with a page of its proxy.
                self.count("no answer")
            except AssertionError:
                self.count("too late")
            except RuntimeError as error:
                self.judge(str(error))
            except Exception as error:  # noqa: BLE001 - a thread's own faults must be seen
                self.torture.problems.append(f"{self.name}: {error!r}")

    def judge(self, text):
        """Keep an error of the server that is not meant for people."""
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
    """A phone user: the page's requests, and the leg that the Voice SDK would make.

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
        """Look at the page, and do one thing."""
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
        """Something rings."""
        draw = self.random.random()
        if draw < 0.6:
            if self.call("accept", uuid)["accepted"] and self.random.random() < 0.9:
                self.connect(uuid)
        elif draw < 0.75:
            self.call("decline", uuid)

    def look_for_work(self):
        """Pick somebody up, or call somebody."""
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
        """Do what the Voice SDK does: a leg with the access token and the call's identifier."""
        access = self.rpc._post("/telephony/token", {})
        answer = self.torture.emulator.post(
            "browsers", token=access["token"], params={"uuid": uuid}
        )
        self.leg = answer["sid"]
        self.count("connect")

    def go_on(self, call):
        """Do something in a call."""
        uuid, draw = call["uuid"], self.random.random()
        if call["is_held"]:
            if draw < 0.3:
                self.call("hang_up", uuid)
            elif self.call("resume", uuid)["can_rejoin"] and draw < 0.9:
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
    """The agents' open pages, which prove again and again that they live; in quiet times, too.

    :param list sessions: one of each agent, of its own.
    """

    #: Seconds between two proofs of one page, as in `lease.js`.
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
                # It is tried again at the next turn, as the page itself does.
                self.count("no answer")


class Crowd(Person):
    """Everybody at an ordinary telephone.

    :param int size: how many of them call us at once at most.
    """

    def __init__(self, torture, size):
        super().__init__(torture, "crowd")
        self.size = size

    def act(self):
        """One of them does something."""
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
        """Let a person do something; it may be too late for it."""
        self.torture.emulator.post(f"calls/{leg['sid']}/{act}", **values)
        self.count(act)


class Trouble(Person):
    """Whatever may fail, fails: a kind of fault after the other, killed programs, no database."""

    def __init__(self, torture, faults, seconds):
        super().__init__(torture, "trouble")
        self.faults, self.seconds, self.turn = faults, seconds, 0

    def act(self):
        """Change the fault in force; every third time something dies."""
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
        # On a busy machine a new start takes long: what nobody recovers from teaches nothing.
        stack.wait_until_answering(torture.server)
        torture.quiet.wait(self.seconds)
