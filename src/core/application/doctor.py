"""The doctor: holds every stored row to the rules, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import attrs

from ..domain.job.flaw import Flaw, Severity
from ..domain.job.history import contradictions
from ..domain.job.identity import JobRef
from ..domain.job.job import Job
from ..domain.job.soundness import flaws_of
from ..ports.archive import CopyStage
from ..ports.database import Database
from ..ports.inspection import FoundJob
from ..ports.lease_repository import Held
from ..ports.store import Store
from ..ports.unit_of_work import UnitOfWork

PAGE: Final = 500
"""Jobs read in one snapshot."""
MOST_OF_A_KIND: Final = 1_000
"""Findings of one rule about the whole database, at most."""


@attrs.frozen
class Finding:
    """One thing that is wrong, and with which job; None where it is the database itself.

    Nothing is wrong where it is a note.
    """

    rule: str
    severity: Severity
    sentence: str
    ref: JobRef | None = None


@attrs.frozen
class Checked:
    """One step of an examination: how many jobs it looked at, and what it found."""

    jobs: int
    findings: tuple[Finding, ...]


class Doctor:
    """Finds lost, stuck, doubled and impossible rows.

    Each batch is one snapshot, in which a job, its events and the counters agree; workers
    may go on meanwhile.
    """

    def __init__(self, *, store: Store, database: Database) -> None:
        self._store = store
        self._database = database

    def examine(self, *, thorough: bool = True) -> Iterator[Checked]:
        """Look at everything once: the file, the schema, then the jobs in batches.

        Not `thorough` spares the file the check of its indexes against its tables.
        """
        yield Checked(0, tuple(self._check_database(thorough=thorough)))
        # The first look of a process takes all that is missing for passed over; the next one
        # only what somebody may still bring.
        self._store.read_sync(lambda uow: uow.events.last_id())
        yield Checked(0, self._store.read_sync(_check_whole))
        after = 0
        while True:
            checked, last = self._store.read_sync(partial(_check_batch, after=after))
            yield checked
            if last is None:
                return
            after = last

    def _check_database(self, *, thorough: bool) -> Iterator[Finding]:
        for sentence in self._database.damage(thorough=thorough):
            yield Finding("damaged_file", Severity.ERROR, sentence)
        for part in self._database.missing_parts():
            yield Finding("missing_part", Severity.ERROR, f"the schema has no {part}")


def _check_whole(uow: UnitOfWork) -> tuple[Finding, ...]:
    look = uow.inspection
    return (
        *(
            Finding("doubled_id", Severity.ERROR, "this id is there more than once", ref)
            for ref in look.doubled(MOST_OF_A_KIND)
        ),
        *(
            Finding("orphaned_log", Severity.ERROR, f"there are log lines of no job (key {key})")
            for key in look.orphaned_logs(MOST_OF_A_KIND)
        ),
        *(
            Finding("unknown_event", Severity.ERROR, f"event {id_} has the unknown type {kind!r}")
            for id_, kind in look.unknown_events(MOST_OF_A_KIND)
        ),
        *_check_copy(uow),
        *_check_kept_leases(uow),
        *_check_late_events(uow),
    )


def _check_copy(uow: UnitOfWork) -> Iterator[Finding]:
    state = uow.archive.copy_state()
    if state is not None and state.stage is not CopyStage.FINISHED:
        sentence = "a copy into this database was begun and never finished: much may be missing"
        yield Finding("unfinished_copy", Severity.ERROR, sentence)


def _check_kept_leases(uow: UnitOfWork) -> Iterator[Finding]:
    """Leases that were prolonged beside their jobs, which somebody had locked."""
    for name in uow.inspection.unreadable_leases():
        sentence = f"the row {name!r} of the table of settings is no lease: remove it"
        yield Finding("unreadable_lease", Severity.ERROR, sentence)
    over = sum(until <= uow.now for until in uow.inspection.kept_leases().values())
    if over:
        sentence = (
            f"rows of {over} leases that were prolonged while somebody had locked their jobs are "
            "over: they mean nothing, and the next such lease removes them"
        )
        yield Finding("lease_left_over", Severity.NOTE, sentence)


def _check_late_events(uow: UnitOfWork) -> Iterator[Finding]:
    runs = uow.events.passed_over(0, uow.events.last_id())
    if runs:
        sentence = (
            f"up to {sum(map(len, runs))} events from {runs[0].first} to {runs[-1].last} may come "
            "late: a transaction that has written events is open, for more than a minute if they "
            "are its own; if not, they were rolled back"
        )
        yield Finding("late_events", Severity.NOTE, sentence)


def _check_batch(uow: UnitOfWork, after: int) -> tuple[Checked, int | None]:
    """Check the jobs behind a key; the last key if there may be more."""
    found = uow.inspection.jobs(after, PAGE)
    if not found:
        return Checked(0, ()), None
    last_sequence = uow.jobs.last_sequence()
    histories = uow.inspection.histories(found[0].key, found[-1].key)
    kept = uow.inspection.kept_leases()
    findings: list[Finding] = []
    for one in found:
        findings += _about(one, one.flaws)
        if one.job is not None:
            _prolong(one.job, kept)
            findings += _about(one, flaws_of(one.job, uow.now, last_sequence))
            findings += _about(one, contradictions(one.job, histories.get(one.ref, ())))
    return Checked(len(found), tuple(findings)), found[-1].key if len(found) == PAGE else None


def _prolong(job: Job, kept: Mapping[Held, datetime]) -> None:
    """Let it have its lease as it holds, wherever that is written."""
    until = kept.get(Held(job.key, job.token or ""))
    if until is not None and job.lease is not None:
        job.lease = job.lease.prolonged(until)


def _about(one: FoundJob, flaws: Iterable[Flaw]) -> Iterator[Finding]:
    for flaw in flaws:
        yield Finding(flaw.rule, flaw.severity, flaw.sentence, one.ref)
