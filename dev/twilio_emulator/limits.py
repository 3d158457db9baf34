"""What an account may do: calls at once, the restrictions of a trial, the customer profile.

https://support.twilio.com/hc/en-us/articles/223180028 (calls at once)
https://www.twilio.com/docs/usage/trials (trial accounts)
https://www.twilio.com/docs/trust-hub/trusthub-rest-api/console-create-a-primary-customer-profile
"""

import asyncio
from dataclasses import dataclass

#: Calls at once of a trial account, and by customer profile; None = unlimited.
TRIAL_CONCURRENCY = 5
PROFILES = {"business": None, "individual": 3, "none": 2}
#: What a party of a trial account hears before anything else, and the seconds to press a key.
TRIAL_PROMPT = (
    "You have a trial account. You can remove this message at any time by upgrading to a full "
    "account. Press any key to execute your code."
)
TRIAL_KEY_SECONDS = 60
#: Seconds after which a call of a trial account ends.
TRIAL_SECONDS = 600


@dataclass
class Refusal(Exception):
    """Twilio does not carry a call.

    :param int code: Twilio's error code.
    """

    code: int
    message: str

    def __str__(self):
        return f"{self.code}: {self.message}"


class Limits:
    """Applies the settings ``concurrency``, ``trial`` and ``profile``."""

    def __init__(self, emulator):
        self.emulator = emulator

    @property
    def concurrency(self):
        """Return how many calls the account may have at once, None without a limit."""
        settings = self.emulator.settings
        if settings.concurrency is not None:
            return settings.concurrency
        return TRIAL_CONCURRENCY if settings.trial else PROFILES[settings.profile]

    @property
    def active(self):
        """Return the number of calls: each leg counts, of a customer, a telephone or a browser."""
        return sum(not leg.over for leg in self.emulator.legs.values())

    def check_concurrency(self, code=10004, *, more=1):
        """Refuse a call beyond the limit, and log it.

        https://www.twilio.com/docs/api/errors/10004 (calls)
        https://www.twilio.com/docs/api/errors/16021 (participants of a conference)

        :param int more: calls that would be added; 0 for a call that exists already.
        :raise Refusal: the limit is reached.
        """
        limit = self.concurrency
        if limit is not None and self.active + more > limit:
            message = (
                "Failed to join conference due to account concurrency limit exceeded"
                if code == 16021
                else "Call concurrency limit exceeded"
            )
            self._refuse(code, message)

    def check_called(self, number):
        """Refuse a called number that the account's state does not allow.

        https://www.twilio.com/docs/api/errors/21216 (a number of +1 without a customer profile)
        https://www.twilio.com/docs/api/errors/21219 (a number that a trial has not verified)

        :raise Refusal: it may not be called.
        """
        settings = self.emulator.settings
        if number.startswith("client:"):
            return
        if settings.profile == "none" and not settings.trial and number.startswith("+1"):
            self._refuse(21216, "Account not allowed to call this phone number")
        if settings.trial and not self.emulator.store.may_call_from(number):
            self._refuse(
                21219,
                "The number provided is unverified. Trial accounts may only make calls to "
                "verified numbers.",
            )

    def check_caller(self, number):
        """Refuse a caller whom a trial account has not verified.

        https://www.twilio.com/docs/api/errors/573005

        :raise Refusal: the caller may not call.
        """
        if self.emulator.settings.trial and not self.emulator.store.may_call_from(number):
            self._refuse(573005, "The caller is not a verified number of this trial account")

    def _refuse(self, code, message):
        self.emulator.logs.error(code, message)
        raise Refusal(code, message)

    # --- trial -----------------------------------------------------------------------------------

    async def pass_prompt(self, leg):
        """Play the prompt of a trial account to a party, and wait for its key.

        https://www.twilio.com/docs/usage/trials/try-out-voice; that it is played to browsers too:
        https://github.com/twilio/voice-quickstart-ios/issues/509. Whether parties that join a
        conference without TwiML hear it is not documented, so they do.

        :return bool: whether the call goes on.
        """
        settings = self.emulator.settings
        if not settings.trial or (leg.kind == "client" and not settings.trial_browser_prompt):
            return True
        await leg.answer()
        keys = asyncio.get_running_loop().create_future()
        leg.key_listener = lambda digit: keys.done() or keys.set_result(digit)
        prompt = self.emulator.spawn(
            leg.channel.play(self.emulator.speech(TRIAL_PROMPT), TRIAL_PROMPT), "trial prompt"
        )
        try:
            await asyncio.wait_for(keys, self.emulator.clock.real(TRIAL_KEY_SECONDS))
        except asyncio.TimeoutError:
            return False
        finally:
            prompt.cancel()
            leg.channel.stop()
            leg.key_listener = None
        return True

    async def run_after_prompt(self, leg, program):
        """Run a leg's program after the prompt of a trial account.

        :param program: function that returns the coroutine.
        """
        self.limit_duration(leg)
        if await self.pass_prompt(leg):
            await program()

    def limit_duration(self, leg):
        """Hang a leg of a trial account up after ten minutes.

        https://www.twilio.com/docs/api/errors/13805
        """
        if self.emulator.settings.trial:
            asyncio.get_running_loop().call_later(
                self.emulator.clock.real(TRIAL_SECONDS), self._end, leg
            )

    def _end(self, leg):
        if not leg.over:
            self.emulator.logs.error(
                13805, "The time of a trial account's call is over", call_sid=leg.sid
            )
            leg.hang_up()
