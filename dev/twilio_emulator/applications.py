"""Calls from browsers, handled by the application of the browser's token."""

from .legs import Leg, number_callbacks


def start_application_call(emulator, grants, params, browser):
    """Start a browser's call.

    :param dict grants: of the browser's token.
    :param dict params: the page's arguments of ``device.connect``; they cannot be trusted.
    :return: the leg, or None if the token's application does not exist.
    :raise Refusal: if the account has too many calls.
    """
    outgoing = grants["voice"].get("outgoing") or {}
    application = emulator.store.applications.get(outgoing.get("application_sid"))
    if application is None:
        emulator.logs.error(31002, "No application {}".format(outgoing.get("application_sid")))
        return None
    emulator.limits.check_concurrency()
    params = {**params, **(outgoing.get("params") or {})}
    leg = Leg(
        emulator,
        "inbound",
        "client:" + grants["identity"],
        params.get("To", ""),
        browser,
        callbacks=number_callbacks(application),
    )
    leg.first_params = {
        **{name: value for name, value in params.items() if name not in RESERVED},
        "ApplicationSid": application["sid"],
    }
    emulator.start_inbound(leg, application)
    return leg


#: Parameters a page cannot set.
RESERVED = frozenset(
    {
        "AccountSid",
        "ApiVersion",
        "ApplicationSid",
        "CallSid",
        "CallStatus",
        "Called",
        "Caller",
        "Direction",
        "From",
        "To",
    }
)
