"""What runs come to: results, retries and their waits, snoozes, releases, typed data."""

import dataclasses
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from errands import (
    Backoff,
    Cancel,
    Errands,
    JobContext,
    JobFailed,
    JobStatus,
    PermanentFailure,
    Queue,
    Release,
    Snooze,
)
from errands.testing import FakeClock, application, run_until_idle
from tests.contract.steps import kinds


class RateLimited(Exception):
    def __init__(self, retry_after: Any) -> None:
        super().__init__("slow down")
        self.retry_after = retry_after


class BrokenInput(ValueError):
    pass


@dataclasses.dataclass
class Letter:
    to: str
    pages: int = 1


@pytest.fixture
def starts(app: Errands, clock: FakeClock) -> list[float]:
    """Seconds of fake time at which a run of `fail` began."""
    began: list[float] = []
    first = clock.now

    @app.handler("fail")
    async def fail(data: Any) -> None:
        began.append((clock.now - first).total_seconds())
        raise ValueError("boom")

    return began


async def test_a_result_is_kept(app: Errands, queue: Queue) -> None:
    @app.handler("double")
    async def double(data: int) -> dict[str, Any]:
        return {"value": data * 2, "text": "ünï"}

    job = await queue.add("double", 21)
    await run_until_idle(app)

    assert await job.result(timeout=1) == {"value": 42, "text": "ünï"}
    assert (job.status, job.attempts_made, job.starts) == (JobStatus.COMPLETED, 1, 1)
    assert job.finished_at is not None


async def test_a_sync_handler_runs_in_a_thread(app: Errands, queue: Queue) -> None:
    import threading

    @app.handler("where")
    def where(data: Any) -> bool:
        return threading.current_thread() is threading.main_thread()

    job = await queue.add("where")
    await run_until_idle(app)

    assert await job.result(timeout=1) is False


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"backoff": 2, "max_attempts": 4}, [0, 2, 4, 6]),
        ({"backoff": Backoff.linear(2), "max_attempts": 4}, [0, 2, 6, 12]),
        ({"backoff": Backoff.exponential(1), "max_attempts": 5}, [0, 1, 3, 7, 15]),
        ({"backoff": Backoff.exponential(1, factor=3), "max_attempts": 4}, [0, 1, 4, 13]),
        ({"backoff": Backoff.exponential(1, cap=3), "max_attempts": 5}, [0, 1, 3, 6, 9]),
        ({"backoff": 0, "max_attempts": 3}, [0, 0, 0]),
        ({}, [0, 1, 3]),
        ({"max_attempts": 1}, [0]),
    ],
    ids=["fixed", "linear", "exponential", "factor", "cap", "none", "default", "once"],
)
async def test_failed_runs_are_tried_again_after_their_backoff(
    app: Errands, queue: Queue, starts: list[float], options: dict[str, Any], expected: list[float]
) -> None:
    job = await queue.add("fail", **options)

    await run_until_idle(app)

    assert starts == expected
    await job.refresh()
    assert (job.status, job.attempts_made) == (JobStatus.FAILED, len(expected))
    assert job.reason == "ValueError: boom"
    assert [failure.attempt for failure in job.failures] == list(range(1, len(expected) + 1))
    assert "raise ValueError" in job.failures[0].traceback


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 10), (0.5, 7.5), (0.999, 5.005)])
async def test_jitter_takes_its_share_off_a_wait(
    url: str, clock: FakeClock, chance: float, expected: float
) -> None:
    async with application(url, clock=clock, chance=lambda: chance) as app:
        began: list[float] = []
        first = clock.now

        @app.handler("fail")
        async def fail(data: Any) -> None:
            began.append((clock.now - first).total_seconds())
            raise ValueError

        await app.queue().add("fail", backoff=10, jitter=0.5, max_attempts=2)
        await run_until_idle(app)

    assert began == [0, expected]


async def test_a_custom_backoff_says_how_long_and_when_to_stop(
    app: Errands, queue: Queue, starts: list[float]
) -> None:
    @app.backoff("by hand")
    def by_hand(attempts: int, error: BaseException) -> timedelta | float | None:
        assert str(error) == "boom"
        waits: list[timedelta | float | None] = [5, timedelta(seconds=7), None]
        return waits[attempts - 1]

    job = await queue.add("fail", backoff=Backoff.custom("by hand"), max_attempts=9)
    await run_until_idle(app)

    assert starts == [0, 5, 12]
    assert (await job.refresh()).status is JobStatus.FAILED


async def test_a_custom_backoff_that_fails_or_is_missing_is_stood_in_for(
    app: Errands, queue: Queue, starts: list[float]
) -> None:
    @app.backoff("broken")
    def broken(attempts: int, error: BaseException) -> float:
        raise RuntimeError("no idea")

    await queue.add("fail", backoff=Backoff.custom("broken"), max_attempts=3)
    await run_until_idle(app)
    assert starts == [0, 1, 3]

    await queue.add("fail", backoff=Backoff.custom("unknown"), max_attempts=2)
    await run_until_idle(app)
    assert starts[3:] == [3, 4]


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(30, 30), (timedelta(minutes=1), 60), (0, 0), ("soon", 1)]
)
async def test_retry_after_on_an_error_overrides_the_backoff(
    app: Errands, queue: Queue, clock: FakeClock, retry_after: Any, expected: float
) -> None:
    first = clock.now

    @app.handler("call")
    async def call(data: Any, context: JobContext) -> float:
        if context.attempt == 1:
            raise RateLimited(retry_after)
        return (clock.now - first).total_seconds()

    job = await queue.add("call")
    await run_until_idle(app)

    assert await job.result(timeout=1) == expected


async def test_a_permanent_failure_is_not_tried_again(app: Errands, queue: Queue) -> None:
    @app.handler("give up")
    async def give_up(data: Any) -> None:
        raise PermanentFailure("it will never work")

    job = await queue.add("give up", max_attempts=5)
    assert await run_until_idle(app) == 1

    with pytest.raises(JobFailed, match="it will never work"):
        await job.result(timeout=1)


@pytest.mark.parametrize("never", [[ValueError], ["ValueError"], [f"{__name__}.BrokenInput"]])
async def test_errors_named_by_never_are_matched_along_their_ancestors(
    app: Errands, queue: Queue, never: list[Any]
) -> None:
    @app.handler("read")
    async def read(data: bool) -> None:
        raise BrokenInput if data else TypeError

    await queue.add("read", data=True, max_attempts=3, never=never)
    assert await run_until_idle(app) == 1
    await queue.add("read", data=False, max_attempts=3, never=never)
    assert await run_until_idle(app) == 3


async def test_a_snooze_counts_no_attempt(app: Errands, queue: Queue, clock: FakeClock) -> None:
    first = clock.now

    @app.handler("later")
    async def later(data: Any, context: JobContext) -> Any:
        return Snooze(90) if context.starts == 1 else "done"

    job = await queue.add("later")
    await run_until_idle(app)

    assert await job.result(timeout=1) == "done"
    assert (job.attempts_made, job.starts) == (1, 2)
    assert clock.now - first == timedelta(seconds=90)
    assert await kinds(queue, job) == [
        "added", "active", "delayed", "waiting", "active", "completed"
    ]  # fmt: skip


async def test_max_starts_ends_endless_snoozing(app: Errands, queue: Queue) -> None:
    @app.handler("later")
    async def later(data: Any) -> Any:
        return Snooze(1)

    job = await queue.add("later", max_starts=3)
    assert await run_until_idle(app) == 3

    await job.refresh()
    assert (job.status, job.attempts_made, job.starts) == (JobStatus.FAILED, 0, 3)
    assert job.failures[-1].type == "TooManyStarts"


async def test_a_release_by_the_handler_takes_the_start_back_and_waits_a_little(
    app: Errands, queue: Queue, clock: FakeClock
) -> None:
    began: list[float] = []
    first = clock.now

    @app.handler("busy")
    async def busy(data: Any, context: JobContext) -> Any:
        began.append((clock.now - first).total_seconds())
        return Release() if len(began) < 4 else context.starts

    job = await queue.add("busy", max_starts=1)
    await run_until_idle(app)

    assert await job.result(timeout=1) == 1
    assert began == [0, 0.1, 0.3, 0.7]


async def test_no_handler_gives_its_job_back_without_a_wait(app: Errands, queue: Queue) -> None:
    @app.handler("busy")
    async def busy(data: Any, context: JobContext) -> Any:
        return Release(by_handler=False)

    job = await queue.add("busy")
    async with app.worker(scheduler=False):
        async for event in queue.events(after=0, job_id=job.id):
            if event.type == "released":
                break

    assert await kinds(queue, job) == ["added", "active", "released", "delayed"]


async def test_a_released_job_takes_its_old_place_again(app: Errands, queue: Queue) -> None:
    order: list[str] = []

    @app.handler("note")
    async def note(data: str) -> Any:
        order.append(data)
        if order == ["released"]:
            return Release()
        return None

    await queue.add("note", "released")
    await queue.add("note", "second", delay=0.1)
    await queue.add("note", "third", delay=0.1)
    await run_until_idle(app, concurrency=1)

    assert order == ["released", "released", "second", "third"]


async def test_a_handler_may_cancel_its_own_job(app: Errands, queue: Queue) -> None:
    @app.handler("not me")
    async def not_me(data: Any) -> Cancel:
        return Cancel("no longer wanted")

    job = await queue.add("not me")
    await run_until_idle(app)

    await job.refresh()
    assert (job.status, job.reason) == (JobStatus.CANCELLED, "no longer wanted")


@pytest.mark.parametrize("value", [object(), float("nan"), "a\0b", {"x": 2**70}], ids=count())
async def test_a_result_that_cannot_be_kept_is_a_failed_attempt(
    app: Errands, queue: Queue, value: Any
) -> None:
    @app.handler("return")
    async def give(data: Any) -> Any:
        return value

    job = await queue.add("return", max_attempts=2)
    assert await run_until_idle(app) == 2

    await job.refresh()
    assert job.status is JobStatus.FAILED
    assert "result" in job.reason


async def test_a_result_over_its_bound_is_a_failed_attempt(app: Errands, queue: Queue) -> None:
    @app.handler("return")
    async def give(data: Any) -> str:
        return "x" * 50

    job = await queue.add("return", max_attempts=1, max_payload=20)
    await run_until_idle(app)

    assert "PayloadTooLarge" in (await job.refresh()).reason


async def test_data_becomes_what_the_handler_asks_for(app: Errands, queue: Queue) -> None:
    @app.handler("print")
    async def print_letter(data: Letter) -> str:
        return f"{type(data).__name__} to {data.to}, {data.pages}"

    job = await queue.add("print", Letter("Ann"))
    await run_until_idle(app)

    assert await job.result(timeout=1) == "Letter to Ann, 1"
    assert job.data == {"to": "Ann", "pages": 1}


async def test_data_that_does_not_fit_the_handler_is_a_permanent_failure(
    app: Errands, queue: Queue
) -> None:
    @app.handler("print")
    async def print_letter(data: Letter) -> None:
        raise AssertionError("not reached")

    job = await queue.add("print", {"pages": "many"}, max_attempts=5)
    assert await run_until_idle(app) == 1

    assert "is not a Letter" in (await job.refresh()).reason


async def test_an_error_that_cannot_say_what_it_is_fails_its_job_only(
    app: Errands, queue: Queue
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @app.handler("mute")
    async def mute(data: Any) -> None:
        raise Mute

    job = await queue.add("mute", max_attempts=1)
    await run_until_idle(app)

    assert (await job.refresh()).status is JobStatus.FAILED


class Evasive(Exception):
    @property
    def retry_after(self) -> float:
        raise RuntimeError("ask me later")


class Undumpable:
    def model_dump(self, mode: str) -> Any:
        raise RuntimeError("no dump")


def _garbled() -> SyntaxError:
    error = SyntaxError("garbled")
    error.lineno, error.text = "x", 5  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Evasive("evaded"), "evaded"),
        (_garbled(), "garbled"),
        (GeneratorExit(), "GeneratorExit"),
        (SystemExit(3), "SystemExit: 3"),
        (StopIteration(), "StopIteration"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("is_async", [True, False])
async def test_every_error_ends_its_run(
    app: Errands, queue: Queue, is_async: bool, error: BaseException, reason: str
) -> None:
    async def raise_here(data: Any) -> None:
        raise error

    def raise_in_a_thread(data: Any) -> None:
        raise error

    app.handler("raise")(raise_here if is_async else raise_in_a_thread)
    async with app.worker(scheduler=False) as worker:
        job = await queue.add("raise", max_attempts=1)
        with pytest.raises(JobFailed, match=reason):
            await job.result(timeout=5)
        assert worker.active == 0


async def test_a_result_whose_own_code_fails_is_a_failed_attempt(
    app: Errands, queue: Queue
) -> None:
    @app.handler("dump")
    async def dump(data: Any) -> Any:
        return Undumpable()

    async with app.worker(scheduler=False):
        job = await queue.add("dump", max_attempts=1)
        with pytest.raises(JobFailed, match="no dump"):
            await job.result(timeout=5)


async def test_texts_of_errors_are_bounded_and_storable(app: Errands, queue: Queue) -> None:
    @app.handler("scream")
    async def scream(data: Any) -> None:
        raise ValueError("a\0b\ud800" + "x" * 100_000)

    job = await queue.add("scream", max_attempts=1)
    await run_until_idle(app)

    failure = (await job.refresh()).failures[0]
    assert failure.message.startswith("a\\x00b\\ud800xxx")
    assert len(failure.message) + len(failure.traceback) <= 16 * 1024


async def test_only_the_newest_ten_failures_are_kept(app: Errands, queue: Queue) -> None:
    @app.handler("fail")
    async def fail(data: Any, context: JobContext) -> None:
        raise ValueError(str(context.attempt))

    job = await queue.add("fail", max_attempts=12, backoff=0)
    await run_until_idle(app)

    kept = [failure.message for failure in (await job.refresh()).failures]
    assert kept == [str(number) for number in range(3, 13)]
