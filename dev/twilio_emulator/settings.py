"""Behavior that the control API may change while the emulator runs."""

from dataclasses import asdict, dataclass, fields


@dataclass
class Settings:
    """Settings with their units.

    :param auto_answer: seconds after which a ringing telephone answers by itself, None = never.
    :param cps: maximum calls per second started through REST, 0 = no limit.
    :param signalling_loss: seconds that a browser's leg survives without signalling connection.
    :param tone: default frequency (Hz) of a telephone's voice, 0 = silence.
    :param heartbeat: seconds between two heartbeats to a browser.
    :param rfc4733: whether browsers may send keys as RTP events.
    :param answer_delay: seconds between ``initiated`` and ``ringing`` of an outgoing leg.
    """

    auto_answer: float | None = None
    cps: float = 1.0
    signalling_loss: float = 30.0
    tone: float = 440.0
    heartbeat: float = 5.0
    rfc4733: bool = True
    answer_delay: float = 0.1

    def update(self, values):
        """Change some settings.

        :param dict values: setting name -> value.
        :raise ValueError: for an unknown name.
        """
        unknown = set(values) - {field.name for field in fields(self)}
        if unknown:
            raise ValueError("Unknown setting: {}".format(", ".join(sorted(unknown))))
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self):
        """Return all settings as a plain dictionary."""
        return asdict(self)
