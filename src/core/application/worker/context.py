"""What a handler is given beside its data."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from ...domain.errors import JobCancelled, LeaseLost
from ...domain.job.failure import storable
from ...domain.job.identity import JobRef
from ...domain.job.job import Job
from ...domain.job.outcome import Complete
from ...ports.job_logs import NewLine
from ...ports.lease_repository import Held
from ..use_cases.report import LogReport, ProgressReport, save_state
from ..use_cases.settle import Settlement, complete

if TYPE_CHECKING:
    from .tools import Tools


class BaseContext:
    """The facts of one run.

    `attempt` counts from 1; `idempotency_key` is the same for every run of the job, for
    side effects that must not happen twice.
    """

    def __init__(self, job: Job, data: Any, tools: Tools) -> None:
        self._job = job
        self._tools = tools
        self._state = job.state
        self._progress: float | None = None
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
        return LogReport(
            self.ref, NewLine(self._held, storable(str(line)), self._job.policy.keep_logs)
        )

    def _completion(self, result: Any) -> Settlement:
        outcome = Complete(self._encoded(result, "result"))
        return Settlement(self._job, self._held.token, outcome)


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

        Raises `LeaseLost` if the run is not the job's any more.
        """
        kept = await self._tools.reporter.log(self._line(line))
        if kept is None:
            raise LeaseLost(self.id, self.queue)
        return kept

    async def save_state(self, value: Any) -> None:
        """Keep a JSON value for the runs to come. Raises `LeaseLost`, `InvalidPayload`."""
        text = self._encoded(value, "state")
        work = partial(save_state, ref=self.ref, held=self._held, state=text)
        await self._tools.store.transact(work)
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

    def __init__(self, job: Job, data: Any, tools: Tools, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(job, data, tools)
        self._loop = loop
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether the run was asked to end."""
        return self._cancelled.is_set()

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` if the run was asked to end; call it now and then."""
        if self._cancelled.is_set():
            raise JobCancelled(self.id, "the run was asked to end")

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than until the run is asked to end; whether it was."""
        return self._cancelled.wait(seconds)

    def set_cancelled(self) -> None:
        """Ask the run to end."""
        self._cancelled.set()

    def update_progress(self, value: Any) -> None:
        """See `JobContext.update_progress`."""
        report = self._report(value)
        if report is not None:
            self._loop.call_soon_threadsafe(self._tools.reporter.progress, report)

    def log(self, line: str) -> int:
        """See `JobContext.log`."""
        report = self._line(line)
        writing = asyncio.run_coroutine_threadsafe(self._tools.reporter.log(report), self._loop)
        kept = writing.result()
        if kept is None:
            raise LeaseLost(self.id, self.queue)
        return kept

    def save_state(self, value: Any) -> None:
        """See `JobContext.save_state`."""
        text = self._encoded(value, "state")
        work = partial(save_state, ref=self.ref, held=self._held, state=text)
        self._tools.store.transact_sync(work)
        self._state = text

    def complete_in(self, connection: Any, result: Any = None) -> None:
        """See `JobContext.complete_in`; takes a Connection or Session."""
        work = partial(complete, completion=self._completion(result))
        if not self._tools.store.within(connection, work):
            raise LeaseLost(self.id, self.queue)
