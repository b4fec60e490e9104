"""What the database says about the demo, when it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from .... import EventType, JobStatus
from ....core.application.snapshot import JobSnapshot
from ....infrastructure.di.operator import Operator
from .jobs import QUEUE

PAGE: Final = 1_000
ENDS: Final = frozenset({EventType.COMPLETED, EventType.EXHAUSTED, EventType.CANCELLED})
SETTLED: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED})


@attrs.frozen
class Verdict:
    """All jobs, the events told of them by type, and every doubt whether each was settled once."""

    jobs: tuple[JobSnapshot, ...]
    events: Counter[EventType]
    doubts: tuple[str, ...]

    @property
    def completed(self) -> list[JobSnapshot]:
        """The files that were analysed."""
        return [job for job in self.jobs if job.status is JobStatus.COMPLETED]

    @property
    def failed(self) -> list[JobSnapshot]:
        """The files that could not be."""
        return [job for job in self.jobs if job.status is JobStatus.FAILED]

    @property
    def retries(self) -> int:
        """Failed attempts that were followed by another."""
        return self.events[EventType.FAILED] - self.events[EventType.EXHAUSTED]


def judge(operator: Operator, names: Sequence[str]) -> Verdict:
    """Hold the database to the files that were given: rows, event log and doctor."""
    with operator.open() as app:
        jobs: list[JobSnapshot] = []
        page = app.jobs(queue=QUEUE, limit=PAGE)
        jobs += page.jobs
        while page.next is not None:
            page = app.jobs(queue=QUEUE, limit=PAGE, after=page.next)
            jobs += page.jobs
        events = list(app.queue(QUEUE).events(after=0, follow=False))
    ends = Counter(event.job_id for event in events if event.type in ENDS)
    found = [finding for step in operator.examine() for finding in step.findings]
    doubts = [
        *_doubts_about_jobs(jobs, names),
        *_doubts_about_ends(ends, names),
        *(f"doctor: {one.ref or 'database'}: {one.sentence}" for one in found),
    ]
    return Verdict(tuple(jobs), Counter(event.type for event in events), tuple(doubts))


def _doubts_about_jobs(jobs: Sequence[JobSnapshot], names: Sequence[str]) -> Iterable[str]:
    there = {job.id for job in jobs}
    yield from (f"{name} has no job" for name in sorted(set(names) - there))
    yield from (f"nobody asked for {name}" for name in sorted(there - set(names)))
    yield from (f"{job.id} is {job.status}" for job in jobs if job.status not in SETTLED)


def _doubts_about_ends(ends: Counter[str | None], names: Sequence[str]) -> Iterable[str]:
    for name in names:
        if ends[name] != 1:
            yield f"{name} was settled {ends[name]} times by the event log"
