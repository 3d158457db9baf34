"""One emulated account with all objects of the process."""

import asyncio
import functools
import json
import logging
from urllib.parse import quote

from .clock import Clock
from .conference import Conferences
from .faults import Faults
from .handsets import Handsets
from .legs import Leg, number_callbacks
from .limits import Limits
from .logs import Logs
from .media import channel, rfc4733, speech, webrtc
from .media.engine import Engine
from .openapi import load_specification
from .outgoing import Pace
from .party import Telephone
from .permissions import Permissions
from .queues import Queues
from .recording import Recorder
from .settings import Settings
from .signalling import Signalling
from .sounds import Sounds
from .store import Store
from .twiml import verbs  # noqa: F401 - registers the verbs
from .twiml.interpreter import Interpreter
from .webhooks import WebhookClient

_logger = logging.getLogger(__name__)


class Emulator:
    """Connects the parts. No state survives a restart.

    :param Config config: start-up options.
    """

    def __init__(self, config):
        self.config, self.clock = config, Clock(config.time_scale)
        host = "127.0.0.1" if config.host in ("", "0.0.0.0", "::") else config.host
        self.public_url = f"http://{host}:{config.port}"
        self.logs, self.settings, self.faults = Logs(config.journal), Settings(), Faults()
        self.settings.update({"surprising": config.surprising})
        self.store, self.engine = Store(config), Engine()
        self.webhooks = WebhookClient(
            lambda: self.store.auth_token, self.logs, config.ca_path, config.hosts
        )
        self.conferences, self.queues = Conferences(self), Queues()
        self.legs, self.refusals, self.tasks, self.closing = {}, {}, set(), False
        self.permissions, self.limits = Permissions(), Limits(self)
        self.specification = load_specification(config.openapi_dir, self.logs)
        self.pace, self.recorder, self.sounds = Pace(self), Recorder(self), Sounds(self)
        self.signalling, self.handsets = Signalling(self), Handsets(self)
        self.speech = functools.lru_cache(256)(self._speech)
        webrtc.use_loopback(config.loopback)
        webrtc.announce(config.media_address)
        rfc4733.enable()
        channel.use_clock(not config.sound)

    def _speech(self, text):
        return speech.speak(text, self.config.time_scale)

    def spawn(self, coroutine, name=None):
        """Run a coroutine in the background and log its failure."""
        task = asyncio.create_task(coroutine, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            _logger.error("%s failed", task.get_name(), exc_info=task.exception())
            self.logs.error(0, f"Emulator fault: {task.exception()!r}", task=task.get_name())

    def callback(self, url, params, method="POST", kind="status"):
        """Send a webhook to the application without waiting; faults may interfere."""
        if self.closing:
            return
        for delay, token in self.faults.deliveries(kind, url):
            self.spawn(self._deliver(url, params, method, kind, delay, token), "callback")

    async def _deliver(self, url, params, method, kind, delay, token):
        if delay:
            await asyncio.sleep(delay)
        await self.webhooks.request(url, params, method, kind=kind, token=token)

    def call_in(self, from_, to, tone=None, handset=None, network=None):
        """Call one of the account's numbers.

        :param str from_: number shown by the caller's telephone.
        :param str to: E.164 number of the account.
        :param tone: Hz of the caller's voice, None = as the settings say.
        :param dict network: what the telephone network says about the call, such as its city.
        :raise LookupError: if the account does not have the number.
        :raise Refusal: if Twilio does not carry the call; the caller hears the busy tone.
        """
        number = self.store.number(to)
        if not number:
            raise LookupError(to)
        self.limits.check_caller(from_)
        self.limits.check_concurrency()
        telephone = Telephone(self, from_, tone)
        telephone.handset = handset
        target = self.store.voice_target(number)
        leg = Leg(self, "inbound", from_, to, telephone, callbacks=number_callbacks(target))
        leg.phone_number_sid = number["sid"]
        leg.network = dict(network or {})
        # Only the first request proves who called.
        # https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir
        leg.first_params = {"CallToken": quote(json.dumps({"callSid": leg.sid}))}
        if "StirVerstat" in leg.network:
            leg.first_params["StirVerstat"] = leg.network.pop("StirVerstat")
        self.start_inbound(leg, target)
        return leg

    def start_inbound(self, leg, target):
        """Run an incoming leg from the voice address of a number or application."""
        leg.started = leg.created
        fallback = (target["voice_fallback_url"], target["voice_fallback_method"])
        run = Interpreter(leg, fallback=fallback)
        leg.run(
            self.limits.run_after_prompt(
                leg,
                lambda: run.run_call(target["voice_url"], target["voice_method"], leg.first_params),
            )
        )

    async def start(self):
        """Start the background tasks."""
        await self.webhooks.start()
        if self.config.sound:
            self.engine.start()

    async def reset(self):
        """End all calls silently and restore the state after the start."""
        for leg in tuple(self.legs.values()):
            leg.callbacks = []
        for conference in self.conferences.all.values():
            conference.callback = None
        for queue in self.queues.all.values():
            for member in queue.members:
                member.on_left = None
        for leg in tuple(self.legs.values()):
            leg.hang_up()
        self.conferences, self.queues = Conferences(self), Queues()
        self.legs, self.refusals = {}, {}
        self.logs.clear()
        self.settings.__init__()
        self.settings.update({"surprising": self.config.surprising})
        self.faults.clear()
        self.store.clear()
        self.sounds.clear()
        self.pace, self.permissions = Pace(self), Permissions()
        self.apply_settings()

    def apply_settings(self):
        """Apply changed settings that do not take effect by themselves."""
        rfc4733.enable(self.settings.rfc4733)

    async def close(self):
        """End everything."""
        self.closing = True
        for leg in tuple(self.legs.values()):
            leg.callbacks = []
            leg.hang_up()
        await self.signalling.close()
        await self.handsets.close()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.engine.close()
        await self.webhooks.close()
