"""The account itself and its balance."""

from ..defaults import API_VERSION
from .common import ACCOUNT, answer, not_found

#: Owner of a subaccount.
PARENT = "AC" + "9" * 32


class Account:
    """Routes of both resources."""

    def __init__(self, emulator):
        self.emulator = emulator

    def register(self, router):
        """Add the routes."""
        router.add_get(f"/{API_VERSION}/Accounts/{{account}}.json", self.fetch)
        router.add_get(ACCOUNT + "/Balance.json", self.balance)

    async def fetch(self, request):
        """Show the account."""
        sid = self.emulator.config.account_sid
        return answer(
            {
                "sid": sid,
                "friendly_name": "Telephony emulator",
                "status": self.emulator.settings.status,
                "type": "Trial" if self.emulator.settings.trial else "Full",
                "owner_account_sid": PARENT if self.emulator.settings.subaccount else sid,
                "auth_token": None,
                "date_created": None,
                "date_updated": None,
                "uri": f"/{API_VERSION}/Accounts/{sid}.json",
                "subresource_uris": {},
            }
        )

    async def balance(self, request):
        """Show the balance, which a subaccount does not have."""
        if self.emulator.settings.subaccount:
            raise not_found(request)
        return answer(
            {
                "account_sid": self.emulator.config.account_sid,
                "balance": f"{self.emulator.settings.balance:.2f}",
                "currency": "USD",
            }
        )
