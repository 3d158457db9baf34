"""Well-known development values. They open nothing but this emulator."""

ACCOUNT_SID = "AC" + "e" * 32
AUTH_TOKEN = "e" * 32
#: Default telephone numbers (E.164) of the account: Sales and Support.
NUMBERS = ("+3225550100", "+3225550101")
NUMBER_NAMES = {"+3225550100": "Sales", "+3225550101": "Support"}
HOST = "127.0.0.1"
PORT = 8090
API_VERSION = "2010-04-01"
#: Home region of the account; tokens for another region are refused.
REGION = "us1"
