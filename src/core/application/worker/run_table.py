"""The runs of a worker: which are under way, which have ended and wait to be settled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ...domain.job.job import Job
from ...domain.job.outcome import Outcome, Release
from ...domain.job.unreadable import UnreadableJob
from ...ports.lease_repository import Held, Renewal
from ...ports.unit_of_work import UnitOfWork
from ..use_cases.report import ProgressReport
from ..use_cases.settle import CycleResult, Settlement, WorkerCycle, run_cycle
from .execution.run import Run, Stop
from .execution.run_dependencies import RunDependencies

_log = logging.getLogger("errands.worker")


def warn_of_unreadable(put_off: Sequence[UnreadableJob]) -> None:
    """Say once of each of these jobs why it does not run; its events say it each time."""
    for job in put_off:
        if job.put_offs == 1:
            _log.warning("job %s is put off: %s", job.ref, job.why_unreadable())


class RunTable:
    """Starts runs and gathers their outcomes for the next transaction.

    `held` are the leases to renew: a run's until its outcome is committed. `unbegun` are the jobs
    of the cycle under way, whose runs a blocked event loop may keep from beginning. `idle` is set
    while nothing runs and everything is settled, and once the worker has ended. `worked` holds
    the queues it has claimed from since they were last found empty, with the time of the last
    claim.
    """

    def __init__(self, tools: RunDependencies, *, changed: Callable[[], None]) -> None:
        self._tools = tools
        self._reporter = tools.reporter
        self._changed = changed
        self._runs: dict[int, Run] = {}
        self._given_up: set[Run] = set()
        self._ended: list[Settlement] = []
        self._being_settled: tuple[Settlement, ...] = ()
        self._reports: list[ProgressReport] = []
        self.held: dict[int, Held] = {}
        self.unbegun: Sequence[Job] = ()
        self.worked: dict[str, datetime] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def taken(self) -> int:
        """RunTable in use, those of abandoned runs included."""
        return len(self._runs) + len(self._given_up)

    @property
    def abandoned(self) -> int:
        """Runs that are settled but have not returned."""
        return len(self._given_up)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs, and nothing waits to be settled."""
        return not self._runs and not self._ended

    @property
    def is_running(self) -> bool:
        """Whether a job runs whose outcome is still to come."""
        return bool(self._runs)

    @property
    def runs_suspect(self) -> bool:
        """Whether the one job that runs has to be alone."""
        return len(self._runs) == 1 and any(run.job.is_suspect for run in self._runs.values())

    @property
    def unsettled(self) -> int:
        """Runs that have ended and wait to be settled."""
        return len(self._ended)

    def run_cycle(self, uow: UnitOfWork, cycle: WorkerCycle) -> CycleResult:
        """See `use_cases.settle`; notes at once, on whatever thread, which leases it got."""
        result = run_cycle(uow, cycle)
        self.unbegun = result.claimed
        return result

    def held_unbegun(self) -> list[Held]:
        """The leases of `unbegun`; from any thread."""
        return [Held(job.key, job.token or "") for job in self.unbegun]

    def start(self, job: Job) -> None:
        """Begin a run; one of the same job whose lease was taken meanwhile is ended."""
        before = self._runs.get(job.key)
        if before is not None:
            before.stop(Stop.LEASE_LOST)
        run = Run(job, self._tools, ended=self._note_end, returned=self._note_return)
        self._runs[job.key] = run
        self.held[job.key] = run.held
        if job.started_at is not None:
            self.worked[job.queue] = job.started_at
        self.idle.clear()
        run.start()

    def take(self) -> tuple[tuple[Settlement, ...], tuple[ProgressReport, ...]]:
        """What has ended since the last time, with the progress that was not written yet."""
        self._being_settled, self._ended = tuple(self._ended), []
        reports, self._reports = self._reports, []
        return self._being_settled, tuple(reports)

    def put_back(
        self, settlements: Sequence[Settlement], reports: Sequence[ProgressReport]
    ) -> None:
        """Keep outcomes that could not be written for the next time."""
        self._ended[:0] = settlements
        self._reports[:0] = reports

    def settled(self, settlements: Sequence[Settlement], result: CycleResult) -> None:
        """Outcomes are committed, but for those that came too late or are to be tried again."""
        stale = {settlement.job.key for settlement in result.stale}
        for settlement in settlements:
            key = settlement.job.key
            held = self.held.get(key)
            if held is not None and held.token == settlement.token and key not in stale:
                del self.held[key]
        self._being_settled = tuple(
            each for each in self._being_settled if each.job.key in self.held
        )
        if stale:
            self.put_back(result.stale, ())
            self._changed()
        if not self.held:
            self.idle.set()
        for settlement in result.rejected:
            _log.warning(
                "job %s: this run's lease was taken, its end is dropped", settlement.job.ref
            )

    def stop_all(self, reason: Stop) -> None:
        """Ask every run to end."""
        for run in list(self._runs.values()):
            run.stop(reason)

    def given_back(self) -> list[Settlement]:
        """How each job it holds ends where no run goes on; from any thread.

        What had ended ends as it did, what runs is released.
        """
        ends = {each.held: each for each in (*self._being_settled, *self._ended)}
        for run in list(self._runs.values()):
            release = Settlement(run.job, run.held.token, Release(by_handler=False))
            ends.setdefault(run.held, release)
        return [each for held, each in ends.items() if self.held.get(held.key) == held]

    def told(self, task: asyncio.Task[Any]) -> str | None:
        """The job whose handler a task runs, in words; None where it runs none."""
        runs = (*self._runs.values(), *self._given_up)
        found = (run.job for run in runs if run.is_run_by(task))
        return next((f"job {job.ref} ({job.name})" for job in found), None)

    def note_renewal(self, found: Renewal) -> None:
        """Act on lost leases and cancel requests that a renewal has found."""
        for held in found.lost:
            self._stop_one(held, Stop.LEASE_LOST)
        for held in found.flagged:
            self._stop_one(held, Stop.CANCEL)

    def _stop_one(self, held: Held, reason: Stop) -> None:
        run = self._runs.get(held.key)
        if run is None or run.held != held:
            return
        if reason is Stop.LEASE_LOST:
            _log.warning("job %s: its lease was taken, its run is cancelled", run.job.ref)
        run.stop(reason)

    def _note_end(self, run: Run, outcome: Outcome) -> None:
        """Keep an outcome, also where a signal's handler raises in the middle of it.

        Progress that is being written comes first: after the end it would be refused.
        """
        try:
            self._end(run, outcome)
        except BaseException:
            self._end(run, outcome)
            raise

    def _end(self, run: Run, outcome: Outcome) -> None:
        writing = self._reporter.under_way(run.held)
        if writing is not None:
            writing.add_done_callback(lambda _: self._note_end(run, outcome))
            return
        report = self._reporter.take(run.held)
        if report is not None:
            self._reports.append(report)
        if not run.is_kept:
            settlement = Settlement(run.job, run.held.token, outcome)
            self._ended += [settlement]  # Not by a call, behind which a signal may come.
            run.is_kept = True
        if self._runs.get(run.job.key) is run:
            del self._runs[run.job.key]
        if not run.has_returned:
            self._given_up.add(run)
        self._changed()

    def _note_return(self, run: Run) -> None:
        self._given_up.discard(run)
        self._changed()
