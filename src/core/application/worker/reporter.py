"""Progress and log lines of runs, written together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

import attrs

from ...ports.lease_repository import Held
from ...ports.store import Store
from ..use_cases.report import LogReport, ProgressReport, record

BETWEEN_WRITES: Final = 0.1
"""Seconds between two writes of progress alone."""

_log = logging.getLogger("errands.worker")


@attrs.frozen(eq=False)
class _Line:
    report: LogReport
    kept: asyncio.Future[int | None]


class Reporter:
    """Latest progress wins and is written at most ten times a second; the last one always is.

    Log lines are written at once, those that come together in one transaction.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store
        self._progress: dict[Held, ProgressReport] = {}
        self._lines: list[_Line] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._in_order = asyncio.Lock()

    def progress(self, report: ProgressReport) -> None:
        """Take in the newest progress of a run."""
        self._progress[report.held] = report
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(BETWEEN_WRITES, self._rest)
            loop.call_soon(self._flush)

    async def log(self, report: LogReport) -> int | None:
        """Write a line; how many its job keeps, None where the lease is lost."""
        line = _Line(report, asyncio.get_running_loop().create_future())
        self._lines.append(line)
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_soon(self._flush)
        return await line.kept

    def take(self, held: Held) -> ProgressReport | None:
        """The unwritten progress of a run that has ended, to be written with its end."""
        return self._progress.pop(held, None)

    async def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if self._writing:
            await asyncio.gather(*self._writing, return_exceptions=True)

    def _rest(self) -> None:
        """The pause after a write is over: write what has come meanwhile."""
        self._timer = None
        if self._progress:
            self._timer = asyncio.get_running_loop().call_later(BETWEEN_WRITES, self._rest)
            self._flush()

    def _flush(self) -> None:
        if not self._progress and not self._lines:
            return
        progress, self._progress = list(self._progress.values()), {}
        lines, self._lines = self._lines, []
        task = asyncio.ensure_future(self._write(progress, lines))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, progress: Sequence[ProgressReport], lines: Sequence[_Line]) -> None:
        reports = [line.report for line in lines]
        work = partial(record, progress=progress, lines=reports)
        try:
            async with self._in_order:
                kept = await self._store.transact(work)
        except Exception as error:  # noqa: BLE001 - told to everybody who waits
            self._failed(error, lines)
            return
        for line, count in zip(lines, kept, strict=True):
            if not line.kept.done():
                line.kept.set_result(count)

    def _failed(self, error: Exception, lines: Sequence[_Line]) -> None:
        if not lines:
            _log.warning("progress was not written: %s", error)
        for line in lines:
            if not line.kept.done():
                line.kept.set_exception(error)
