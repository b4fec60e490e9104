# Generated from job_handle.py: change that, then run `make generate`.
"""A job in the caller's hands: its values when it was read, and what can be done with it."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

from ...domain.job.durations import Duration, duration
from ...domain.job.job import Job
from ...domain.job.options import checked_flag
from ...domain.job.priority import checked_priority
from ...ports.job_logs import LogLine
from ..job_validator import checked_count
from ..listing import checked_limit
from ..result_waiter import result_of
from ..services import Services
from ..snapshot import JobSnapshot
from ..use_cases import manage, read
from ..use_cases.changes import Decide

NEWEST_LINES = 1_000


class SyncJobHandle(JobSnapshot):
    """A snapshot with verbs.

    Each verb runs in a transaction of its own and refreshes the snapshot; it raises
    `JobNotFound` for a job that is gone and `IllegalTransition` where the job's status
    does not allow it.

    Synchronous: for programs without an event loop, from any thread.
    """

    __slots__ = ("_services",)

    def __init__(self, job: Job, services: Services, *, is_new: bool = False) -> None:
        super().__init__(job, services.codec, is_new=is_new)
        self._services = services

    def refresh(self) -> Self:
        """Read the job again."""
        self._job = self._services.store.read_sync(partial(read.get_job, ref=self.ref))
        return self

    def result(self, timeout: Duration | None = None) -> Any:
        """Wait until the job has ended and return its result.

        Raises `JobFailed`, `JobCancelled`, `JobRemoved`, and `ResultTimeout` after
        `timeout` (seconds or timedelta; None waits as long as it takes).
        """
        limit = None if timeout is None else duration(timeout, "timeout")
        self._job = self._services.results.ended_sync(self.ref, limit)
        return result_of(self._job, self._codec)

    def cancel(self, reason: str = "") -> Self:
        """Cancel it: at once where it is not active, else its run is asked to end."""
        return self._change(manage.CancelJob(reason))

    def retry(self, *, reset_attempts: bool = False) -> Self:
        """Run a settled job again; out of attempts it runs once more."""
        return self._change(manage.Retry(checked_flag(reset_attempts, "reset_attempts")))

    def promote(self) -> Self:
        """Make a delayed job ready now."""
        return self._change(manage.Promote())

    def change_delay(self, delay: Duration) -> Self:
        """Make a delayed job due so much from now."""
        return self._change(manage.ChangeDelay(duration(delay, "delay")))

    def change_priority(self, priority: int, *, lifo: bool = False) -> Self:
        """Move it to another priority: to its tail, or with `lifo` to its head."""
        change = manage.ChangePriority(checked_priority(priority), checked_flag(lifo, "lifo"))
        return self._change(change)

    def update_data(self, data: Any) -> Self:
        """Replace the input of a job that has not started."""
        text = self._codec.encode(data, field="data", limit=self._job.policy.max_payload)
        work = partial(manage.update_data, ref=self.ref, data=text)
        self._job = self._services.store.transact_sync(work)
        return self

    def remove(self, *, force: bool = False) -> None:
        """Delete it; an active one only by force, and its finish is then rejected."""
        work = partial(manage.remove_job, ref=self.ref, force=checked_flag(force, "force"))
        self._services.store.transact_sync(work)

    def logs(self, limit: int = NEWEST_LINES) -> list[LogLine]:
        """Its newest log lines, oldest first."""
        work = partial(read.read_logs, ref=self.ref, limit=checked_limit(limit))
        return self._services.store.read_sync(work)

    def clear_logs(self, keep: int = 0) -> int:
        """Remove all but the newest `keep` lines; how many went."""
        work = partial(manage.clear_logs, ref=self.ref, keep=checked_count(keep, "keep"))
        return self._services.store.transact_sync(work)

    def _change(self, decide: Decide) -> Self:
        work = partial(manage.change, ref=self.ref, decide=decide)
        self._job = self._services.store.transact_sync(work)
        return self
