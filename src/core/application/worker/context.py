"""What a handler is given beside its data."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ...domain.errors import InvalidOption, JobCancelled, LeaseLost
from ...domain.job.durations import duration
from ...domain.job.failure import storable
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.outcome import Complete
from ...ports.lease_repository import Held
from ...ports.run_journal import NewLine
from ..thread_wake_event import ThreadWakeEvent
from ..use_cases.report import LogReport, ProgressReport, save_state
from ..use_cases.settle import Settlement, complete
from .patience import Patience

if TYPE_CHECKING:
    from .run_dependencies import RunDependencies


class BaseContext:
    """The facts of one run.

    `attempt` counts from 1; `idempotency_key` is the same for every run of the job, for
    side effects that must not happen twice.
    """

    def __init__(self, job: Job, data: Any, tools: RunDependencies) -> None:
        self._job = job
        self._tools = tools
        self._state = job.state
        self._progress: float | None = None
        self._is_over = False
        self.data = data

    @property
    def id(self) -> str:
        """The job's id."""
        return self._job.id

    @property
    def queue(self) -> str:
        """Its queue."""
        return self._job.queue

    @property
    def name(self) -> str:
        """Its name."""
        return self._job.name

    @property
    def ref(self) -> JobRef:
        """(queue, id)."""
        return self._job.ref

    @property
    def idempotency_key(self) -> str:
        """The same for every run of this job, and for no other job."""
        return f"{self._job.queue}/{self._job.id}"

    @property
    def attempt(self) -> int:
        """Which attempt this run is."""
        return self._job.attempts_made + 1

    @property
    def max_attempts(self) -> int:
        """How many attempts there may be."""
        return self._job.policy.retry.max_attempts

    @property
    def starts(self) -> int:
        """How many runs have begun, this one included."""
        return self._job.starts

    @property
    def crashes(self) -> int:
        """How many runs have lost their worker."""
        return self._job.crashes

    @property
    def priority(self) -> int:
        """Its priority."""
        return self._job.priority

    @property
    def created_at(self) -> datetime:
        """When it was added."""
        return self._job.created_at

    @property
    def deadline(self) -> datetime | None:
        """The moment after which no attempt starts."""
        return self._job.policy.deadline

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._job.labels.tags

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata."""
        return self._job.labels.metadata

    @property
    def trace_context(self) -> Mapping[str, str]:
        """The tracing headers it was added with."""
        return self._job.labels.trace_context

    @property
    def state(self) -> Any:
        """What an earlier run saved, or this one; None before."""
        return None if self._state is None else self._tools.codec.decode(self._state)

    @property
    def _held(self) -> Held:
        return Held(self._job.key, self._job.token or "")

    def end(self) -> None:
        """The run is over: what it still writes waits for nothing."""
        self._is_over = True

    @property
    def _patience(self) -> Patience:
        return Patience(self._tools, lambda: self._is_over)

    def _encoded(self, value: Any, field: str) -> str:
        limit = self._job.policy.max_payload
        return self._tools.codec.encode(value, field=field, limit=limit)

    def _report(self, value: Any) -> ProgressReport | None:
        """The value as it is now; None for a number smaller than one before."""
        text = self._encoded(value, "progress")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self._progress is not None and value < self._progress:
                return None
            self._progress = value
        return ProgressReport(self.ref, self._held, text, self._tools.codec.decode(text))

    def _line(self, line: str) -> LogReport:
        text = storable(_text(line))
        return LogReport(self.ref, NewLine(self._held, text, self._job.policy.keep_logs))

    def _completion(self, result: Any) -> Settlement:
        outcome = Complete(self._encoded(result, "result"))
        return Settlement(self._job, self._held.token, outcome)


def _text(line: object) -> str:
    try:
        return str(line)
    except Exception as error:  # `str` of what is no string may raise anything
        raise InvalidOption("line", f"this {type(line).__name__} has no text") from error


def _waited(seconds: object) -> float:
    is_over = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds < 0
    length = timedelta(0) if is_over else duration(seconds, "seconds")
    return min(length.total_seconds(), threading.TIMEOUT_MAX)


class JobContext(BaseContext):
    """The context of an async handler, whose task is cancelled when the job is."""

    async def update_progress(self, value: Any) -> None:
        """Tell how far the run is: a number or any JSON value.

        Written soon: writes are at most ten a second, the latest wins, the last one is
        always written. A number smaller than one told before is ignored.
        """
        report = self._report(value)
        if report is not None:
            self._tools.reporter.progress(report)

    async def log(self, line: str) -> int:
        """Add a line to the job's log and return how many are kept.

        A store that is away is waited for. Raises `LeaseLost` if the run is not the job's any
        more, and the store's error where it does not pass, or is a lock that stays taken.
        """
        report = self._line(line)
        kept = await self._patience.over(partial(self._tools.reporter.log, report))
        if kept is None:
            raise LeaseLost(self.id, self.queue)
        return kept

    async def save_state(self, value: Any) -> None:
        """Keep a JSON value for the runs to come.

        Raises `InvalidPayload`, and what `log` raises; waits as that does.
        """
        text = self._encoded(value, "state")
        work = partial(save_state, ref=self.ref, held=self._held, state=text)
        await self._patience.over(partial(self._tools.store.transact, work))
        self._state = text

    async def complete_in(self, connection: Any, result: Any = None) -> None:
        """Complete the job in the caller's transaction: with its commit, or not at all.

        `connection` is a SQLAlchemy Connection, Session, AsyncConnection or AsyncSession on
        the queue's database. Raises `LeaseLost` where another write has taken the lease or
        the run was given up, being out of time or cancelled; the caller's transaction should
        then be rolled back. What the handler returns afterwards counts only if that
        transaction was rolled back. Raises `InvalidPayload` for a result without JSON form.
        """
        work = partial(complete, completion=self._completion(result))
        if not await self._tools.store.within_async(connection, work):
            raise LeaseLost(self.id, self.queue)


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
