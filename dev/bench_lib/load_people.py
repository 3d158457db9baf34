"""Participants of the load: agents with a live page, and callers."""

import json
import queue
import random
import threading
import time

import requests
import websocket

from bench_lib.stage import SALES, SUPPORT

#: Seconds until a ringing phone is answered, and of a conversation: 24 an hour and agent.
THINK, TALK = (0.5, 2.0), (60.0, 240.0)
#: Seconds of a forwarded call.
FORWARDED = (120.0, 360.0)
#: Mean patience of a waiting caller in seconds.
PATIENCE = 180.0


class Screen(threading.Thread):
    """The bus messages of an agent's page.

    :param Person person: the agent.
    :param int port: of the bus.
    :param on_message: called with the type and payload of each message.
    """

    def __init__(self, person, port, last, on_message):
        super().__init__(daemon=True, name=f"screen of {person.name}")
        self.on_message, self.arrivals, self.closing, self.error = on_message, [], False, None
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/websocket?version=19.0-2",
            timeout=120,
            cookie=f"session_id={person.session_id}",
        )
        subscription = {"channels": [], "last": last}
        self.socket.send(json.dumps({"event_name": "subscribe", "data": subscription}))

    def run(self):
        """Read until it is closed."""
        while not self.closing:
            try:
                messages = json.loads(self.socket.recv())
            except (websocket.WebSocketException, OSError, ValueError) as error:
                if not self.closing:
                    self.error = repr(error)
                return
            at = time.time()
            for message in messages:
                kind = message["message"]["type"]
                self.arrivals.append((message["id"], kind, at))
                self.on_message(kind, message["message"]["payload"])

    def close(self):
        """Close the page."""
        self.closing = True
        self.socket.close()


class Agent(threading.Thread):
    """An agent who answers every ringing call, talks a while, and hangs up.

    :param stage: the surroundings.
    :param Person person: the user.
    :param Server server: server of the page.
    """

    def __init__(self, stage, person, server, last, seed):
        super().__init__(daemon=True, name=person.name)
        self.stage, self.url = stage, f"http://127.0.0.1:{server.port}"
        self.chance, self.offers, self.closing = random.Random(seed), queue.Queue(), False
        self.http = requests.Session()
        self.http.cookies.set("session_id", person.session_id)
        self.token, self.answered, self.problems, self.times = None, 0, [], []
        self.screen = Screen(person, server.bus_port, last, self._on_message)
        self.screen.start()

    def _on_message(self, kind, payload):
        if kind == "telephony/offer_made":
            self.offers.put(payload["call"]["uuid"])

    def run(self):
        """Work until the end of the load."""
        while not self.closing:
            try:
                uuid = self.offers.get(timeout=0.5)
            except queue.Empty:
                continue
            try:
                self._take(uuid)
            except (requests.RequestException, AssertionError, ValueError, KeyError) as error:
                self.problems.append(f"{self.name}: {error!r:.300}")

    def _take(self, uuid):
        time.sleep(self.chance.uniform(*THINK))
        if not self._call("accept", uuid)["accepted"]:
            return
        self.token = self.token or self._post("/telephony/token", {})["token"]
        self.stage.emulator.post("browsers", token=self.token, params={"uuid": uuid})
        self.answered += 1
        end = time.monotonic() + self.chance.uniform(*TALK)
        while time.monotonic() < end and not self.closing:
            time.sleep(0.2)
        self._call("hang_up", uuid)

    def _call(self, method, *args):
        params = {"model": "telephony.call", "method": method, "args": args, "kwargs": {}}
        return self._post(f"/web/dataset/call_kw/telephony.call/{method}", params)

    def _post(self, path, params):
        started = time.perf_counter()
        answer = self.http.post(
            self.url + path,
            timeout=60,
            json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params},
        ).json()
        self.times.append(time.perf_counter() - started)
        if "error" in answer:
            raise ValueError(f"{path}: {answer['error']['data'].get('message')}")
        return answer["result"]


class Callers(threading.Thread):
    """All customers at ordinary telephones: some waiting, the others forwarded.

    :param stage: the surroundings.
    :param int waiting: number of callers in the queue at any time.
    :param int forwarded: number of callers in a forwarded call.
    :param int begin: maximum callers of a number who begin in one second.
    """

    def __init__(self, stage, waiting, forwarded, seed, begin):
        super().__init__(daemon=True, name="callers")
        self.emulator, self.waiting, self.forwarded = stage.emulator, waiting, forwarded
        self.begin = begin
        self.chance, self.closing, self.problems = random.Random(seed), False, []
        self.ends, self.begun, self.last, self.most = {}, 0, {}, 0

    def run(self):
        """Place and end calls."""
        while not self.closing:
            started = time.monotonic()
            try:
                self._second(started)
            except (requests.RequestException, AssertionError) as error:
                self.problems.append(f"callers: {error!r:.300}")
            time.sleep(max(0.05, 1 - (time.monotonic() - started)))

    def _second(self, now):
        for sid in [sid for sid, end in self.ends.items() if end < now]:
            del self.ends[sid]
            self.emulator.post(f"calls/{sid}/hangup")
        members = [sid for one in self.emulator.get("queues") for sid in one["members"]]
        self.last = {sid: at for sid, at in self.last.items() if now - at < 3}
        on_the_way = len(set(self.last) - set(members))
        lacking = {
            SUPPORT: self.waiting - len(members) - on_the_way,
            SALES: self.forwarded - len(self.ends),
        }
        for number, count in lacking.items():
            for _turn in range(min(self.begin, count)):
                self._begin(number, now)
        self.most = max(self.most, len(members))
        for sid in members:
            if self.chance.random() < 1 / PATIENCE:
                self.emulator.post(f"calls/{sid}/hangup")

    def _begin(self, number, now):
        self.begun += 1
        caller = f"+32471{100000 + self.begun:06d}"
        body = {"from": caller, "to": number, "tone": 0}
        sid = self.emulator.post("calls", **body)["sid"]
        if number == SALES:
            self.ends[sid] = now + self.chance.uniform(*FORWARDED)
        else:
            self.last[sid] = now
