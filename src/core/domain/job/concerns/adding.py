"""How a job begins."""

from __future__ import annotations

from typing import Self

from ...events import Event, EventType
from ..identity import JobRef
from ..moment import Moment
from ..options import JobOptions
from ..status import JobStatus
from .life import JobLife


class Adding(JobLife):
    """A new job, and the place that the store draws for it."""

    __slots__ = ()

    @classmethod
    def add(
        cls, *, ref: JobRef, name: str, data: str, options: JobOptions, moment: Moment
    ) -> tuple[Self, tuple[Event, ...]]:
        """A new job, waiting or delayed, and the events of its birth."""
        run_at = options.due_at(moment.now)
        is_delayed = run_at is not None and run_at > moment.now
        job = cls(
            queue=ref.queue,
            id=ref.id,
            name=name,
            data=data,
            created_at=moment.now,
            key=0,
            sequence=-1 if options.lifo else 1,
            status=JobStatus.DELAYED if is_delayed else JobStatus.WAITING,
            run_at=run_at if is_delayed else None,
            priority=options.priority,
            policy=options.policy,
            labels=options.labels,
            lapses_at=options.lapses_at(moment.now),
        )
        added = job._event(EventType.ADDED, moment.now, {"name": name})
        return job, (added, job._delayed(moment.now)) if is_delayed else (added,)

    def number(self, drawn: int) -> None:
        """Take the place that the store has drawn for a new job as it wrote it.

        Until then the key is 0, and the sequence the factor that this multiplies.
        """
        self.key = drawn
        self.sequence *= drawn
