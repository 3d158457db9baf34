"""Phases of a call: what a call really is, in plain Python.

`state` is stored and reported. What decides is the phase, which is the state together with a few
facts. `PHASES` is the only place that says so: the table and the picture in docs/architecture.md
are generated from it (`dev/phases`), and `telephony.call._get_phase` finds the phase of a call.
"""

from dataclasses import dataclass, field

#: Where the customer's leg belongs in a phase: at the steps of the flow, in the waiting queue, in
#: the conference, or nowhere yet.
PLACES = ("", "flow", "queue", "conference")

#: The roles in which a browser can ask to be admitted to the conference, in words.
ROLES = {
    "agent": "the call's user",
    "offered": "agents with an open offer",
    "consulted": "the consulted colleague",
    "supervisor": "supervisors who monitor the call",
}

#: What limits the duration of a phase, in words. If the webhook that should end it is lost, the
#: reconciliation does it.
TIMERS = {
    "claim": "the agent who accepted has to connect",
    "offers": "the offers expire",
    "queue_wait": "the caller has waited for the maximum of the queue",
    "consultation": "the consulted party has to answer and to connect",
    "rejoin": "the lost agent has to rejoin",
}


@dataclass(frozen=True)
class CallFacts:
    """The facts that determine the phase of a call.

    :param str state: one of `tools.call_states.CALL_STATES`.
    :param str direction: `incoming` or `outgoing`.
    :param bool is_queue_callback: this is a queue callback whose customer was not dialed yet.
    :param bool is_answered: customer and agent have talked.
    :param bool is_connected: another party is in the conference, with whom the customer can talk.
    :param bool is_held: the agent holds the call for another one.
    :param bool is_claimed: the call has a user. Until the conversation, that agent has to connect.
    :param str step: kind of the flow step that has the caller, or empty.
    :param str transfer: the open transfer: `blind`, `returning`, `consultation`, `conference`, or
        empty.
    """

    state: str
    direction: str = "incoming"
    is_queue_callback: bool = False
    is_answered: bool = False
    is_connected: bool = False
    is_held: bool = False
    is_claimed: bool = False
    step: str = ""
    transfer: str = ""


@dataclass(frozen=True)
class Phase:
    """One row of the table.

    :param str name: key used in code.
    :param tuple states: states of the call in which the phase is possible.
    :param dict when: facts → values that they must have.
    :param str condition: the same in words.
    :param str place: where the customer's leg belongs, one of `PLACES`.
    :param str hears: what the customer hears.
    :param tuple admits: roles of the browsers that are admitted to the conference, see `ROLES`.
        An agent who is `offered` the call accepts it by connecting.
    :param tuple leaves_to: phases that may follow; every phase but the last may also end.
    :param str deadline: when the phase ends at the latest.
    :param tuple timers: what ends the phase at the latest, of `TIMERS`.
    """

    name: str
    states: tuple
    when: dict = field(default_factory=dict)
    condition: str = ""
    place: str = ""
    hears: str = "–"
    admits: tuple = ()
    leaves_to: tuple = ()
    deadline: str = "–"
    timers: tuple = ()

    def fits(self, facts):
        """Return whether a call with these facts is in this phase, unless an earlier one fits."""
        return facts.state in self.states and all(
            getattr(facts, name) == value for name, value in self.when.items()
        )


RINGS = ("offering", "awaiting_agents")
#: Phases of a conversation between customer and agent, who may be away for a moment.
CONVERSATIONS = ("conference", "consulting", "talking", "held", "agent_lost")
#: Phases after an agent was lost, or was never reached: the caller continues in the flow.
ROUTES = ("in_flow", "waiting", *RINGS)

#: The first phase that fits counts.
PHASES = (
    Phase("ended", ("ended",), condition="`outcome` is set"),
    Phase(
        "queue_callback",
        ("queued",),
        {"is_queue_callback": True, "is_claimed": False},
        "outgoing, no customer leg, `queue_callback_id` is set",
        admits=("offered",),
        leaves_to=("claimed",),
        deadline="24 h",
    ),
    Phase(
        "fresh",
        ("new",),
        {},
        "just created; outgoing: the customer's telephone does not ring yet",
        admits=("agent",),
        leaves_to=("dialing", "talking", "agent_lost", *ROUTES),
        deadline="30 s, then the reconciliation",
    ),
    Phase(
        "claimed",
        ("ringing", "queued"),
        {"is_claimed": True, "is_connected": False},
        "`user_id` is set; the agent connects until `deadline_at`",
        "queue",
        "ringback",
        ("agent",),
        ("joining", "dialing", "transferring", "returning", "queue_callback", *ROUTES, "talking"),
        "15 s, 60 s with a trial account, 45 s for a custom phone",
        ("claim",),
    ),
    Phase(
        "dialing",
        ("ringing", "queued"),
        {"direction": "outgoing", "is_answered": False, "is_connected": True},
        "outgoing; the agent is connected, the customer's telephone rings",
        "conference",
        "the own telephone rings",
        ("agent",),
        ("talking", "agent_lost"),
        "30 s of ringing",
    ),
    Phase(
        "joining",
        ("ringing", "queued"),
        {"is_connected": True},
        "the agent is in the conference, the customer is not yet",
        "conference",
        "ringback",
        ("agent",),
        ("talking", "claimed", "transferring", "returning", "agent_lost", *ROUTES),
        "15 s, then the reconciliation",
    ),
    Phase(
        "returning",
        ("ringing", "queued"),
        {"transfer": "returning"},
        "the target of a blind transfer did not answer; the call rings at the sender",
        "queue",
        "ringback",
        ("offered",),
        ("claimed", "joining", "talking", "agent_lost", *ROUTES),
        "20 s",
        ("offers",),
    ),
    Phase(
        "transferring",
        ("ringing", "queued"),
        {"transfer": "blind"},
        "answered before, blind transfer not taken yet",
        "queue",
        "ringback, or the music of the queue",
        ("offered",),
        ("claimed", "joining", "returning", "talking", "agent_lost", *ROUTES),
        "20 s, 32 s for a number, maximum wait of a queue",
        ("offers", "queue_wait"),
    ),
    Phase(
        "waiting",
        ("queued",),
        {},
        "in a queue, no user",
        "queue",
        "music and announcements; ringback while it rings at an agent",
        ("offered",),
        ("claimed", "joining", "talking", *ROUTES),
        "maximum wait of the queue",
        ("offers", "queue_wait"),
    ),
    Phase(
        "offering",
        ("ringing",),
        {},
        "a step rings agents, no user",
        "queue",
        "ringback",
        ("offered",),
        ("claimed", "joining", "talking", *ROUTES),
        "expiry of the offers; 300 s without a free line at the provider",
        ("offers",),
    ),
    Phase(
        "awaiting_agents",
        ("routing",),
        {"step": "ring"},
        "all agents of the ring step ring for another call",
        "flow",
        "ringback",
        leaves_to=ROUTES,
        deadline="duration of one ringing",
    ),
    Phase(
        "in_flow",
        ("routing",),
        {},
        "a step has the caller",
        "flow",
        "the step",
        leaves_to=(*ROUTES, "talking"),
        deadline="50 steps without waiting",
    ),
    Phase(
        "conference",
        ("in_progress",),
        {"transfer": "conference", "is_connected": True},
        "three parties talk",
        "conference",
        "both",
        ("agent", "consulted", "supervisor"),
        ("talking", "agent_lost"),
        timers=("consultation",),
    ),
    Phase(
        "consulting",
        ("in_progress",),
        {"transfer": "consultation", "is_connected": True},
        "a consultation rings, connects or talks",
        "conference",
        "music, or the agent while it rings",
        ("agent", "consulted", "supervisor"),
        ("conference", "talking", "agent_lost"),
        "20 s to answer, 15 s to connect, 32 s for a number",
        ("consultation",),
    ),
    Phase(
        "talking",
        ("in_progress",),
        {"is_connected": True},
        "customer and agent are in the conference",
        "conference",
        "the agent",
        ("agent", "supervisor"),
        ("consulting", "conference", "held", "agent_lost", "transferring", "claimed", *ROUTES),
        "the longest call of the company",
    ),
    Phase(
        "held",
        ("in_progress",),
        {"is_held": True},
        "`held_at` is set: the agent is in another call",
        "queue",
        "music",
        leaves_to=("agent_lost", "talking", *ROUTES),
        deadline="checked every 60 s",
        timers=("rejoin",),
    ),
    Phase(
        "agent_lost",
        ("in_progress",),
        {},
        "the agent's leg is gone; `deadline_at` is set",
        "queue",
        "music",
        ("agent", "consulted", "supervisor"),
        ("talking", "consulting", "conference", "held", "transferring", *ROUTES),
        "30 s",
        ("consultation", "rejoin"),
    ),
)
#: name → phase
PHASE = {phase.name: phase for phase in PHASES}


def phase_of(facts):
    """Return the phase of a call.

    :param CallFacts facts: facts of the call
    :rtype: Phase
    :raise StopIteration: no phase fits, which the tests exclude for every combination of facts
    """
    return next(phase for phase in PHASES if phase.fits(facts))


def may_follow(name, next_name):
    """Return whether a phase may follow another one directly.

    :param str name: name of the earlier phase
    :param str next_name: name of the later phase
    """
    return next_name in (name, "ended", *PHASE[name].leaves_to) and (
        name != "ended" or next_name == "ended"
    )
