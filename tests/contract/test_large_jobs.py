"""What jobs carry may be large: whoever changes many of them does not load it."""

import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from errands import Errands, Queue
from errands.testing import FakeClock
from tests.contract.steps import LEASE, claim_and_vanish

LARGE = "a" * 500_000
COUNT = 20
MOST = 4_000_000
"""Bytes that such a verb may need at once; what the jobs carry is 10 MB."""

Verb = Callable[[], Awaitable[object]]


async def needed(verb: Verb) -> int:
    """How many bytes of objects were there at once, beyond those before."""
    tracemalloc.start()
    try:
        await verb()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def add(queue: Queue, **options: object) -> None:
    """Add many large jobs."""
    await queue.add_many([("x", LARGE, options)] * COUNT)


@pytest.mark.parametrize("verb", ["drain", "clean", "obliterate", "promote_many"])
async def test_a_verb_over_many_jobs_loads_nothing_large(queue: Queue, verb: str) -> None:
    await add(queue, delay=60)
    verbs: dict[str, Verb] = {
        "drain": queue.drain,
        "clean": lambda: queue.clean(status="delayed"),
        "obliterate": queue.obliterate,
        "promote_many": queue.promote_many,
    }

    assert await needed(verbs[verb]) < MOST


async def test_the_scheduler_loads_nothing_large(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    scheduler = app.scheduler()
    await add(queue, delay=60, expires_in=100, keep_failed=timedelta(seconds=10))
    clock.advance(60)
    assert await needed(scheduler.sweep) < MOST

    await claim_and_vanish(app, limit=COUNT // 2)
    clock.advance(LEASE)
    assert await needed(scheduler.sweep) < MOST

    clock.advance(60)
    assert await needed(scheduler.sweep) < MOST
    clock.advance(60)
    assert await needed(scheduler.sweep) < MOST
