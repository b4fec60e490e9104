"""Moments far away are kept to the millisecond, like those nearby."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from errands import InvalidOption, Queue
from errands.testing import FakeClock

FAR = [
    datetime(2242, 3, 16, 12, 56, 31, 999000, UTC),
    datetime(2500, 1, 1, 0, 0, 0, 1000, UTC),
    datetime(9999, 1, 1, 0, 0, 0, 1000, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 998000, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
]


async def test_moments_far_away_come_back_to_the_millisecond(queue: Queue) -> None:
    jobs = await queue.add_many([("x", n, {"run_at": at}) for n, at in enumerate(FAR)])

    listed = {job.data: job.run_at for job in (await queue.jobs(newest_first=False)).jobs}
    for number, (job, at) in enumerate(zip(jobs, FAR, strict=True)):
        assert listed[number] == (await queue.get(job.id)).run_at == job.run_at == at


async def test_a_moment_after_the_last_is_refused(queue: Queue) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    west = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))

    for at in (last, west):
        with pytest.raises(InvalidOption) as caught:
            await queue.add("x", run_at=at)
        assert caught.value.field == "run_at"


async def test_a_clock_of_a_far_year_writes_exact_times(queue: Queue, clock: FakeClock) -> None:
    clock.advance_to(datetime(2999, 12, 31, 23, 59, 59, 7000, UTC))

    job = await queue.add("x", delay=0.001)

    read = await queue.get(job.id)
    assert read.created_at == clock.now
    assert read.run_at == clock.now + timedelta(milliseconds=1)
    events = [event async for event in queue.events(after=0, follow=False)]
    assert {event.at for event in events} == {clock.now}
