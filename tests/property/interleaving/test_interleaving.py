"""Sides on one store, stopped between their statements and units, in any order: nothing is lost."""

import os
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import stores
from tests.property.interleaving import rules
from tests.property.interleaving.scene import STATES, Plan, play
from tests.property.interleaving.turns import Burst
from tests.property.interleaving.verbs import BULK, BY_NAME, VERBS, Verb

EXAMPLES = int(os.environ.get("ERRANDS_INTERLEAVINGS", "40"))
"""On each store; `make faults` looks at many more."""
END = 60
"""More gates than any verb has."""
verbs = st.sampled_from(VERBS)
few = st.sampled_from([2, 3, 4, 1, 2, 3, 5, 6])
"""Gates into the middle of a verb: most have read their first page behind two or three."""
gates = few | st.just(END)
states = st.just(STATES) | st.lists(st.sampled_from(STATES), unique=True)
plans = st.builds(
    Plan,
    states=states,
    sides=st.lists(st.lists(verbs, min_size=1, max_size=2), min_size=2, max_size=3),
    followers=st.sampled_from([0, 0, 2]),
    order=st.lists(st.tuples(st.integers(0, 4), gates), min_size=2, max_size=8),
)


def bulk_beside(bulk: Verb, others: Sequence[Verb], first: int, rest: Sequence[Burst]) -> Plan:
    """Somebody else goes on while a bulk verb is under way."""
    return Plan(STATES, [[bulk], others], 0, [(0, first), *rest])


def readers_beside(verb: Verb, first: int, between: int, last: int) -> Plan:
    """A reader is under way, then a writer, then another reader."""
    order = [(1, first), (0, between), (2, last)]
    return Plan(STATES, [[verb, BY_NAME["add two"]]], 2, order)


bulk_beside_others = st.builds(
    bulk_beside,
    st.sampled_from(BULK),
    st.lists(verbs, min_size=1, max_size=4),
    few,
    st.lists(st.tuples(st.just(1) | st.integers(0, 1), gates), min_size=1, max_size=3),
)
followers_beside_writers = st.builds(readers_beside, verbs, few, gates, gates)


def plan(sides: Sequence[str], order: Sequence[Burst], followers: int = 0) -> Plan:
    """One verb a side."""
    return Plan(STATES, [[BY_NAME[name]] for name in sides], followers, order)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", stores.chosen())
@settings(max_examples=EXAMPLES)
@example(plan(["clean failed", "retry"], [(0, 2), (1, END)]))
@example(plan(["clean failed", "retry many"], [(0, 3), (1, END)]))
@example(plan(["drain", "work"], [(0, 2), (1, END)]))
@example(plan(["drain", "work"], [(0, 3), (1, END)]))
@example(plan(["obliterate by force", "add two"], [(0, 2), (1, END)]))
@example(plan(["obliterate by force", "add two"], [(0, 6), (1, END)]))
@example(plan(["add two"], [(1, 2), (0, END), (2, END)], followers=2))
@example(plan(["add two"], [(1, 3), (0, END), (2, END)], followers=2))
@given(plan=st.one_of(bulk_beside_others, bulk_beside_others, followers_beside_writers, plans))
def test_whatever_is_interleaved_nothing_is_lost(store: str, plan: Plan) -> None:
    rules.check(play(plan, store))
