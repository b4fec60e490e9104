"""The context of a handler in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ....domain.errors import JobCancelled, LeaseLost
from ....domain.job.durations import duration
from ....domain.job.job import Job
from ...thread_wake_event import ThreadWakeEvent
from ...use_cases.report import ProgressReport, save_state
from ...use_cases.settle import complete
from .context import BaseContext

if TYPE_CHECKING:
    from .run_dependencies import RunDependencies


class SyncJobContext(BaseContext):
    """The context of a sync handler in its thread; cancelling sets `is_cancelled`."""

    def __init__(
        self, job: Job, data: Any, tools: RunDependencies, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(job, data, tools)
        self._loop = loop
        self._latest: deque[ProgressReport] = deque(maxlen=1)
        self._is_posted = False
        self._is_cancelled = False
        self._cancelled = ThreadWakeEvent()

    @property
    def is_cancelled(self) -> bool:
        """Whether the run was asked to end."""
        return self._is_cancelled

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` if the run was asked to end; call it now and then."""
        if self._is_cancelled:
            raise JobCancelled(self.id, "the run was asked to end")

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the run is asked to end; whether it was.

        A negative time is none, as what is left of a time that is over.
        """
        if not self._is_cancelled and self._cancelled.wait(_waited(seconds)):
            self._cancelled.set()  # For whoever else waits: the handler's own threads.
        return self._is_cancelled

    def set_cancelled(self) -> None:
        """Ask the run to end."""
        self._is_cancelled = True
        self._cancelled.set()

    def update_progress(self, value: Any) -> None:
        """See `JobContext.update_progress`."""
        report = self._report(value)
        if report is None:
            return
        # The loop is called once for all that is told before it comes to it.
        self._latest.append(report)
        if not self._is_posted:
            self._is_posted = True
            self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        self._is_posted = False
        if self._latest:
            self._tools.reporter.progress(self._latest.pop())

    def log(self, line: str) -> int:
        """See `JobContext.log`; raises `JobCancelled` when the run is to end while it waits."""
        report = self._line(line)

        def write() -> int | None:
            writing = self._tools.reporter.log(report)
            return asyncio.run_coroutine_threadsafe(writing, self._loop).result()

        kept = self._patience.over_sync(write, self._rest)
        if kept is None:
            raise LeaseLost(self.id, self.queue)
        return kept

    def save_state(self, value: Any) -> None:
        """See `JobContext.save_state`, and `log`."""
        text = self._encoded(value, "state")
        work = partial(save_state, ref=self.ref, held=self._held, state=text)
        self._patience.over_sync(partial(self._tools.store.transact_sync, work), self._rest)
        self._state = text

    def _rest(self, seconds: float) -> None:
        self._cancelled.wait(seconds)
        self.check_cancelled()

    def complete_in(self, connection: Any, result: Any = None) -> None:
        """See `JobContext.complete_in`; takes a Connection or Session."""
        work = partial(complete, completion=self._completion(result))
        if not self._tools.store.within(connection, work):
            raise LeaseLost(self.id, self.queue)


def _waited(seconds: object) -> float:
    is_over = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds < 0
    length = timedelta(0) if is_over else duration(seconds, "seconds")
    return min(length.total_seconds(), threading.TIMEOUT_MAX)
