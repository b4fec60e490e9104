"""What people do to jobs and queues: pause, retry, change, remove, in ones and in bulk."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from errands import (
    Errands,
    IllegalTransition,
    JobContext,
    JobHandle,
    JobNotFound,
    JobStatus,
    Keep,
    Queue,
    Snooze,
)
from errands.core.application.use_cases.settle import Settlement, settle
from errands.core.domain.job.outcome import Complete
from errands.testing import FakeClock, application, run_until_idle
from tests.contract.steps import claim_and_vanish, ids, kinds


@pytest.fixture
def handled(app: Errands) -> None:
    """`ok` completes, `fail` fails for good at its only attempt."""

    @app.handler("ok")
    async def ok(data: Any) -> Any:
        return data

    @app.handler("fail")
    async def fail(data: Any) -> None:
        raise ValueError(f"no {data}")


async def test_a_paused_queue_takes_jobs_and_gives_none(
    app: Errands, queue: Queue, handled: None
) -> None:
    await queue.pause()
    job = await queue.add("ok", 1)
    async with app.worker(scheduler=False):
        other = await app.queue("other").add("ok")
        assert app.sync.queue().is_paused()
        await asyncio.sleep(0)
        assert (await job.refresh()).status is JobStatus.WAITING

        await queue.resume()
        assert await job.result(timeout=5) == 1

    assert (await other.refresh()).status is JobStatus.WAITING
    assert not await queue.is_paused()


async def test_a_pause_outlives_the_application(url: str) -> None:
    app = Errands(url)
    async with app:
        await app.queue().pause()
    store = app.container.store() if url.startswith("memory") else None

    async with Errands(url, store=store) as again:
        assert await again.queue().is_paused()


async def test_pausing_twice_is_told_once(queue: Queue) -> None:
    for verb in (queue.pause, queue.pause, queue.resume, queue.resume):
        await verb()

    assert await kinds(queue) == ["paused", "resumed"]


async def test_a_retry_that_falls_due_while_paused_does_not_run(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    @app.handler("fail once")
    async def fail_once(data: Any, context: JobContext) -> int:
        if context.attempt == 1:
            await queue.pause()
            raise ValueError
        return context.attempt

    job = await queue.add("fail once", backoff=10)
    await run_until_idle(app)
    clock.advance(60)
    assert await run_until_idle(app) == 0
    assert (await job.refresh()).status is JobStatus.WAITING

    await queue.resume()
    await run_until_idle(app)
    assert await job.result(timeout=1) == 2


async def test_a_job_out_of_attempts_runs_once_more_by_retry(
    app: Errands, queue: Queue, handled: None
) -> None:
    job = await queue.add("fail", "luck", max_attempts=2, backoff=0)
    assert await run_until_idle(app) == 2

    await job.retry()
    assert (job.status, job.finished_at, job.attempts_made) == (JobStatus.WAITING, None, 2)
    assert await run_until_idle(app) == 1
    assert (await job.refresh()).attempts_made == 3

    await job.retry(reset_attempts=True)
    assert job.attempts_made == 0
    assert await run_until_idle(app) == 2


async def test_a_retry_goes_to_the_tail(app: Errands, queue: Queue, handled: None) -> None:
    done = await queue.add("ok")
    await run_until_idle(app)
    other = await queue.add("ok")

    await done.retry()

    claimed = await claim_and_vanish(app, limit=2)
    assert [job.id for job in claimed] == [other.id, done.id]


async def test_a_job_that_has_not_ended_cannot_be_retried_or_promoted(queue: Queue) -> None:
    job = await queue.add("ok")

    for verb in (job.retry, job.promote):
        with pytest.raises(IllegalTransition) as caught:
            await verb()
        assert (caught.value.job_id, caught.value.status) == (job.id, "waiting")
    assert await kinds(queue) == ["added"]


async def test_new_data_is_what_the_run_gets(app: Errands, queue: Queue, handled: None) -> None:
    job = await queue.add("ok", {"old": 1}, delay=5)

    await job.update_data({"new": 2})
    await run_until_idle(app)

    assert await job.result(timeout=1) == {"new": 2}
    with pytest.raises(IllegalTransition):
        await job.update_data(3)
    assert (await job.refresh()).data == {"new": 2}


async def test_a_removed_job_is_gone_with_its_logs(app: Errands, queue: Queue) -> None:
    @app.handler("talk")
    async def talk(data: Any, context: JobContext) -> None:
        await context.log("hello")

    job = await queue.add("talk", job_id="x")
    await run_until_idle(app)
    await job.remove()

    assert await queue.find("x") is None
    again = await queue.add("talk", job_id="x")
    assert again.is_new
    assert await again.logs() == []


async def test_an_active_job_is_removed_by_force_only(app: Errands, queue: Queue) -> None:
    job = await queue.add("ok")
    run = (await claim_and_vanish(app))[0]
    with pytest.raises(IllegalTransition):
        await job.remove()

    await job.remove(force=True)

    with pytest.raises(JobNotFound):
        await job.refresh()
    finish = Settlement(run, run.token or "", Complete("1"))
    dropped = await app.container.store().transact(lambda uow: settle(uow, [finish]))
    assert dropped == [finish]
    assert (await kinds(queue))[-2:] == ["removed", "lease_lost"]


async def test_a_finish_does_not_settle_a_new_job_of_the_same_id(
    app: Errands, queue: Queue
) -> None:
    await queue.add("ok", job_id="x")
    run = (await claim_and_vanish(app))[0]
    await (await queue.get("x")).remove(force=True)
    again = await queue.add("ok", job_id="x")
    await claim_and_vanish(app)

    finish = Settlement(run, run.token or "", Complete("1"))
    assert await app.container.store().transact(lambda uow: settle(uow, [finish])) == [finish]

    assert (await again.refresh()).status is JobStatus.ACTIVE


async def in_every_status(app: Errands, queue: Queue) -> dict[str, str]:
    """One job of each status; their ids by it."""
    made: dict[str, str] = {}
    for status, name, options in [
        ("completed", "ok", {}),
        ("failed", "fail", {"max_attempts": 1}),
        ("cancelled", "ok", {"delay": 1}),
    ]:
        job = await queue.add(name, **options)
        if status == "cancelled":
            await job.cancel()
        else:
            await run_until_idle(app, within=0)
        made[status] = job.id
    made["active"] = (await queue.add("ok")).id
    await claim_and_vanish(app)
    made["delayed"] = (await queue.add("ok", delay=60)).id
    made["waiting"] = (await queue.add("ok")).id
    return made


async def left(queue: Queue) -> set[str]:
    return {job.status.value for job in (await queue.jobs(limit=1_000)).jobs}


async def test_drain_removes_what_has_not_started(
    app: Errands, queue: Queue, handled: None
) -> None:
    await in_every_status(app, queue)

    assert await queue.drain(delayed=False) == 1
    assert await left(queue) == {"active", "delayed", "completed", "failed", "cancelled"}
    assert await queue.drain() == 1
    assert await left(queue) == {"active", "completed", "failed", "cancelled"}
    assert (await kinds(queue))[-2:] == ["removed", "cleaned"]


async def test_clean_goes_by_status_age_and_limit(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    old = [await queue.add("ok", number) for number in range(3)]
    await run_until_idle(app)
    clock.advance(60)
    young = await queue.add("ok", 3)
    await run_until_idle(app)

    assert await queue.clean(60.001) == 0
    assert await queue.clean(60, limit=2) == 2
    assert await ids(queue, "completed") == [old[2].id, young.id]
    assert await queue.clean(status="failed") == 0
    assert await queue.clean(0, limit=0) == 0
    assert await queue.clean(timedelta(0), status=["completed", "failed"]) == 2


async def test_clean_never_removes_a_job_that_runs(
    app: Errands, queue: Queue, handled: None
) -> None:
    await in_every_status(app, queue)

    await queue.clean(status="active")
    await queue.clean(status=list(JobStatus))

    assert await left(queue) == {"active"}


async def test_obliterate_refuses_while_a_job_is_active(
    app: Errands, queue: Queue, handled: None
) -> None:
    await in_every_status(app, queue)

    with pytest.raises(IllegalTransition):
        await queue.obliterate()

    assert len((await queue.jobs()).jobs) == 6


async def test_a_forced_obliterate_leaves_nothing(
    app: Errands, queue: Queue, handled: None
) -> None:
    let_go, began = asyncio.Event(), asyncio.Event()

    @app.handler("hang")
    async def hang(data: Any) -> None:
        began.set()
        await let_go.wait()

    await queue.pause()
    await queue.resume()
    await app.queue("other").add("ok")
    async with app.worker("default", scheduler=False):
        await queue.add("hang")
        await asyncio.wait_for(began.wait(), 5)
        assert await queue.obliterate(force=True) == 1
        let_go.set()

    assert (await queue.jobs()).jobs == ()
    assert [one.name for one in await app.queues()] == ["other"]
    assert "completed" not in await kinds(queue)


async def test_an_obliterated_queue_is_usable_again(
    app: Errands, queue: Queue, handled: None
) -> None:
    await queue.add("ok")
    await queue.pause()
    await queue.obliterate()

    job = await queue.add("ok", 1)
    await run_until_idle(app)

    assert await job.result(timeout=1) == 1
    assert [one.name for one in await app.queues()] == ["default"]


async def failed_one_by_one(app: Errands, queue: Queue, clock: FakeClock) -> list[str]:
    """Eight failed jobs, a second apart."""
    made: list[str] = []
    for number in range(8):
        made.append((await queue.add("fail", number, max_attempts=1)).id)
        await run_until_idle(app)
        clock.advance(1)
    return made


async def test_retry_many_keeps_the_order(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    failed = await failed_one_by_one(app, queue, clock)

    assert await queue.retry_many() == 8

    assert [job.id for job in await claim_and_vanish(app, limit=9)] == failed


async def test_retry_many_takes_those_before_a_moment(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    failed = await failed_one_by_one(app, queue, clock)
    before = clock.now - timedelta(seconds=5)

    assert await queue.retry_many(before=before, limit=2) == 2
    assert await ids(queue, "waiting") == failed[:2]
    assert await queue.retry_many(before=before) == 1
    assert await ids(queue, "waiting") == failed[:3]
    assert await queue.retry_many(status=["completed", "cancelled"]) == 0


async def test_promote_many_keeps_the_order(app: Errands, queue: Queue) -> None:
    jobs = await queue.add_many([("ok", n, {"delay": 60 - n}) for n in range(5)])

    assert await queue.promote_many(limit=2) == 2
    assert await queue.promote_many() == 3

    claimed = await claim_and_vanish(app, limit=9)
    assert [job.id for job in claimed] == [job.id for job in jobs]


async def test_bulk_verbs_reach_beyond_one_batch(app: Errands, queue: Queue) -> None:
    await queue.add_many([("ok", n, {"delay": 60}) for n in range(1_201)])

    assert await queue.promote_many(limit=700) == 700
    assert await queue.promote_many() == 501
    assert await queue.drain() == 1_201


@pytest.mark.parametrize(
    ("keep", "kept"),
    [(True, 4), (False, 0), (2, 2), (0, 0), (timedelta(seconds=30), 1), (Keep(1), 1)],
    ids=["for ever", "not at all", "count", "none", "age", "keep"],
)
async def test_settled_jobs_are_kept_by_count_and_age(
    app: Errands, clock: FakeClock, handled: None, keep: Any, kept: int
) -> None:
    queue = app.queue()
    jobs: list[JobHandle] = []
    for number in range(4):
        jobs.append(await queue.add("ok", number, keep_completed=keep))
        await run_until_idle(app)
        clock.advance(15)

    await app.scheduler().sweep()

    assert await ids(queue, "completed") == [job.id for job in jobs][4 - kept :]


async def test_failed_and_cancelled_jobs_are_kept_by_their_own_rule(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    await queue.add("fail", max_attempts=1)
    await queue.add("ok")
    await (await queue.add("ok", delay=1)).cancel()
    await run_until_idle(app)

    clock.advance(timedelta(days=7))
    assert (await app.scheduler().sweep())["purged"] == 1
    assert await left(queue) == {"failed", "cancelled"}
    clock.advance(timedelta(days=23))
    assert (await app.scheduler().sweep())["purged"] == 2


async def test_a_retried_job_is_not_removed_for_its_old_age(
    app: Errands, queue: Queue, clock: FakeClock, handled: None
) -> None:
    job = await queue.add("ok", keep_completed=timedelta(seconds=1))
    await run_until_idle(app)
    await job.retry()
    await queue.pause()

    clock.advance(60)
    await app.scheduler().sweep()

    assert (await job.refresh()).status is JobStatus.WAITING


async def test_old_events_are_removed_but_never_the_newest(url: str, clock: FakeClock) -> None:
    async with application(url, clock=clock, keep_events=60) as app:
        queue = app.queue()
        await queue.add_many([("ok", n) for n in range(1_200)])
        clock.advance(61)
        job = await queue.add("ok")
        await app.scheduler().sweep()

        events = [event async for event in queue.events(after=0, follow=False)]

    assert [event.job_id for event in events] == [job.id]
    assert events[0].id == 1_201


async def test_an_error_is_found_by_its_text(app: Errands, queue: Queue, handled: None) -> None:
    await queue.add_many([("fail", n, {"max_attempts": 1}) for n in ("100%", "under_score", "ü")])
    await run_until_idle(app)

    async def found(text: str) -> list[str]:
        return [job.data for job in (await queue.jobs(error=text, newest_first=False)).jobs]

    assert await found("no ü") == ["ü"]
    assert await found("%") == ["100%"]
    assert await found("ValueError: no") == ["100%", "under_score", "ü"]
    assert await found("nope") == []


async def test_a_snoozed_job_may_be_promoted_and_changed(app: Errands, queue: Queue) -> None:
    @app.handler("later")
    async def later(data: Any, context: JobContext) -> Any:
        return data if context.starts > 1 else Snooze(60)

    job = await queue.add("later", 1)
    await run_until_idle(app, within=0)
    await job.update_data(2)
    await job.promote()
    await run_until_idle(app, within=0)

    assert await job.result(timeout=1) == 2


async def test_an_obliterated_queue_is_known_again_with_its_next_job(app: Errands) -> None:
    queue = app.queue("again")
    await queue.add("x")
    await queue.obliterate()
    await queue.add("x")

    assert [summary.name for summary in await app.queues()] == ["again"]


async def test_a_queue_obliterated_without_a_loop_is_known_again(app: Errands) -> None:
    queue = app.sync.queue("again")
    queue.add("x")
    queue.obliterate()
    queue.add("x")

    assert [summary.name for summary in app.sync.queues()] == ["again"]
