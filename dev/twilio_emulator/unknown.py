"""Twilio's reactions that no document settles, each with a setting.

A default is the reaction that is harder for an application, or the documented one.
`dev/live` asks a real account and names the setting that differs from it.
"""

#: Setting -> its possible values. An emulator is surprising if each has not its default.
OPPOSITES = {
    "lean_side_requests": (True, False),
    "ended_while_ringing": ("completed", "canceled"),
    "wait_failure": ("error", "fallback"),
    "unlisted_language": ("silent", "spoken"),
    "recording_lag": (0.5, 0.0),
    "read_lag": (0.0, 3.0),
    "ringing_listed": (True, False),
    "early_join": (True, False),
    "empty_application": ("accepted", "refused"),
    "conference_keys": (True, False),
    "mp3_channels": (1, 2),
    "names_on_update": (True, False),
    "emergency_activation": ("refused", "accepted"),
    "keys_survive_promotion": (True, False),
    "limit_signal": ("error", "hangup"),
    "trial_browser_prompt": (True, False),
}


def other_reaction(name, default):
    """Return the first possible value of a setting that is not its default."""
    return next(value for value in OPPOSITES[name] if value != default)
