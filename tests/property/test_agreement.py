"""Every store does what the memory store does: the same commands, compared after each."""

import os
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from unittest import TestCase

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    multiple,
    precondition,
    rule,
)

from errands.core.application import bulk
from errands.core.application.use_cases import administer, maintain, manage, read, report
from errands.core.application.use_cases.add import NewJob, add_jobs
from errands.core.application.use_cases.settle import (
    CycleResult,
    Settlement,
    WorkerCycle,
    run_cycle,
    settle,
)
from errands.core.domain.job.identity import JobRef
from errands.core.domain.job.lease import Claim
from errands.core.domain.job.options import JobOptions
from errands.core.domain.job.outcome import Outcome
from errands.core.domain.job.status import JobStatus
from errands.core.ports.job_catalog import JobQuery
from errands.core.ports.run_journal import NewLine
from errands.core.ports.unit_of_work import UnitOfWork
from errands.testing import FakeClock, SequentialIds
from tests import stores
from tests.property import commands
from tests.property.sides import QUEUES, Agreement, Run, Side, open_sides

LEASE = timedelta(seconds=30)
_has_run = precondition(lambda machine: machine.both.sides[0].runs)
"""For a rule with a list of runs: one drawn before there is any discards the whole example."""


class Machine(RuleBasedStateMachine):
    """Drives both stores through the use cases, with one clock and the same ids and tokens."""

    store: ClassVar = "sqlite"
    rehearses: ClassVar = False

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.ids = FakeClock(), SequentialIds()
        self.remembered: set[str] = set()
        self.folder = Path(tempfile.mkdtemp(prefix="errands-agreement-"))
        self.both = Agreement(open_sides(self.store, self.clock, self.folder), self.rehearses)

    def teardown(self) -> None:
        self.both.check_closely()
        self.both.check_whole_log()
        for side in self.both.sides:
            side.store.close_sync()
        shutil.rmtree(self.folder)

    jobs: Bundle[JobRef] = Bundle("jobs")
    runs: Bundle[Run] = Bundle("runs")

    @rule(
        target=jobs,
        members=st.lists(
            st.tuples(commands.queues, commands.job_ids, commands.names, commands.options),
            min_size=1,
            max_size=4,
        ),
        remembers=st.booleans(),
    )
    def add(self, members: list[Any], *, remembers: bool) -> MultipleResults[JobRef]:
        """Add jobs, as a program that remembers the queues that it has made known, or does not."""
        news = [self._new(*member) for member in members]
        queues = {new.ref.queue for new in news}
        unregistered = frozenset(queues - self.remembered if remembers else queues)
        self.remembered |= queues
        work = partial(add_jobs, wanted=news, unregistered=unregistered)
        self._do(work)
        return multiple(*(new.ref for new in news))

    @rule(target=runs, limits=commands.limits, busy=st.sets(commands.queues))
    def claim(self, limits: tuple[int, int], busy: set[str]) -> MultipleResults[Run]:
        return self._turn(limits, [], busy)

    @_has_run
    @rule(
        target=runs,
        limits=commands.limits,
        ending=st.lists(
            st.tuples(runs, commands.outcomes), min_size=1, max_size=2, unique_by=lambda e: e[0]
        ),
        busy=st.sets(commands.queues),
    )
    def turn(
        self, limits: tuple[int, int], ending: list[tuple[Run, Outcome]], busy: set[str]
    ) -> MultipleResults[Run]:
        return self._turn(limits, ending, busy)

    def _turn(
        self, limits: tuple[int, int], ending: list[tuple[Run, Outcome]], busy: set[str]
    ) -> MultipleResults[Run]:
        claims = tuple(
            Claim(queue, limit, "worker-1", self.ids.token(), LEASE)
            for queue, limit in zip(QUEUES, limits, strict=True)
        )
        worked = dict.fromkeys(busy, self.clock())
        answers = self.both.do(lambda side: self._turning(side, ending, claims, worked))
        return self._remember(answers)

    @_has_run
    @rule(ending=st.lists(st.tuples(runs, commands.outcomes), min_size=1, max_size=3))
    def settle_some_twice(self, ending: list[tuple[Run, Outcome]]) -> None:
        for _ in range(2):
            self.both.do(lambda side: self._turning(side, ending, (), {}))

    @rule(run=runs, outcome=commands.outcomes)
    def settle(self, run: Run, outcome: Outcome) -> None:
        self.both.do(
            lambda side: partial(settle, settlements=[Settlement(side.runs[run], run[1], outcome)])
        )

    @_has_run
    @rule(runs=st.lists(runs, min_size=1, max_size=3))
    def renew(self, runs: list[Run]) -> None:
        self.both.do(
            lambda side: partial(report.renew, held=list(map(side.held, runs)), lease=LEASE)
        )

    @rule(run=runs, value=commands.json_values, line=commands.texts, keep=st.integers(0, 2))
    def report_from_a_run(self, run: Run, value: object, line: str, keep: int) -> None:
        def work(side: Side) -> Any:
            held = side.held(run)
            progress = [report.ProgressReport(run[0], held, repr(value), value)]
            lines = [report.LogReport(run[0], NewLine(held, line, keep))] * 2
            return partial(report.record, progress=progress, lines=lines)

        self.both.do(work, closely=True)

    @rule(run=runs, state=commands.texts)
    def save_state(self, run: Run, state: str) -> None:
        self.both.do(
            lambda side: partial(report.save_state, ref=run[0], held=side.held(run), state=state)
        )

    @rule(ref=jobs, reason=commands.texts)
    def cancel(self, ref: JobRef, reason: str) -> None:
        self._do(partial(manage.change, ref=ref, decide=manage.CancelJob(reason)))

    @rule(ref=jobs, reset=st.booleans())
    def retry(self, ref: JobRef, *, reset: bool) -> None:
        self._do(partial(manage.change, ref=ref, decide=manage.Retry(reset)))

    @rule(ref=jobs)
    def promote(self, ref: JobRef) -> None:
        self._do(partial(manage.change, ref=ref, decide=manage.Promote()))

    @rule(ref=jobs, delay=commands.spans)
    def change_delay(self, ref: JobRef, delay: timedelta) -> None:
        self._do(partial(manage.change, ref=ref, decide=manage.ChangeDelay(delay)))

    @rule(ref=jobs, priority=commands.priorities, lifo=st.booleans())
    def change_priority(self, ref: JobRef, priority: int, *, lifo: bool) -> None:
        self._do(partial(manage.change, ref=ref, decide=manage.ChangePriority(priority, lifo)))

    @rule(ref=jobs, data=commands.texts)
    def update_data(self, ref: JobRef, data: str) -> None:
        self._do(partial(manage.update_data, ref=ref, data=data))

    @rule(ref=jobs, force=st.booleans())
    def remove(self, ref: JobRef, *, force: bool) -> None:
        self._do(partial(manage.remove_job, ref=ref, force=force))

    @rule(ref=jobs, keep=st.integers(0, 2))
    def clear_logs(self, ref: JobRef, keep: int) -> None:
        self._do(partial(manage.clear_logs, ref=ref, keep=keep), closely=True)

    @rule(queue=commands.queues, verb=st.sampled_from([administer.pause, administer.resume]))
    def pause_or_resume(self, queue: str, verb: Any) -> None:
        self._do(partial(verb, name=queue))

    @rule(by=commands.spans | st.just(timedelta(days=8)))
    def let_time_pass(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.both.check()

    @rule()
    def sweep(self) -> None:
        for work in (maintain.promote_due, maintain.expire_leases, maintain.lapse, maintain.purge):
            self._do(work)

    @rule(longest=commands.spans)
    def sweep_watchfully(self, longest: timedelta) -> None:
        self._do(partial(maintain.expire_watched, longest=longest))
        self._do(maintain.try_renewing)

    @rule(by=st.sampled_from([timedelta(seconds=6), timedelta(hours=1)]))
    def set_the_clock_back(self, by: timedelta) -> None:
        self.clock.jump(-by)
        self.both.check()

    @rule(
        work=st.sampled_from(
            [
                *(partial(maintain.trim, queue=queue) for queue in QUEUES),
                partial(maintain.prune_events, keep=timedelta(minutes=1)),
            ]
        )
    )
    def keep_bounds(self, work: Any) -> None:
        self._do(work)

    @rule(queue=commands.queues, delayed=st.booleans())
    def drain(self, queue: str, *, delayed: bool) -> None:
        self.both.do_transactions(lambda: bulk.drain(queue, delayed=delayed))

    @rule(
        queue=commands.queues,
        grace=commands.spans,
        limit=st.none() | st.integers(0, 2),
        status=commands.statuses,
    )
    def clean(self, queue: str, grace: timedelta, limit: int | None, status: JobStatus) -> None:
        self.both.do_transactions(lambda: bulk.clean(queue, grace, limit=limit, status=status))

    @rule(queue=commands.queues, force=st.booleans())
    def obliterate(self, queue: str, *, force: bool) -> None:
        self.both.do_transactions(lambda: bulk.obliterate(queue, force=force))

    @rule(
        queue=commands.queues,
        before=st.none() | commands.moments,
        limit=st.none() | st.integers(0, 2),
        reset=st.booleans(),
    )
    def retry_many(self, queue: str, before: Any, limit: int | None, *, reset: bool) -> None:
        self.both.do_transactions(
            lambda: bulk.retry_many(
                queue,
                status=["failed", "cancelled"],
                before=before,
                limit=limit,
                reset_attempts=reset,
            )
        )

    @rule(queue=commands.queues, limit=st.none() | st.integers(0, 2))
    def promote_many(self, queue: str, limit: int | None) -> None:
        self.both.do_transactions(lambda: bulk.promote_many(queue, limit=limit))

    @rule(query=commands.queries, limit=st.integers(1, 3))
    def list_all_pages(self, query: JobQuery, limit: int) -> None:
        pages = [
            side.store.read_sync(partial(_pages, query=query, limit=limit))
            for side in self.both.sides
        ]
        assert pages[0] == pages[1]

    @rule(job_id=commands.job_ids.filter(bool))
    def resolve_a_bare_id(self, job_id: str) -> None:
        self._do(partial(read.resolve, job_id=job_id))

    def _do(self, work: Any, *, closely: bool = False) -> None:
        def command(_: Side) -> Any:
            return work

        self.both.do(command, closely=closely)

    def _new(self, queue: str, job_id: str | None, name: str, options: dict[str, Any]) -> NewJob:
        own = {} if job_id is None else {"job_id": job_id}
        ref = JobRef(queue, self.ids.job_id() if job_id is None else job_id)
        checked = JobOptions.of({**options, **own})
        return NewJob(ref, name, '{"to":"ü"}', checked, job_id is not None)

    def _turning(
        self,
        side: Side,
        ending: list[tuple[Run, Outcome]],
        claims: tuple[Claim, ...],
        worked: dict[str, datetime],
    ) -> Any:
        settlements = tuple(Settlement(side.runs[run], run[1], outcome) for run, outcome in ending)
        reports = tuple(
            report.ProgressReport(run[0], side.held(run), "1", 1) for run, _ in ending[1:]
        )
        turn = WorkerCycle(settlements, reports, claims, free=4, worked=worked)
        return partial(run_cycle, cycle=turn)

    def _remember(self, answers: tuple[CycleResult, CycleResult]) -> MultipleResults[Run]:
        for side, result in zip(self.both.sides, answers, strict=True):
            for job in result.claimed:
                side.runs[job.ref, job.token or ""] = job
            for settlement in result.stale:
                side.runs[settlement.job.ref, settlement.token] = settlement.job
        return multiple(*((job.ref, job.token or "") for job in answers[0].claimed))


class MachineThatRehearses(Machine):
    """Every unit is broken off and rolled back without a trace, and then run again."""

    rehearses: ClassVar = True


def _pages(uow: UnitOfWork, query: JobQuery, limit: int) -> list[list[JobRef]]:
    pages: list[list[JobRef]] = []
    after = None
    while True:
        page = uow.catalog.page(query, after=after, limit=limit)
        pages.append([job.ref for job in page.jobs])
        after = page.next
        if after is None:
            return pages


_patient = [pytest.mark.slow, pytest.mark.timeout(900)]


def _test_of(machine: type[Machine], store: str) -> type[TestCase]:
    """The machine on a store, to be left out where that is not there."""

    class OnStore(machine):  # type: ignore[misc, valid-type]
        pass

    OnStore.store = store
    test: type[TestCase] = OnStore.TestCase
    if store != "sqlite":
        # A command costs a server ten times as much: a quarter of the examples, unless told.
        share = settings().max_examples // int(os.environ.get("ERRANDS_AGREEMENT_SHARE", "4"))
        test.settings = settings(max_examples=max(1, share))  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    is_missing = store not in stores.chosen()
    missing = pytest.mark.skipif(is_missing, reason=f"left out: no {store}")
    test.pytestmark = [*_patient, missing]  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    return test


TestAgreementWithSqlite = _test_of(Machine, "sqlite")
TestAgreementWithSqliteWhenUnitsRunTwice = _test_of(MachineThatRehearses, "sqlite")
TestAgreementWithPostgresql = _test_of(Machine, "postgresql")
TestAgreementWithPostgresqlWhenUnitsRunTwice = _test_of(MachineThatRehearses, "postgresql")
TestAgreementWithMariadb = _test_of(Machine, "mariadb")
TestAgreementWithMariadbWhenUnitsRunTwice = _test_of(MachineThatRehearses, "mariadb")
