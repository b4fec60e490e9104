"""Progress and log lines of runs, written together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

import attrs

from ....ports.lease_repository import Held
from ....ports.store import Store
from ...apart import Apart
from ...backoff import AFTER_ERROR
from ...doubt import Doubt
from ...trouble import Trouble
from ...use_cases.report import LogReport, ProgressReport, record

BETWEEN_WRITES: Final = 0.1
"""Seconds between two writes of progress alone."""

LATE: Final = 1.0
"""Seconds after which a timer is held to have been cut off by a signal."""

_log = logging.getLogger("errands.worker")


@attrs.frozen(eq=False)
class _Line:
    report: LogReport
    kept: asyncio.Future[int | None]


class Reporter:
    """Latest progress wins and is written at most ten times a second; the last one always is.

    Log lines are written at once, those that come together in one transaction. What the
    database does not take keeps none of the others from being written. While the store fails
    for a while, progress waits for it; log lines are their writers' to try again.

    A signal handler may raise between any two lines: what it cuts off is told to its writer, and
    what comes next is written.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._progress: dict[Held, ProgressReport] = {}
        self._lines: list[_Line] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._under_way: dict[Held, asyncio.Task[None]] = {}
        self._pause = BETWEEN_WRITES
        self._is_closed = False

    def progress(self, report: ProgressReport) -> None:
        """Take in the newest progress of a run."""
        self._progress[report.held] = report
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.when() + LATE < loop.time():
            self._timer = loop.call_later(self._pause, self._rest)
            loop.call_soon(self._flush)

    async def log(self, report: LogReport) -> int | None:
        """Write a line; how many its job keeps, None where the lease is lost."""
        loop = asyncio.get_running_loop()
        line = _Line(report, loop.create_future())
        if not self._lines:
            # Before there is a line: none may stand there that nobody writes. And twice, since
            # the first call may be cut off before its first line.
            loop.call_soon(self._flush)
            loop.call_soon(self._flush)
        self._lines.append(line)
        return await line.kept

    def take(self, held: Held) -> ProgressReport | None:
        """The unwritten progress of a run that has ended, to be written with its end."""
        return self._progress.pop(held, None)

    def under_way(self, held: Held) -> asyncio.Future[None] | None:
        """The write of a run's progress that is being made; its end must not come before it."""
        writing = self._under_way.get(held) if self._under_way else None
        return None if writing is None or writing.done() else writing

    async def close(self) -> None:
        """Write what is left."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if self._writing:
            await asyncio.gather(*self._writing, return_exceptions=True)

    def _rest(self) -> None:
        """The pause after a write is over: write what has come meanwhile."""
        self._timer = None
        if self._progress:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._rest)
            self._flush()

    def _flush(self) -> None:
        if not self._progress and not self._lines:
            return
        progress, self._progress = self._progress, {}
        lines, self._lines = self._lines, []
        try:
            reports: list[ProgressReport | _Line] = [*progress.values(), *lines]
            task = asyncio.ensure_future(self._write(reports, earlier=tuple(self._writing)))
            task.add_done_callback(partial(self._note_written, lines))
            self._writing.add(task)
            self._under_way.update((held, task) for held in progress)
        except BaseException as error:
            self._note_failed(error, [*progress.values(), *lines])
            raise

    def _note_written(self, lines: Sequence[_Line], task: asyncio.Task[None]) -> None:
        self._writing = {other for other in self._writing if not other.done()}
        self._under_way = {held: on for held, on in self._under_way.items() if not on.done()}
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._note_failed(error, lines)

    async def _write(
        self, reports: Sequence[ProgressReport | _Line], *, earlier: Collection[asyncio.Task[None]]
    ) -> None:
        """Write all together, or apart where the database does not take one of them."""
        if earlier:
            await asyncio.wait(earlier)
        apart, doubt = Apart(reports), Doubt()
        for part in apart:
            try:
                await self._record(part)
                doubt.taken()
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                if not doubt.is_of_one(error, part) or not apart.again(part, error):
                    self._note_failed(error, part)

    async def _record(self, part: Sequence[ProgressReport | _Line]) -> None:
        lines = [member for member in part if isinstance(member, _Line)]
        progress = [member for member in part if isinstance(member, ProgressReport)]
        work = partial(record, progress=progress, lines=[line.report for line in lines])
        kept = await self._store.transact(work)
        self._pause = BETWEEN_WRITES
        for line, count in zip(lines, kept, strict=True):
            if not line.kept.done():
                line.kept.set_result(count)

    def _note_failed(self, error: BaseException, part: Sequence[ProgressReport | _Line]) -> None:
        for line in part:
            if isinstance(line, _Line) and not line.kept.done():
                line.kept.set_exception(error)
        progress = [member for member in part if isinstance(member, ProgressReport)]
        if progress and Trouble.of(error) is Trouble.PASSING and not self._is_closed:
            self._keep(progress)
            return
        for report in progress:
            _log.warning("job %s: its progress was not written: %s", report.ref, error)

    def _keep(self, progress: Sequence[ProgressReport]) -> None:
        """Write it later, but for what is older than a write that is under way."""
        for report in progress:
            if self._under_way.get(report.held) is asyncio.current_task():
                self._progress.setdefault(report.held, report)
        self._pause = min(self._pause * 2, AFTER_ERROR[1])
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._rest)
