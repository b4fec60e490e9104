import asyncio
from typing import Any

import pytest

from errands.core.application.use_cases.report import LogReport, ProgressReport
from errands.core.application.worker.execution.reporter import Reporter
from errands.core.domain.job.identity import JobRef
from errands.core.ports.lease_repository import Held
from errands.core.ports.run_journal import NewLine
from errands.core.ports.store import Work
from errands.infrastructure.persistence.open_store import open_store
from errands.infrastructure.settings import Settings
from errands.infrastructure.wakeups.local_wakeup import LocalWakeup
from errands.testing import FakeClock, FaultyStore

REF, HELD = JobRef("mail", "x"), Held(1, "token")


class RecordingStore(FaultyStore):
    """Remembers what was written."""

    def __init__(self) -> None:
        super().__init__(open_store(Settings(url="memory://"), FakeClock(), LocalWakeup()))
        self.written: list[Any] = []
        self.initialize_sync()

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        answer = await super().transact(work, **how)
        given: dict[str, Any] = getattr(work, "keywords", {})
        self.written.append([report.value for report in given["progress"]] + given["lines"])
        return answer


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


def progress(value: int) -> ProgressReport:
    return ProgressReport(REF, HELD, str(value), value)


def a_line(text: str) -> LogReport:
    return LogReport(REF, NewLine(HELD, text, 10))


async def test_the_latest_progress_wins_and_the_last_is_written(store: RecordingStore) -> None:
    reporter = Reporter(store=store)
    for value in range(5):
        reporter.progress(progress(value))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reporter.progress(progress(5))
    reporter.progress(progress(6))
    await reporter.close()

    assert store.written == [[4], [6]]


async def test_what_is_taken_for_the_end_of_a_run_is_not_written_twice(
    store: RecordingStore,
) -> None:
    reporter = Reporter(store=store)
    reporter.progress(progress(1))

    report = reporter.take(HELD)
    await reporter.close()

    assert report is not None
    assert (report.value, reporter.take(HELD), store.written) == (1, None, [])


async def test_lines_that_come_together_are_one_write(store: RecordingStore) -> None:
    reporter = Reporter(store=store)
    lines = [a_line(text) for text in "abc"]

    kept = await asyncio.gather(*map(reporter.log, lines))

    assert kept == [None, None, None]  # nobody holds this lease
    assert store.written == [lines]
    await reporter.close()


async def test_a_line_that_cannot_be_written_is_told_to_its_writer(store: RecordingStore) -> None:
    reporter = Reporter(store=store)
    store.break_down()

    with pytest.raises(OSError, match="broken"):
        await reporter.log(a_line("a"))

    store.repair()
    assert await reporter.log(a_line("b")) is None
    await reporter.close()


class HeldUpStore(RecordingStore):
    """Its first write takes long."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = asyncio.Event()
        self.is_first = True

    async def transact(self, work: Work[Any], **how: bool) -> Any:
        if self.is_first:
            self.is_first = False
            await self.may_write.wait()
        return await super().transact(work, **how)


async def test_a_write_that_is_held_up_is_not_overtaken() -> None:
    store = HeldUpStore()
    reporter = Reporter(store=store)
    reporter.progress(progress(1))
    await asyncio.sleep(0)
    reporter.progress(progress(2))
    closing = asyncio.ensure_future(reporter.close())
    await asyncio.sleep(0.01)

    store.may_write.set()
    await closing

    assert store.written == [[1], [2]]
