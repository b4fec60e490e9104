"""A handler that wants its job back at once does not keep a worker spinning."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from errands import Errands, JobContext, JobStatus, Queue, Snooze
from errands.testing import FakeClock, run_until_idle


async def test_snoozes_without_a_delay_wait_longer_and_longer(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    began: list[Any] = []

    @app.handler("x")
    async def x(data: Any) -> Any:
        began.append(clock.now)
        return Snooze(0) if len(began) <= 8 else None

    job = await queue.add("x")
    await run_until_idle(app)

    waits = [after - before for before, after in pairwise(began)]
    assert [wait / timedelta(seconds=1) for wait in waits] == [
        0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5
    ]  # fmt: skip
    await job.refresh()
    assert (job.status, job.starts, job.attempts_made) == (JobStatus.COMPLETED, 9, 1)


async def test_a_snooze_with_a_delay_is_exact_and_begins_anew(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    delays = iter([0, 0, 0.001, 0])
    began: list[Any] = []

    @app.handler("x")
    async def x(data: Any, context: JobContext) -> Any:
        began.append(clock.now)
        delay = next(delays, None)
        return None if delay is None else Snooze(delay)

    await queue.add("x")
    await run_until_idle(app)

    waits = [after - before for before, after in pairwise(began)]
    assert [wait / timedelta(seconds=1) for wait in waits] == [0.1, 0.2, 0.001, 0.1]
