"""Verified caller IDs: the owner is called and types a code."""

import asyncio
import secrets

from ..legs import Leg, standard_params
from ..outgoing import place
from ..party import Telephone
from ..twiml.verbs_basic import send_digits
from .common import ACCOUNT, ApiError, Form, answer, dates, gone, not_found, page
from .common import uri as address
from .dialing import check_to

#: Text of the verifying call.
QUESTION = "Please enter your six digit validation code."


class CallerIds:
    """Routes of the resource."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes, which the region ``ie1`` does not have.

        https://www.twilio.com/docs/global-infrastructure/regional-product-and-feature-availability
        """
        if self.emulator.config.region == "ie1":
            return
        base = ACCOUNT + "/OutgoingCallerIds"
        router.add_post(base + ".json", self.validate)
        router.add_get(base + ".json", self.list)
        router.add_get(base + "/{sid}.json", self.fetch)
        router.add_post(base + "/{sid}.json", self.update)
        router.add_delete(base + "/{sid}.json", self.delete)

    def serialize(self, record):
        """Return a caller ID as Twilio shows it."""
        return {
            "sid": record["sid"],
            "account_sid": self.emulator.config.account_sid,
            "friendly_name": record["friendly_name"],
            "phone_number": record["phone_number"],
            "uri": address(self.emulator, "OutgoingCallerIds", record["sid"]),
            **dates(record),
        }

    def record(self, request):
        """Return the record of a request.

        :raise ApiError: 404.
        """
        record = self.emulator.store.caller_ids.get(request.match_info["sid"])
        if record is None:
            raise not_found(request)
        return record

    async def validate(self, request):
        """Start the call that verifies a number, and show the code to type."""
        form, emulator = Form(await request.post()), self.emulator
        number = form.need("PhoneNumber", 21201)
        check_to(emulator, number)
        if emulator.store.may_call_from(number):
            raise ApiError(400, 21450, f"Phone number already validated: {number}")
        delay = form.number("CallDelay", 0)
        if not 0 <= delay <= 60:
            raise ApiError(400, 21451, "Invalid CallDelay: must be between 0 and 60")
        code = f"{secrets.randbelow(1000000):06}"
        leg = Leg(emulator, "outbound-api", "+14157234000", number, Telephone(emulator, number))
        name = form.text("FriendlyName") or number
        leg.run(self._verify(leg, code, name, delay, form))
        return answer(
            {
                "account_sid": emulator.config.account_sid,
                "call_sid": leg.sid,
                "friendly_name": name,
                "phone_number": number,
                "validation_code": code,
            }
        )

    async def _verify(self, leg, code, name, delay, form):
        emulator = self.emulator
        record = None
        # The owner may type at once, before the question is spoken.
        keys = asyncio.Queue()
        leg.key_listener = keys.put_nowait
        try:
            await emulator.clock.sleep(delay)
            if await place(leg):
                if form.text("Extension"):
                    await send_digits(leg, leg.channel, form.text("Extension"))
                if await self._typed(leg, keys, code):
                    record = emulator.store.add_caller_id(leg.to, name)
        finally:
            leg.hang_up()
            callback = form.callback("StatusCallback")
            if callback:
                emulator.callback(
                    callback[0],
                    {
                        **standard_params(leg),
                        "VerificationStatus": "success" if record else "failed",
                        "OutgoingCallerIdSid": record["sid"] if record else None,
                    },
                    callback[1],
                    kind="caller_id",
                )

    async def _typed(self, leg, keys, code):
        prompt = self.emulator.spawn(
            leg.channel.play(self.emulator.speech(QUESTION), QUESTION), "question"
        )
        typed = ""
        try:
            loop = asyncio.get_running_loop()
            seconds = self.emulator.settings.code_seconds
            deadline = loop.time() + self.emulator.clock.real(seconds)
            while len(typed) < len(code):
                typed += await asyncio.wait_for(keys.get(), deadline - loop.time())
        except asyncio.TimeoutError:
            return False
        finally:
            prompt.cancel()
            leg.key_listener = None
        return typed == code

    async def list(self, request):
        """List verified caller IDs."""
        query = request.query
        return page(
            request,
            "outgoing_caller_ids",
            [
                self.serialize(c)
                for c in self.emulator.store.caller_ids.values()
                if query.get("PhoneNumber") in (None, "", c["phone_number"])
                and query.get("FriendlyName") in (None, "", c["friendly_name"])
            ],
        )

    async def fetch(self, request):
        """Show one caller ID."""
        return answer(self.serialize(self.record(request)))

    async def update(self, request):
        """Rename a caller ID."""
        record, form = self.record(request), Form(await request.post())
        record.touch(friendly_name=form.text("FriendlyName") or record["friendly_name"])
        return answer(self.serialize(record))

    async def delete(self, request):
        """Delete a caller ID."""
        del self.emulator.store.caller_ids[self.record(request)["sid"]]
        return gone()
