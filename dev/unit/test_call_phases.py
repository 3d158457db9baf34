"""The phases of a call, tried with every combination of facts and every event."""

import re
import sys
from dataclasses import fields, replace
from itertools import product
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from tools.call_phases import PHASE, PHASES, PLACES, ROLES, TIMERS, CallFacts, may_follow, phase_of
from tools.call_states import CALL_STATES, CALL_TRANSITIONS, LEG_RANK, call_target

import phases as page

VALUES = {
    "state": CALL_STATES,
    "direction": ("incoming", "outgoing"),
    "step": ("", "ring", "queue", "menu"),
    "transfer": ("", "blind", "returning", "consultation", "conference"),
}
FACTS = [
    CallFacts(*values)
    for values in product(*(VALUES.get(fact.name, (False, True)) for fact in fields(CallFacts)))
]


def has_customer_leg(facts):
    """Return whether a call with these facts can have a customer whose telephone rings.

    An outgoing call has a user, comes into a flow only after a conversation, and its customer is
    dialed when the agent has connected.
    """
    if facts.direction == "incoming" or facts.is_answered:
        return not facts.is_queue_callback
    is_dialed = facts.is_claimed and facts.is_connected and not facts.transfer
    return is_dialed and not facts.is_queue_callback and facts.state != "routing"


def test_every_combination_of_facts_has_one_phase():
    """The first row that fits counts, and some row always fits."""
    for facts in FACTS:
        assert facts.state in phase_of(facts).states


def test_no_row_is_dead():
    """Every phase is that of some facts: no row is hidden by the rows above it."""
    assert {phase_of(facts).name for facts in FACTS} == {phase.name for phase in PHASES}


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_row_is_sound(phase):
    """A row names existing states, facts, phases and places, and is complete for a reader."""
    assert set(phase.states) <= set(CALL_STATES)
    assert set(phase.when) <= {fact.name for fact in fields(CallFacts)}
    assert set(phase.leaves_to) <= set(PHASE)
    assert phase.place in PLACES
    assert phase.condition and phase.hears and phase.deadline
    assert set(phase.admits) <= set(ROLES)
    assert set(phase.timers) <= set(TIMERS)
    assert bool(phase.leaves_to) == (phase.name != "ended")


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_successors_agree_with_the_states(phase):
    """A phase leads to another one only where the table of states allows the same.

    The webhook that ends a phase may run the flow to its next step, by way of `routing`.
    """
    for name in phase.leaves_to:
        assert any(
            target in {state} | CALL_TRANSITIONS[state]
            or ("routing" in CALL_TRANSITIONS[state] and target in CALL_TRANSITIONS["routing"])
            for state in phase.states
            for target in PHASE[name].states
        ), name


@pytest.mark.parametrize("state", CALL_STATES)
def test_every_transition_of_the_state_has_phases(state):
    """Each arrow in the table of states is the way of some phase."""
    for target in CALL_TRANSITIONS[state]:
        assert any(
            may_follow(phase.name, other.name)
            for phase in PHASES
            for other in PHASES
            if state in phase.states and target in other.states
        ), target


def test_no_one_is_admitted_where_no_conference_is_near():
    """At the steps of a flow, on hold for another call and after the end, no browser connects."""
    refusing = {phase.name for phase in PHASES if not phase.admits}
    assert refusing == {"ended", "awaiting_agents", "in_flow", "held"}


def test_event_of_a_leg_leads_to_a_listed_phase():
    """Phase × event: wherever a leg's status moves a call, the table lists that way."""
    roles = ("customer", "agent", "consulted", "supervisor")
    tried = 0
    for facts, role, status in product(FACTS, roles, LEG_RANK):
        target = call_target(facts.direction, role, status)
        if target not in CALL_TRANSITIONS[facts.state] or not has_customer_leg(facts):
            continue
        if target == "ringing" and (facts.is_answered or facts.state != "new"):
            continue  # the customer's telephone rings once, when it was dialed
        after = replace(facts, state=target, is_queue_callback=False)
        if target == "in_progress":
            after = replace(after, is_answered=True)
            if facts.transfer or facts.is_held or facts.is_answered:
                continue  # these belong to a conversation, which is in progress already
        tried += 1
        assert may_follow(phase_of(facts).name, phase_of(after).name), (facts, status)
    assert tried


def test_a_connected_customer_belongs_into_the_conference():
    """The place of a running call follows from who is there, in every phase."""
    for facts in FACTS:
        phase = phase_of(facts)
        if facts.is_connected and facts.state in ("ringing", "queued", "in_progress"):
            assert phase.place == "conference" or phase.name == "queue_callback", facts


def get_methods(pattern):
    """Return what a pattern finds in the names of the models' methods."""
    sources = (page.REPO / "models").rglob("*.py")
    method = re.compile(rf"def _{pattern}\(")
    return {name for source in sources for name in method.findall(source.read_text("utf-8"))}


def test_role_has_a_method_that_admits_it():
    """The models admit each role of the table, and no other one."""
    assert get_methods(r"admit_(\w+)") - {"party"} == set(ROLES)


def test_timer_has_its_methods():
    """The models know when each timer of the table has run out, and what happens then."""
    assert get_methods(r"is_(\w+)_due") == set(TIMERS)
    assert get_methods(r"on_(\w+)_due") == set(TIMERS)


def test_every_phase_with_a_limited_wait_has_a_timer():
    """Where a customer waits for an agent, the reconciliation knows the end of the wait."""
    for phase in PHASES:
        assert bool(phase.timers) == (phase.place == "queue") or phase.timers == ("consultation",)


def test_every_phase_in_the_queue_has_its_sound():
    """A response names an existing phase, and none is missing where the customer waits."""
    waits, refusals = get_methods(r"wait_while_(\w+)"), get_methods(r"refuse_while_(\w+)")
    assert waits <= set(PHASE)
    assert get_methods(r"next_while_(\w+)") <= set(PHASE)
    in_queue = {phase.name for phase in PHASES if phase.place == "queue"}
    assert in_queue - waits == {"claimed"}  # it waits for a deadline, and is then another phase
    # Whoever may be enqueued may also be refused there.
    assert refusals == in_queue | {"awaiting_agents", "in_flow"}


def test_page_is_current():
    """docs/architecture.md has the present table and picture; `dev/phases` writes them."""
    assert page.get_section() in page.PAGE.read_text(encoding="utf-8")
