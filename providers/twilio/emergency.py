"""Emergency calls: from which numbers Twilio connects them, and how they are dialed.

https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice
"""

import phonenumbers

from ..base import EmergencyRule

# Twilio registers the address of a number in these countries. In the others, no address is sent.
REGISTERED = ("US", "CA", "GB")
OTHERS = ("AU", "IE", "FR", "DE", "AT", "MY", "TH", "PH", "NZ", "IT")
# Dialed with a number of the United States, it reads out the registered address.
TEST_NUMBER = "933"

RULES = {
    **{country: EmergencyRule(needs_address=True) for country in REGISTERED},
    **{country: EmergencyRule(needs_address=False) for country in OTHERS},
    "US": EmergencyRule(needs_address=True, test_number=TEST_NUMBER),
}
# Our states of a number's address, and Twilio's.
# https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
ADDRESS_STATES = {
    "registered": "registered",
    "pending-registration": "pending",
    "pending-unregistration": "pending",
    "registration-failure": "failed",
    "unregistration-failure": "failed",
    "unregistered": "unregistered",
}


def to_dialed(number, caller):
    """Return a number in the form in which Twilio dials it.

    An emergency number of two digits needs the country code.
    https://www.twilio.com/docs/voice/tutorials/emergency-calling-for-programmable-voice/emergency-telephone-numbers

    :param str number: E.164, or the digits of an emergency service
    :param str caller: E.164 number that the call shows
    :rtype: str
    """
    if len(number) != 2:
        return number
    return f"+{phonenumbers.parse(caller, None).country_code}{number}"
